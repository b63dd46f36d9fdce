import { clocks } from './clocks.ts';
import type { Decision, Step } from './decision.ts';
import { activationDeadline } from './grant.ts';
import { refuse } from './refusal.ts';
import type { RequestState } from './request.ts';
import { count, orNull, record, type Shape } from './shape.ts';
import { earlier, formatInstant, plus, type Instant } from './time.ts';
import { at, state } from './vocabulary-shape.ts';

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

/** A deadline, and what its passing means. */
export type Deadline = Step & { readonly at: Instant };

/** The form of the facts. */
export const lapseFacts: Shape<LapseFacts> = record<LapseFacts>({
  now: at,
  state,
  raisedAt: at,
  managerApprovedAt: orNull(at),
  notifiedAt: orNull(at),
  customerWindowMs: count,
  approvedAt: orNull(at),
  notBefore: at,
  notAfter: at,
  grantNotAfter: orNull(at),
});

/**
 * Decides whether time has ended a request (INV-33, INV-8a). Whoever uses a request asks this first: a scheduler that stopped
 * then extends nothing, it only leaves the entry to be written later. At exactly the deadline it has passed.
 */
export function decideLapse(facts: LapseFacts): LapseDecision {
  const fault = lapseFacts(facts, 'facts');
  if (fault !== null) return refuse('facts_malformed', fault);
  const deadline = deadlineOf(facts);
  if (deadline === null) return refuse('state_not_open', facts.state, 'a state that waits for something');
  if (facts.now < deadline.at) {
    return refuse('deadline_not_reached', formatInstant(facts.now), `${formatInstant(deadline.at)} or later`);
  }
  return { permit: true, ...deadline };
}

/** The state that a request is in at `now`, whether or not anybody has recorded it yet. */
export function stateAt(facts: LapseFacts): RequestState {
  const decision = decideLapse(facts);
  return decision.permit ? decision.next : facts.state;
}

/**
 * The next moment at which time alone ends the request; null if it is over. A step that has no record of the time from which its
 * window runs is given the time it was raised: the shorter wait is the safer mistake.
 */
export function deadlineOf(facts: Omit<LapseFacts, 'now'>): Deadline | null {
  const { raisedAt, managerApprovedAt, notifiedAt, approvedAt, notBefore, notAfter, customerWindowMs } = facts;
  switch (facts.state) {
    case 'raised':
    case 'in_review':
    case 'more_info':
      return lapsed(earlier(plus(raisedAt, clocks.managerWindowMs), notAfter));
    case 'operator_approved':
      return lapsed(earlier(plus(managerApprovedAt ?? raisedAt, customerWindowMs), notAfter));
    case 'awaiting_customer': {
      const until = earlier(plus(notifiedAt ?? raisedAt, customerWindowMs), notAfter);
      return { event: 'customer_silent', next: 'denied', at: until };
    }
    case 'approved_future':
      return lapsed(earlier(activationDeadline(approvedAt ?? raisedAt, notBefore), notAfter));
    case 'active':
    case 'extension_requested':
      return { event: 'expired', next: 'expired', at: facts.grantNotAfter ?? notAfter };
    case 'denied':
    case 'withdrawn':
    case 'lapsed':
    case 'revoked':
    case 'completed':
    case 'expired':
    case 'close_failed':
      return null;
  }
}

function lapsed(when: Instant): Deadline {
  return { event: 'lapsed', next: 'lapsed', at: when };
}
