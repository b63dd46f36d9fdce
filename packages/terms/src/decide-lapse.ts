import type { Decision, Step } from './decision.ts';
import type { RequestState } from './request.ts';
import type { Instant } from './time.ts';

/** What is weighed when the question is whether time has ended a request. */
export type LapseFacts = {
  readonly now: Instant;
  readonly state: RequestState;
  readonly raisedAt: Instant;
  readonly managerApprovedAt: Instant | null;
  /** When the customer's approvers were notified. */
  readonly notifiedAt: Instant | null;
  readonly customerWindowMs: number;
  /** When the last approval that was needed came. */
  readonly approvedAt: Instant | null;
  readonly notBefore: Instant;
  /** The outer end that the request signed. */
  readonly notAfter: Instant;
  /** The end of the running grant; null before the first use. */
  readonly grantNotAfter: Instant | null;
};

/** Yes: the deadline `at` has passed and the request goes to `next`. No: it has not, or the request is over. */
export type LapseDecision = Decision<Step & { readonly at: Instant }>;
