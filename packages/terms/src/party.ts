import type { Instant } from './time.ts';

/**
 * Everybody who can touch customer data, by kind (DOMAIN section 1). `government` is listed so that it can be refused:
 * it never signs in, never requests and never holds a grant (promise S28).
 */
export const partyKinds = [
  'customer_user',
  'operator_staff',
  'subcontractor_staff',
  'support_contractor',
  'auditor',
  'legal_officer',
  'dc_staff',
  'service',
  'government',
] as const;

/** One of `partyKinds`. */
export type PartyKind = (typeof partyKinds)[number];

/** The kinds that may ask for access to production data. A customer's people need no request; the others have their own doors. */
export const requestingKinds = [
  'operator_staff',
  'subcontractor_staff',
  'auditor',
  'service',
] as const satisfies readonly PartyKind[];

/** Who acts. `employer` and `country` are shown to the customer with every access (INV-48). */
export type Party = {
  readonly id: string;
  readonly kind: PartyKind;
  /** Legal name of the employer; for a customer's user, the customer. */
  readonly employer: string;
  /** ISO 3166-1 alpha-2, upper case: where the person works from now. */
  readonly country: string;
  /** The tenant whose own person this is; null for everybody who is not a customer's user. */
  readonly tenant: string | null;
};

/** Where a supplier stands in the assurance programme; `not_a_supplier` is the operator's own staff (promise S22). */
export const supplierStates = ['not_a_supplier', 'green', 'renewal_due', 'red', 'onboarding', 'terminated'] as const;

/** One of `supplierStates`. */
export type SupplierState = (typeof supplierStates)[number];

/** What a role makes possible to *ask for*. Eligibility alone opens nothing (INV-30). */
export type Eligibility = {
  /** A purpose code, or a family such as `troubleshoot.*`. */
  readonly purpose: string;
  readonly modes: readonly ('read' | 'write')[];
  readonly maxDurationMs: number;
  /** When the role ends; at exactly this instant it has ended. */
  readonly until: Instant;
};

/** A party and what must hold of it on every use, not only when it asks (INV-38, 39, 84, 90, 94). */
export type Standing = {
  readonly party: Party;
  readonly employed: boolean;
  /** True while a security officer's lock is on the person. */
  readonly locked: boolean;
  readonly confidentialitySignedAt: Instant | null;
  /** At exactly this instant the privacy training has lapsed; null if never trained. */
  readonly trainingValidUntil: Instant | null;
  readonly supplier: SupplierState;
  /** At exactly this instant the supplier's programme year has run out; null for the operator's own staff. */
  readonly supplierValidUntil: Instant | null;
  readonly eligibilities: readonly Eligibility[];
};

/** Holds if `value` names a kind of party. */
export function isPartyKind(value: unknown): value is PartyKind {
  return partyKinds.some((kind) => kind === value);
}

/** Holds if a party of this kind may ask for access to production data at all. */
export function mayRequest(kind: PartyKind): boolean {
  return requestingKinds.some((requesting) => requesting === kind);
}
