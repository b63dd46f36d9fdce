import type { Decision, Step } from './decision.ts';
import type { RequestState } from './request.ts';
import type { Instant } from './time.ts';

/** What is weighed when the holder says that the work is done. */
export type CompletionFacts = {
  readonly now: Instant;
  readonly by: string;
  readonly requester: string;
  readonly statementVerified: boolean;
  readonly state: RequestState;
  readonly grantNotAfter: Instant;
};

/** Yes: the grant is completed. */
export type CompletionDecision = Decision<Step>;
