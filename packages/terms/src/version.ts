import {
  decideActivation,
  activationFacts,
  type ActivationDecision,
  type ActivationFacts,
} from './decide-activation.ts';
import {
  decideCompletion,
  completionFacts,
  type CompletionDecision,
  type CompletionFacts,
} from './decide-completion.ts';
import { decideCustomer, customerFacts, type CustomerDecision, type CustomerFacts } from './decide-customer.ts';
import { decideExtension, extensionFacts, type ExtensionDecision, type ExtensionFacts } from './decide-extension.ts';
import { decideIntent, intentFacts, type IntentDecision, type IntentFacts } from './decide-intent.ts';
import { decideLapse, lapseFacts, type LapseDecision, type LapseFacts } from './decide-lapse.ts';
import { decideManager, managerFacts, type ManagerDecision, type ManagerFacts } from './decide-manager.ts';
import { decideOwnAccess, ownAccessFacts, type OwnAccessDecision, type OwnAccessFacts } from './decide-own-access.ts';
import { decideRequest, requestFacts, type RequestDecision, type RequestFacts } from './decide-request.ts';
import {
  decideRevocation,
  revocationFacts,
  type RevocationDecision,
  type RevocationFacts,
} from './decide-revocation.ts';
import {
  decideStandingApproval,
  standingApprovalFacts,
  type StandingApprovalDecision,
  type StandingApprovalFacts,
} from './decide-standing-approval.ts';
import {
  decideWithdrawal,
  withdrawalFacts,
  type WithdrawalDecision,
  type WithdrawalFacts,
} from './decide-withdrawal.ts';
import { refuse } from './refusal.ts';
import type { Shape } from './shape.ts';

/** The version of the terms in force, recorded with every decision. */
export const termsVersion = 1;

/** Each kind of decision: the facts it weighs, and what it says. */
export type Decisions = {
  request: { facts: RequestFacts; decision: RequestDecision };
  manager_decision: { facts: ManagerFacts; decision: ManagerDecision };
  customer_decision: { facts: CustomerFacts; decision: CustomerDecision };
  standing_approval: { facts: StandingApprovalFacts; decision: StandingApprovalDecision };
  lapse: { facts: LapseFacts; decision: LapseDecision };
  activation: { facts: ActivationFacts; decision: ActivationDecision };
  intent: { facts: IntentFacts; decision: IntentDecision };
  extension: { facts: ExtensionFacts; decision: ExtensionDecision };
  withdrawal: { facts: WithdrawalFacts; decision: WithdrawalDecision };
  revocation: { facts: RevocationFacts; decision: RevocationDecision };
  completion: { facts: CompletionFacts; decision: CompletionDecision };
  own_access: { facts: OwnAccessFacts; decision: OwnAccessDecision };
};

/** A kind of decision. */
export type DecisionKind = keyof Decisions;

/** What a log entry keeps of a decision (payload member `decided`): enough to decide again. */
export type DecisionRecord<Kind extends DecisionKind = DecisionKind> = {
  [K in Kind]: {
    readonly termsVersion: number;
    readonly kind: K;
    readonly facts: Decisions[K]['facts'];
    readonly decision: Decisions[K]['decision'];
  };
}[Kind];

/** One released version of the terms: its rules by kind. Frozen by golden vectors once released (DESIGN section 1). */
export type Terms = {
  readonly version: number;
  readonly decide: {
    readonly [Kind in DecisionKind]: (facts: Decisions[Kind]['facts']) => Decisions[Kind]['decision'];
  };
  /** The form of each kind's facts, for facts of unknown origin. */
  readonly facts: { readonly [Kind in DecisionKind]: Shape<Decisions[Kind]['facts']> };
};

