import type { AccessRequest } from '@gatehouse/terms';
import { hashOf, type JsonValue, parseSignedStatement, type Statement, statementHash } from '@gatehouse/verifier';
import { type CheckedDraft, compare, differs, opened, type Signing, signerMembers } from './draft.ts';
import { CliFailure } from './failure.ts';
import { repeatedFrom } from './matter.ts';
import { type Fields, listOf } from './reading.ts';

/** One of the acts on a request. */
export type Act = 'approve' | 'deny' | 'withdraw' | 'revoke' | 'complete';

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

/** What is the signer's own in each document; the nonce and the root are replaced before it is signed. */
function ownMembers({ nonce, rootSeen, directoryPosition }: Statement) {
  return { nonce, rootSeen, directoryPosition };
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
