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
import {
  canonicalJson,
  hashOf,
  type JsonValue,
  parseSignedStatement,
  parseStatement,
  type Statement,
  statementHash,
} from '@gatehouse/verifier';
import { CliFailure } from './failure.ts';
import { repeatedFrom } from './matter.ts';
import { type Fields, fieldsOf, listOf, textOf } from './reading.ts';

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

/** Whose signature is asked for, and what must be true of every document that gets it. */
export type Signing = {
  readonly person: string;
  readonly keyId: string;
  /** Verifier key of the root log that this person trusts. */
  readonly deployment: string;
  /** Hash of the terms that this program knows. */
  readonly termsHash: string;
  readonly now: number;
};

/** A draft that says what was asked and nothing else. */
export type CheckedDraft = { readonly matter: AccessRequest; readonly document: Statement };

/** One of the acts on a request. */
export type Act = 'approve' | 'deny' | 'withdraw' | 'revoke' | 'complete';

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

/**
 * Checks the draft of an act on request `id`: the matter is that request's, the document decides about its signed statement
 * (or about the extension that waits) and repeats every member of it, and says `act` and nothing else.
 */
export function checkActDraft(
  draft: unknown,
  about: { readonly id: string; readonly act: Act; readonly side: 'manager' | 'customer'; readonly request: Fields },
  signing: Signing,
): CheckedDraft {
  const { matter: fields, document } = opened(draft);
  const { matter, request, statements } = history(fields, about, signing);
  const asked = statements.find((statement) => statementHash(statement) === document.subject);
  if (asked === undefined) throw differs('subject', document.subject, 'the hash of a statement of this request');
  const decides = about.act === 'approve' || about.act === 'deny';
  if (asked.type !== 'access.request' && !(decides && asked.type === 'access.extension')) {
    throw differs('subject', `the hash of a statement of type ${asked.type}`, 'that of the request');
  }
  checkExtension(asked, request);
  compare(document, {
    ...asked,
    ...signerMembers(signing),
    type: typeOf(about.act, about.side),
    decision: about.act,
    subject: statementHash(asked),
    ...ownMembers(document),
  });
  return { matter, document };
}

/** Checks the draft that asks for `addMs` more on request `id`: only the duration and the outer end differ from the request, by no more than was asked. */
export function checkExtensionDraft(
  draft: unknown,
  about: { readonly id: string; readonly addMs: number; readonly request: Fields },
  signing: Signing,
): CheckedDraft {
  const { matter: fields, document } = opened(draft);
  const { matter, request, statements } = history(fields, about, signing);
  const before = statements.filter(({ type }) => type === 'access.request' || type === 'access.extension');
  const durations = before.map(({ budgets }) => budgets?.['durationMs'] ?? 0);
  const ends = before.map(({ notAfter }) => Date.parse(notAfter ?? ''));
  const durationMs = document.budgets?.['durationMs'] ?? 0;
  if (!(durationMs > 0 && durationMs <= Math.max(...durations) + about.addMs)) {
    throw differs('budgets.durationMs', durationMs, `at most ${Math.max(...durations) + about.addMs}`);
  }
  if (!(Date.parse(document.notAfter ?? '') <= Math.max(...ends) + about.addMs)) {
    throw differs('notAfter', document.notAfter, `at most ${new Date(Math.max(...ends) + about.addMs).toISOString()}`);
  }
  compare(document, {
    ...request,
    ...signerMembers(signing),
    type: 'access.extension',
    decision: 'ask',
    subject: statementHash(request),
    requesterKey: signing.keyId,
    budgets: { ...request.budgets, durationMs },
    notAfter: document.notAfter,
    ...ownMembers(document),
  });
  return { matter, document };
}

function opened(draft: unknown): { matter: Fields; document: Statement } {
  const { matter, document } = fieldsOf(draft);
  const parsed = parseStatement(document);
  if (!parsed.ok) throw new CliFailure('draft_malformed', `${parsed.finding.message} Nothing was signed.`);
  return { matter: fieldsOf(matter, 'matter'), document: parsed.value };
}

