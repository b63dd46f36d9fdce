import type { Decision, Step } from './decision.ts';
import type { RequestState } from './request.ts';
import type { Instant } from './time.ts';

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
