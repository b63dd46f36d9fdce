import {
  type Eligibility,
  formatInstant,
  instant,
  type Instant,
  isInstant,
  isPartyKind,
  type JsonObject,
  purposeOf,
  purposes,
  type Standing,
  supplierStates,
} from '@gatehouse/terms';
import {
  type HeldEligibility,
  type NewPerson,
  type PersonChange,
  type PersonRecord,
  personnelRoles,
} from './person.ts';

const idForm = /^[a-z0-9._+-]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/;
const countryForm = /^[A-Z]{2}$/;
const controlCharacter = /\p{Cc}/u;

/**
 * Every fault of a record as a sentence part, or an empty list. Checked on the whole record, after a change too, because
 * a right part in the wrong whole is a wrong record.
 */
export function faultsOf(record: PersonRecord): readonly string[] {
  const faults: string[] = [];
  const expect = (holds: boolean, sentence: string): void => {
    if (!holds) faults.push(sentence);
  };
  expect(record.id.length <= 254 && idForm.test(record.id), 'id must be an e-mail address in lower case');
  expect(isText(record.name, 200), 'name must have 1 to 200 characters and no control characters');
  expect(isText(record.employer, 200), 'employer must have 1 to 200 characters and no control characters');
  expect(
    isPartyKind(record.kind) && record.kind !== 'customer_user' && record.kind !== 'government',
    'kind must be one of the operator’s side: customers’ users belong to their tenant, and no government ever signs in',
  );
  expect(countryForm.test(record.country), 'country must be two capital letters (ISO 3166-1 alpha-2)');
  expect(record.manager !== record.id, 'manager must be somebody else');
  expect(supplierStates.includes(record.supplier), `supplier must be one of ${supplierStates.join(', ')}`);
  for (const field of [
    'trainingValidUntil',
    'confidentialitySignedAt',
    'confidentialityUntil',
    'supplierValidUntil',
  ] as const) {
    expect(
      record[field] === null || isInstant(record[field]),
      `${field} must be a whole number of milliseconds or null`,
    );
  }
  expect(
    record.roles.every((role) => personnelRoles.includes(role)) && new Set(record.roles).size === record.roles.length,
    `roles must be distinct and among ${personnelRoles.join(', ')}`,
  );
  for (const eligibility of record.eligibilities) {
    expect(
      isKnownPurpose(eligibility.purpose),
      `eligibility for ${JSON.stringify(eligibility.purpose)} must name a permitted purpose or its family`,
    );
    expect(
      eligibility.modes.length > 0 && eligibility.modes.every((mode) => mode === 'read' || mode === 'write'),
      'eligibility modes must be read, write or both',
    );
    expect(
      Number.isInteger(eligibility.maxDurationMs) && eligibility.maxDurationMs > 0,
      'eligibility maxDurationMs must be a whole number above 0',
    );
    expect(isInstant(eligibility.until), 'eligibility until must be a whole number of milliseconds');
  }
  return faults;
}

/** The first record of a person, as it holds from `at`. */
export function firstRecord(person: NewPerson, at: Instant): PersonRecord {
  return {
    ...person,
    employed: true,
    locked: false,
    eligibilities: person.eligibilities.map((asked) => ({ ...asked, since: at })),
  };
}

/** The record that follows `before` from `at` on. An eligibility that goes on unchanged keeps its `since`. */
export function nextRecord(before: PersonRecord, change: PersonChange, at: Instant): PersonRecord {
  const { eligibilities, ...rest } = change;
  const after: PersonRecord = { ...before, ...rest, id: before.id };
  if (after.employed === false) return { ...after, eligibilities: [] };
  if (eligibilities !== undefined)
    return { ...after, eligibilities: eligibilities.map((asked) => held(asked, before, at)) };
  const moved = after.manager !== before.manager || after.employer !== before.employer;
  return moved ? { ...after, eligibilities: [] } : after;
}

/** The record in the form that the terms decide on, as it stands at `at`. */
export function standingOf(record: PersonRecord, at: Instant): Standing {
  const confidential = record.confidentialityUntil === null || at < record.confidentialityUntil;
  return {
    party: { id: record.id, kind: record.kind, employer: record.employer, country: record.country, tenant: null },
    employed: record.employed,
    locked: record.locked,
    confidentialitySignedAt: confidential ? record.confidentialitySignedAt : null,
    trainingValidUntil: record.trainingValidUntil,
    supplier: record.supplier,
    supplierValidUntil: record.supplierValidUntil,
    eligibilities: record.eligibilities.map(({ purpose, modes, maxDurationMs, until }) => ({
      purpose,
      modes,
      maxDurationMs,
      until,
    })),
  };
}

/** The record for an entry's payload, times as LOG-SPEC 1.3 writes them. Since when a right is held follows from the entries. */
export function payloadOf(record: PersonRecord): JsonObject {
  return {
    ...record,
    trainingValidUntil: timeText(record.trainingValidUntil),
    confidentialitySignedAt: timeText(record.confidentialitySignedAt),
    confidentialityUntil: timeText(record.confidentialityUntil),
    supplierValidUntil: timeText(record.supplierValidUntil),
    eligibilities: record.eligibilities.map(({ since: _since, ...right }) => ({
      ...right,
      until: timeText(right.until),
    })),
  };
}

function timeText(at: Instant | null): string | null {
  return at === null ? null : formatInstant(at);
}

/** The same right goes on only if nothing about it is wider: more modes or a longer duration begin anew, and so does what had ended. */
function held(asked: Eligibility, before: PersonRecord, at: Instant): HeldEligibility {
  const earlier = before.eligibilities.find(
    (one) =>
      one.purpose === asked.purpose &&
      asked.modes.every((mode) => one.modes.includes(mode)) &&
      asked.maxDurationMs <= one.maxDurationMs &&
      at < one.until,
  );
  return { ...asked, since: earlier === undefined ? at : instant(earlier.since) };
}

function isText(value: string, most: number): boolean {
  return value.trim() !== '' && value.length <= most && value.isWellFormed() && !controlCharacter.test(value);
}

/** `troubleshoot.*` is a family if some permitted purpose is in it; a forbidden purpose can be nobody's eligibility. */
function isKnownPurpose(pattern: string): boolean {
  if (!pattern.endsWith('.*')) return purposeOf(pattern)?.permitted === true;
  return purposes.some((purpose) => purpose.permitted && `${purpose.parent}.*` === pattern);
}
