import { explain, type Refusal } from '@gatehouse/terms';
import type { Finding } from '@gatehouse/verifier';

/** Why a command was refused, as every door shows it: a stable code and one sentence (what was found, expected, to do). */
export type AccessRefusal = {
  readonly code: string;
  readonly message: string;
  /** The status at the HTTP door. */
  readonly status: number;
  /** The SQLSTATE at the PostgreSQL door. */
  readonly sqlstate: string;
};

/** The outcome of a command. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: AccessRefusal };

/** A yes. */
export function done<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** A no of the terms. */
export function refusedByTerms(refusal: Refusal): { ok: false; refusal: AccessRefusal } {
  const { code, sentence, status, sqlstate } = explain(refusal);
  return { ok: false, refusal: { code, message: sentence, status, sqlstate } };
}

/** A signature or document that does not hold. The verifier's own sentence says which check failed. */
export function refusedByVerifier(finding: Finding): { ok: false; refusal: AccessRefusal } {
  return {
    ok: false,
    refusal: {
      code: `statement_${finding.code.toLowerCase()}`,
      message: `${finding.message} Nothing was changed; sign the document that the server drafts, with an enrolled key.`,
      status: 403,
      sqlstate: '28000',
    },
  };
}

const doors = {
  request_unknown: [404, '42704', 'There is no request {0} that you may see. List yours with: gatehouse requests'],
  source_unknown: [404, '3D000', 'There is no source {0}. List them with: gatehouse source list'],
  source_not_ready: [409, '55000', 'The source {0} cannot be opened: {1}'],
  tenant_unknown: [404, '42704', 'There is no tenant {0} that you may ask about.'],
  tenant_not_in_source: [422, '42704', 'The tenant {0} has no data in the source {1}.'],
  matter_changed: [
    422,
    '22023',
    'The member {0} of the signed document differs from what was asked: found {1}, expected {2}. Ask for a new draft and sign that.',
  ],
  draft_stale: [409, '22023', 'The draft was made at {0}; it has to be signed within five minutes. Ask for a new one.'],
  statement_replayed: [
    409,
    '28000',
    'This signed statement was used before, and a statement counts once. Sign a new draft.',
  ],
  act_not_open: [409, '55000', 'The request {0} is {1}; nothing can be {2} now.'],
  not_permitted: [403, '42501', 'You may not do this: {0}'],
  policy_not_pinned: [
    503,
    '58000',
    'The policy of tenant {0} in the database is not the one that was logged and pinned. Nothing opens until an officer has looked.',
  ],
  credential_used: [403, '28P01', 'This one-time token was used before. Mint another with: gatehouse connect {0}'],
  credential_expired: [403, '28P01', 'This one-time token has expired. Mint another with: gatehouse connect {0}'],
} as const;

/** The refusals of this module itself, beside those of the terms. */
export type DoorCode = keyof typeof doors;

/** A no of this module; `details` fill the sentence in order. */
export function refusedAtDoor(code: DoorCode, ...details: readonly string[]): { ok: false; refusal: AccessRefusal } {
  const [status, sqlstate, sentence] = doors[code];
  const message = sentence.replace(/\{(\d)\}/g, (_, index: string) => details[Number(index)] ?? '');
  return { ok: false, refusal: { code, message, status, sqlstate } };
}
