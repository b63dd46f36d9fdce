import type { Instant, RoleSpan, SubscriptionState, TenantTerms } from '@gatehouse/terms';
import type { SignedStatement } from '@gatehouse/verifier';

/** What a customer chooses: the terms' own fields and whether the published commitments bind its service (promise S4). */
export type TenantPolicy = Omit<TenantTerms, 'tenant' | 'subscription'> & { readonly serviceInScope: boolean };

/** The policy document: JSON only. Its JCS form is what `policyHash` covers, what is logged and what statements name. */
export type PolicyDocument = TenantPolicy & { readonly v: 1; readonly tenant: string; readonly version: number };

/** A customer as recorded. `logId` is random and says nothing about the customer. */
export type Tenant = {
  readonly id: string;
  readonly logId: string;
  readonly openedAt: Instant;
  readonly subscription: SubscriptionState;
  readonly policy: PolicyDocument;
  /** Base64 SHA-256 of the JCS form of `policy`. */
  readonly policyHash: string;
  /** The same facts in the terms' own form. */
  readonly terms: TenantTerms;
};

/** What a customer's user may do for its tenant. */
export const customerRoles = ['admin', 'approver'] as const;

/** One of `customerRoles`. */
export type CustomerRole = (typeof customerRoles)[number];

/** A user of the customer at one time. */
export type CustomerUser = {
  readonly tenant: string;
  readonly person: string;
  readonly name: string;
  /** The roles held at the time asked about. */
  readonly roles: readonly CustomerRole[];
  /** When each role was held, up to the time asked about; spans of one role do not touch (INV-34). */
  readonly held: readonly (RoleSpan & { readonly role: CustomerRole })[];
};

/** Who acts on a tenant. `setup` is the first start and the adoption of a source, and is logged as such. */
export type TenantActor =
  | { readonly kind: 'setup' }
  | { readonly kind: 'personnel'; readonly person: string }
  | { readonly kind: 'customer_user'; readonly tenant: string; readonly person: string };

/** Why a command on a tenant was refused: a stable code, and a sentence for the caller. */
export type TenantRefusal = {
  readonly code:
    | 'TENANT_UNKNOWN'
    | 'TENANT_EXISTS'
    | 'TENANT_INVALID'
    | 'TENANT_POLICY_INVALID'
    | 'TENANT_POLICY_UNCHANGED'
    | 'TENANT_CHANGED_MEANWHILE'
    | 'TENANT_ACTOR_NOT_PERMITTED'
    | 'TENANT_STATEMENT_MISSING'
    | 'TENANT_STATEMENT_REJECTED'
    | 'TENANT_PERSON_INVALID'
    | 'TENANT_PERSON_UNKNOWN'
    | 'TENANT_PERSON_EXISTS';
  readonly message: string;
};

/** The outcome of a command on a tenant; `seq` is its entry in the tenant's log. */
export type TenantResult<T> =
  | { readonly ok: true; readonly value: T; readonly seq: number }
  | { readonly ok: false; readonly refusal: TenantRefusal };

/** Which policy a customer with approval on had last, as known outside the database. */
export type PolicyPin = { readonly version: number; readonly hash: string };

/**
 * What is known about a customer outside the database: its keys, and its last policy. Given by whoever keeps the key
 * directories, so that this module needs no door of theirs.
 */
export interface CustomerTrust {
  /** Checks a signature by a key that holds `role` in the tenant's pinned key directory now. */
  verifyCustomer(check: {
    readonly tenant: string;
    readonly role: CustomerRole;
    readonly signed: SignedStatement;
  }): Promise<{ readonly ok: true; readonly person: string } | { readonly ok: false; readonly message: string }>;
  policyPin(tenant: string): Promise<PolicyPin | null>;
  /** Durable when it resolves. */
  pinPolicy(tenant: string, pin: PolicyPin): Promise<void>;
}

/** A fault of the tenants: the caller gets no tenant, hence no access. No secrets in `message` or `detail`. */
export class TenantError extends Error {
  override readonly name = 'TenantError';
  readonly code: 'TENANT_KEY_IMPOSSIBLE' | 'TENANT_POLICY_NOT_PINNED';
  readonly detail: string;

  constructor(code: TenantError['code'], message: string, detail = '') {
    super(message);
    this.code = code;
    this.detail = detail;
  }
}
