import {
  type AccessRequest,
  clocks,
  type Instant,
  isInstant,
  limits,
  type Mode,
  outerNotAfter,
  parseInstant,
  type Scope,
} from '@gatehouse/terms';
import { hashOf, type JsonValue, type Statement } from '@gatehouse/verifier';
import { type CheckedDraft, compare, differs, opened, type Signing, signerMembers } from './draft.ts';
import { repeatedFrom } from './matter.ts';
import { fieldsOf, textOf } from './reading.ts';

/** What the person at the terminal asks for, in the members of `POST /api/v1/requests/draft`. */
export type Asked = {
  readonly tenant: string;
  readonly source: string;
  readonly purpose: string;
  readonly reasonCode: string;
  readonly mode: Mode;
  readonly scope: Scope;
  readonly durationMs: number;
  readonly ticket: string;
  readonly justification: string;
  readonly whyNotRunbook: string | null;
  /** `2026-03-02T09:00:00.000Z`; null for at once. */
  readonly notBefore: string | null;
};

/**
 * Checks the server's draft of a request against what was asked, member by member: a lying server gets no signature for
 * another person, tenant, purpose, scope, longer time or bigger budget. What only the server can know (employer, hashes of
 * classification and policy, quorum) is checked in form and shown.
 */
export function checkRequestDraft(draft: unknown, asked: Asked, signing: Signing): CheckedDraft {
  const { matter, document } = opened(draft);
  const { raisedAt, notBefore, notAfter } = matter;
  const budgets = fieldsOf(matter['budgets'], 'budgets');
  const times = { raisedAt: instantOf('raisedAt', raisedAt), notBefore: instantOf('notBefore', notBefore) };
  if (Math.abs(times.raisedAt - signing.now) > clocks.signerSkewMs) {
    throw differs('raisedAt', new Date(times.raisedAt).toISOString(), `about ${new Date(signing.now).toISOString()}`);
  }
  const expected = {
    id: requestId(matter['id']),
    requester: signing.person,
    employer: textOf(matter, 'employer'),
    tenant: asked.tenant,
    source: asked.source,
    purpose: asked.purpose,
    reasonCode: asked.reasonCode,
    mode: asked.mode,
    scope: asked.scope,
    budgets: {
      rows: atMost('budgets.rows', budgets['rows'], limits.rowsMax),
      bytes: atMost('budgets.bytes', budgets['bytes'], limits.bytesMax),
      statements: atMost('budgets.statements', budgets['statements'], limits.statementsMax),
      durationMs: asked.durationMs,
    },
    ticket: asked.ticket,
    justification: asked.justification,
    whyNotRunbook: asked.whyNotRunbook,
    raisedAt: times.raisedAt,
    notBefore: asked.notBefore === null ? times.raisedAt : (parseInstant(asked.notBefore) ?? times.raisedAt),
    notAfter: instantOf('notAfter', notAfter),
  } satisfies AccessRequest;
  const latest = outerNotAfter({
    ...times,
    durationMs: asked.durationMs,
    customerWindowMs: clocks.customerWindowMaxMs,
  });
  if (expected.notAfter > latest || expected.notAfter <= expected.notBefore) {
    throw differs('notAfter', expected.notAfter, `at most ${latest}`);
  }
  compare(matter, expected);
  compare(document, {
    ...document,
    ...repeatedFrom(expected),
    ...signerMembers(signing),
    type: 'access.request',
    decision: 'ask',
    subject: hashOf(expected as unknown as JsonValue),
    termsHash: signing.termsHash,
    requesterKey: signing.keyId,
  });
  required(document);
  return { matter: expected, document };
}

function instantOf(member: string, value: unknown): Instant {
  if (isInstant(value)) return value;
  throw differs(member, value, 'an instant in epoch milliseconds');
}

function atMost(member: string, value: unknown, most: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
  throw differs(member, value, `a whole number of at most ${most}`);
}

function requestId(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9_-]{21}$/.test(value)) return value;
  throw differs('id', value, '22 characters base64url');
}

/** A request always names what it was made under. */
function required({ classificationHash, policyHash, directoryPosition }: Statement): void {
  if (classificationHash === null) throw differs('classificationHash', null, 'the hash of a classification');
  if (policyHash === null) throw differs('policyHash', null, 'the hash of a policy');
  if (directoryPosition === null) throw differs('directoryPosition', null, 'a position of the key directory');
}