const version1: Terms = {
  version: 1,
  decide: {
    request: decideRequest,
    manager_decision: decideManager,
    customer_decision: decideCustomer,
    standing_approval: decideStandingApproval,
    lapse: decideLapse,
    activation: decideActivation,
    intent: decideIntent,
    extension: decideExtension,
    withdrawal: decideWithdrawal,
    revocation: decideRevocation,
    completion: decideCompletion,
    own_access: decideOwnAccess,
  },
  facts: {
    request: requestFacts,
    manager_decision: managerFacts,
    customer_decision: customerFacts,
    standing_approval: standingApprovalFacts,
    lapse: lapseFacts,
    activation: activationFacts,
    intent: intentFacts,
    extension: extensionFacts,
    withdrawal: withdrawalFacts,
    revocation: revocationFacts,
    completion: completionFacts,
    own_access: ownAccessFacts,
  },
};

/** Every version ever released. A version is never removed: old log entries are replayed with the rules of their day. */
export const releasedTerms: { readonly [version: number]: Terms } = { 1: version1 };

/** All kinds of decision. */
export const decisionKinds = Object.keys(version1.decide) as readonly DecisionKind[];

/** Holds if `value` is a kind of decision. */
export function isDecisionKind(value: unknown): value is DecisionKind {
  return typeof value === 'string' && Object.hasOwn(version1.decide, value);
}

/** Decides with the terms in force, and keeps what a log entry has to hold so that anyone can decide again. */
export function decide<Kind extends DecisionKind>(kind: Kind, facts: Decisions[Kind]['facts']): DecisionRecord<Kind> {
  const rule: (facts: Decisions[Kind]['facts']) => Decisions[Kind]['decision'] = version1.decide[kind];
  return { termsVersion, kind, facts, decision: rule(facts) } as DecisionRecord<Kind>;
}

/** What deciding again gives. */
export type Redecision =
  | { readonly kind: 'decided'; readonly decision: Decisions[DecisionKind]['decision'] }
  | { readonly kind: 'unknown_version' }
  | { readonly kind: 'malformed'; readonly reason: string };

/**
 * Decides again with the terms of `version`, on facts of unknown origin. Never throws: facts of another form are `malformed`, and
 * a version that this program does not know is `unknown_version`, which is not a difference.
 */
export function redecide(version: unknown, kind: unknown, facts: unknown): Redecision {
  if (typeof version !== 'number' || !Object.hasOwn(releasedTerms, version)) return { kind: 'unknown_version' };
  const terms = releasedTerms[version];
  if (terms === undefined) return { kind: 'unknown_version' };
  if (!isDecisionKind(kind)) return { kind: 'malformed', reason: 'kind is not a kind of decision' };
  const reason = terms.facts[kind](facts, 'facts');
  if (reason !== null) return { kind: 'malformed', reason };
  const rule = terms.decide[kind] as (facts: unknown) => Decisions[DecisionKind]['decision'];
  return { kind: 'decided', decision: rule(facts) };
}

/** What replaying a recorded decision finds. */
export type Replay =
  | { readonly kind: 'same' }
  | { readonly kind: 'differs'; readonly recorded: unknown; readonly decided: Decisions[DecisionKind]['decision'] }
  | { readonly kind: 'unknown_version' }
  | { readonly kind: 'malformed'; readonly reason: string };

/**
 * Replays the `decided` member of a log entry's payload: decides again from its facts and compares. A record whose facts were
 * malformed when it was written says so in its decision, and replays as the same.
 */
export function replayRecord(record: unknown): Replay {
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    return { kind: 'malformed', reason: 'the record is not an object' };
  const { termsVersion: version, kind, facts, decision: recorded } = record as Record<string, unknown>;
  const again = redecide(version, kind, facts);
  if (again.kind === 'unknown_version') return again;
  if (again.kind === 'malformed') {
    const saidSo = isDecisionKind(kind) && sameJson(recorded, refuse('facts_malformed', again.reason));
    return saidSo ? { kind: 'same' } : again;
  }
  return sameJson(recorded, again.decision) ? { kind: 'same' } : { kind: 'differs', recorded, decided: again.decision };
}

function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b;
  const names = Object.keys(b);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    Object.keys(a).length === names.length &&
    names.every(
      (name) =>
        Object.hasOwn(a, name) && sameJson((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
    )
  );
}
