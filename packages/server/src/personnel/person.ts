import type { Eligibility, Instant, Oversight, PartyKind, Standing, SupplierState } from '@gatehouse/terms';

/** What a person of the operator's side does. A role makes it possible to ask or to decide; it is never access (INV-30). */
export const personnelRoles = [
  'engineer',
  'manager',
  'security_officer',
  'legal_officer',
  'supplier_owner',
  'support_agent',
  'auditor',
] as const;

/** One of `personnelRoles`. */
export type PersonnelRole = (typeof personnelRoles)[number];

/** What a person may ask for, and since when without a break: a right given after it was needed is visible. */
export type HeldEligibility = Eligibility & { readonly since: Instant };

/** A person as the operator's records state it at one time. `null` instants mean never signed, never trained, no end. */
export type PersonRecord = {
  /** An e-mail-like key in lower case. */
  readonly id: string;
  readonly name: string;
  readonly kind: PartyKind;
  /** Legal name of the employer, shown to the customer with every access (INV-48). */
  readonly employer: string;
  /** ISO 3166-1 alpha-2 of where the person works from (INV-38). */
  readonly country: string;
  readonly manager: string | null;
  readonly employed: boolean;
  readonly locked: boolean;
  readonly trainingValidUntil: Instant | null;
  readonly confidentialitySignedAt: Instant | null;
  /** At exactly this instant the confidentiality undertaking has ended; `null` for one without an end. */
  readonly confidentialityUntil: Instant | null;
  readonly supplier: SupplierState;
  readonly supplierValidUntil: Instant | null;
  readonly roles: readonly PersonnelRole[];
  readonly eligibilities: readonly HeldEligibility[];
};

/** What a caller states about a new person. Employment begins with it; the record adds since when a right is held. */
export type NewPerson = Omit<PersonRecord, 'employed' | 'locked' | 'eligibilities'> & {
  readonly eligibilities: readonly Eligibility[];
};

/**
 * What changes about a person. A change of manager or employer that states no eligibilities ends all of them: movers
 * lose what they were eligible for until it is stated again (INV-46).
 */
export type PersonChange = Partial<Omit<NewPerson, 'id'> & Pick<PersonRecord, 'employed'>>;

/** A person at one time, as decisions use it: JSON only, so that a log entry can hold it and others decide again. */
export type PersonFacts = {
  readonly person: PersonRecord;
  /** The same in the terms' own form; a confidentiality undertaking that has ended counts as never signed. */
  readonly standing: Standing;
  /** Managers from the direct one upwards, as they were at the time asked about (INV-31). */
  readonly line: readonly string[];
  /** The same, with since when each has stood there without a break. */
  readonly oversight: readonly Oversight[];
  /** Counts this person's records from 1; `recordedSeq` is the entry of the operator's log that holds this one. */
  readonly version: number;
  readonly recordedAt: Instant;
  readonly recordedSeq: number;
};

/** Who orders a change of personnel records. `setup` is the first start only, and is logged as such. */
export type RecordKeeper = { readonly kind: 'setup' } | { readonly kind: 'person'; readonly person: string };

/** Why a change of personnel records was refused: a stable code, and a sentence for the caller. */
export type PersonnelRefusal = {
  readonly code:
    | 'PERSON_EXISTS'
    | 'PERSON_UNKNOWN'
    | 'PERSON_INVALID'
    | 'PERSON_MANAGER_UNKNOWN'
    | 'PERSON_MANAGER_CYCLE'
    | 'PERSON_LOCK_UNCHANGED'
    | 'PERSON_KEEPER_NOT_PERMITTED'
    | 'PERSON_CHANGED_MEANWHILE';
  readonly message: string;
};

/** The outcome of a command on personnel records. */
export type PersonnelResult =
  | { readonly ok: true; readonly facts: PersonFacts }
  | { readonly ok: false; readonly refusal: PersonnelRefusal };
