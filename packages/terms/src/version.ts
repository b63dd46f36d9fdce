import type { ActivationDecision, ActivationFacts } from './decide-activation.ts';
import type { CompletionDecision, CompletionFacts } from './decide-completion.ts';
import type { CustomerDecision, CustomerFacts } from './decide-customer.ts';
import type { ExtensionDecision, ExtensionFacts } from './decide-extension.ts';
import type { IntentDecision, IntentFacts } from './decide-intent.ts';
import type { LapseDecision, LapseFacts } from './decide-lapse.ts';
import type { ManagerDecision, ManagerFacts } from './decide-manager.ts';
import type { OwnAccessDecision, OwnAccessFacts } from './decide-own-access.ts';
import type { RequestDecision, RequestFacts } from './decide-request.ts';
import type { RevocationDecision, RevocationFacts } from './decide-revocation.ts';
import type { StandingApprovalDecision, StandingApprovalFacts } from './decide-standing-approval.ts';
import type { WithdrawalDecision, WithdrawalFacts } from './decide-withdrawal.ts';

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
