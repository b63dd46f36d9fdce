import { type AccessRequest, formatInstant } from '@gatehouse/terms';
import { hashOf, type JsonValue, type Statement, type StatementType, statementHash } from '@gatehouse/verifier';

/** What every document of one deployment states alike. */
export type Setting = {
  /** Verifier key of the deployment's root log. */
  readonly deployment: string;
  readonly termsHash: string;
};

/** Who is about to sign, and what that person's side has seen. */
export type Signer = {
  readonly keyId: string;
  readonly directoryPosition: number;
  readonly nonce: string;
  readonly rootSeen: Statement['rootSeen'];
};

/** The act on a request or grant, as the outside names it. */
export const acts = ['approve', 'deny', 'withdraw', 'revoke', 'complete'] as const;

/** One of `acts`. */
export type Act = (typeof acts)[number];

/**
 * The document that asks for access. Its subject is the hash of the whole matter, ticket and justification included, so
 * that a signature over it covers every word (DESIGN.md section 3).
 */
export function requestDocument(
  matter: AccessRequest,
  setting: Setting,
  signer: Signer,
  of: { readonly classificationHash: string; readonly policyHash: string; readonly quorum: number | null },
): Statement {
  return {
    type: 'access.request',
    decision: 'ask',
    keyId: signer.keyId,
    deployment: setting.deployment,
    tenant: matter.tenant,
    source: matter.source,
    classificationHash: of.classificationHash,
    subject: hashOf(matter as unknown as JsonValue),
    who: matter.requester,
    employer: matter.employer,
    purpose: matter.purpose,
    reasonCode: matter.reasonCode,
    mode: matter.mode,
    scope: matter.scope as unknown as JsonValue,
    budgets: { ...matter.budgets },
    notBefore: formatInstant(matter.notBefore),
    notAfter: formatInstant(matter.notAfter),
    termsHash: setting.termsHash,
    policyHash: of.policyHash,
    directoryPosition: signer.directoryPosition,
    quorum: of.quorum,
    requesterKey: signer.keyId,
    nonce: signer.nonce,
    rootSeen: signer.rootSeen,
  };
}

/** The document that asks for more time: the request's, with the longer duration and its outer end; nothing else can differ. */
export function extensionDocument(
  request: Statement,
  signer: Signer,
  asked: { readonly durationMs: number; readonly notAfter: string },
): Statement {
  return {
    ...followUp(request, signer, 'access.extension', 'ask'),
    budgets: { ...request.budgets, durationMs: asked.durationMs },
    notAfter: asked.notAfter,
  };
}

/**
 * The document of an act on `asked`, which is the statement of a request or of an extension. It repeats every field of it
 * and names it by its hash, so that it can be used for nothing else.
 */
export function actDocument(asked: Statement, signer: Signer, act: Act, as: 'manager' | 'customer'): Statement {
  return followUp(asked, signer, typeOf(act, as), act);
}

function typeOf(act: Act, as: 'manager' | 'customer'): StatementType {
  switch (act) {
    case 'approve':
    case 'deny':
      return as === 'customer' ? 'access.customer_decision' : 'access.manager_decision';
    case 'withdraw':
      return 'access.withdrawal';
    case 'revoke':
      return 'access.revocation';
    case 'complete':
      return 'access.completion';
  }
}

function followUp(asked: Statement, signer: Signer, type: StatementType, decision: Statement['decision']): Statement {
  return {
    ...asked,
    type,
    decision,
    keyId: signer.keyId,
    subject: statementHash(asked),
    directoryPosition: signer.directoryPosition,
    nonce: signer.nonce,
    rootSeen: signer.rootSeen,
  };
}

/** The first member in which what was signed is not what is expected; null if they agree. The nonce and what the signer had seen are the signer's own. */
export function firstDifference(
  signed: Statement,
  expected: Statement,
): { readonly member: string; readonly found: unknown; readonly expected: unknown } | null {
  for (const [member, value] of Object.entries(expected)) {
    if (member === 'nonce' || member === 'rootSeen' || member === 'directoryPosition') continue;
    const found = (signed as unknown as Record<string, JsonValue>)[member] ?? null;
    if (hashOf(found) !== hashOf(value as JsonValue)) return { member, found, expected: value };
  }
  return null;
}
