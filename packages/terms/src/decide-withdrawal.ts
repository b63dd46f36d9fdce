import type { Decision, Step } from './decision.ts';
import { refuse } from './refusal.ts';
import type { RequestState } from './request.ts';
import { flag, record, text, type Shape } from './shape.ts';
import type { Instant } from './time.ts';
import { isInUse, isOver } from './transitions.ts';
import { at, state } from './vocabulary-shape.ts';

/** What is weighed when somebody takes a request back. */
export type WithdrawalFacts = {
  readonly now: Instant;
  readonly by: string;
  readonly requester: string;
  readonly statementVerified: boolean;
  readonly state: RequestState;
};

/** Yes: the request is withdrawn. */
export type WithdrawalDecision = Decision<Step>;

/** The form of the facts. */
export const withdrawalFacts: Shape<WithdrawalFacts> = record<WithdrawalFacts>({
  now: at,
  by: text,
  requester: text,
  statementVerified: flag,
  state,
});

/** Decides whether a request may be taken back: by the requester alone, and before its first use. Afterwards there is completion. */
export function decideWithdrawal(facts: WithdrawalFacts): WithdrawalDecision {
  const fault = withdrawalFacts(facts, 'facts');
  if (fault !== null) return refuse('facts_malformed', fault);
  if (!facts.statementVerified) return refuse('statement_not_verified');
  if (facts.by !== facts.requester) return refuse('not_the_requester', facts.by, facts.requester);
  if (isInUse(facts.state)) return refuse('already_in_use', facts.state);
  if (isOver(facts.state)) return refuse('state_not_open', facts.state, 'a state before the first use');
  return { permit: true, event: 'withdrawn', next: 'withdrawn' };
}