/** The matter of the request that was named, proved by its signed statement, and the other statements about it. */
function history(
  matter: Fields,
  { id, request: shownRequest }: { readonly id: string; readonly request: Fields },
  { deployment }: Signing,
): { matter: AccessRequest; request: Statement; statements: readonly Statement[] } {
  if (matter['id'] !== id) throw differs('id', matter['id'], id);
  const statements = listOf(shownRequest, 'statements').map(({ signed }) => {
    const parsed = parseSignedStatement(signed);
    if (!parsed.ok) throw new CliFailure('draft_malformed', `${parsed.finding.message} Nothing was signed.`);
    return parsed.value.document;
  });
  const request = statements.find(({ type }) => type === 'access.request');
  if (request === undefined) throw differs('statements', 'no signed request', 'the signed request');
  if (request.deployment !== deployment) throw differs('deployment', request.deployment, deployment);
  const subject = hashOfHostile(matter);
  if (request.subject !== subject) throw differs('subject', request.subject, `${subject}, the hash of the matter`);
  const proved = matter as unknown as AccessRequest;
  compare(request, { ...request, ...repeatedFrom(proved) });
  return { matter: proved, request, statements };
}

/** An extension may move the end and the duration of its request, nothing else. */
function checkExtension(asked: Statement, request: Statement): void {
  if (asked.type !== 'access.extension') return;
  const { notAfter, budgets, keyId, nonce, rootSeen, directoryPosition } = asked;
  compare(asked, {
    ...request,
    type: 'access.extension',
    decision: 'ask',
    subject: statementHash(request),
    budgets: { ...request.budgets, durationMs: budgets?.['durationMs'] ?? 0 },
    requesterKey: asked.requesterKey,
    notAfter,
    keyId,
    nonce,
    rootSeen,
    directoryPosition,
  });
}

function typeOf(act: Act, side: 'manager' | 'customer'): Statement['type'] {
  switch (act) {
    case 'approve':
    case 'deny':
      return side === 'customer' ? 'access.customer_decision' : 'access.manager_decision';
    case 'withdraw':
      return 'access.withdrawal';
    case 'revoke':
      return 'access.revocation';
    case 'complete':
      return 'access.completion';
  }
}

function signerMembers({ keyId, deployment }: Signing): Pick<Statement, 'keyId' | 'deployment'> {
  return { keyId, deployment };
}

/** What is the signer's own in each document; the nonce and the root are replaced before it is signed. */
function ownMembers({ nonce, rootSeen, directoryPosition }: Statement) {
  return { nonce, rootSeen, directoryPosition };
}

/** A request always names what it was made under. */
function required({ classificationHash, policyHash, directoryPosition }: Statement): void {
  if (classificationHash === null) throw differs('classificationHash', null, 'the hash of a classification');
  if (policyHash === null) throw differs('policyHash', null, 'the hash of a policy');
  if (directoryPosition === null) throw differs('directoryPosition', null, 'a position of the key directory');
}

/** Every member of either side is in both and the same. */
function compare(found: object, expected: object): void {
  const [given, wanted] = [found as Fields, expected as Fields];
  for (const member of new Set([...Object.keys(wanted), ...Object.keys(given)])) {
    if (!Object.hasOwn(given, member)) throw differs(member, 'nothing', wanted[member]);
    if (!Object.hasOwn(wanted, member)) throw differs(member, given[member], 'no such member');
    if (!same(given[member], wanted[member])) throw differs(member, given[member], wanted[member]);
  }
}

function same(found: unknown, expected: unknown): boolean {
  try {
    return canonicalJson(found as JsonValue) === canonicalJson(expected as JsonValue);
  } catch {
    // What has no canonical form cannot be what was asked, which has one.
    return false;
  }
}

/** The hash of what a server sent; what has no canonical form has none, and then nothing can have been signed over it. */
function hashOfHostile(value: Fields): string | null {
  try {
    return hashOf(value as JsonValue);
  } catch {
    // Told by the caller: no signed subject is null.
    return null;
  }
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

function differs(member: string, found: unknown, expected: unknown): CliFailure {
  const [said, wanted] = [found, expected].map((value) =>
    (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')).slice(0, 200),
  );
  return new CliFailure(
    'draft_differs',
    `The server drafted another document than you asked for: ${member} is ${said}, expected ${wanted}. Nothing was signed; tell your security officers.`,
  );
}
