import type { Decision } from './decision.ts';
import type { PartyKind } from './party.ts';
import type { RequestState } from './request.ts';
import type { Instant } from './time.ts';
import type { RequestEvent } from './transitions.ts';

/** Somebody's place above the requester, and since when. */
export type Oversight = { readonly person: string; readonly since: Instant };

/** What is weighed when a manager decides. */
export type ManagerFacts = {
  readonly now: Instant;
  /** What is decided: the access, or more time for it. */
  readonly matter: 'access' | 'extension';
  readonly decision: 'approve' | 'deny';
  /** True if the signature of the decision was checked against the directory, and its subject is this request. */
  readonly statementVerified: boolean;
  readonly state: RequestState;
  /** When the matter was raised: the request, or the asking for more time. */
  readonly raisedAt: Instant;
  readonly requester: string;
  /** Everybody above the requester, nearest first. */
  readonly requesterLine: readonly Oversight[];
  /** Those whom somebody of the line has named to decide in their place. */
  readonly delegates: readonly Oversight[];
  readonly manager: {
    readonly id: string;
    readonly kind: PartyKind;
    readonly employed: boolean;
    readonly locked: boolean;
    /** Everybody above the one who decides. */
    readonly line: readonly string[];
  };
  /** True if the tenant's own approval is needed after this one. */
  readonly customerApproval: boolean;
  /** The end of the running grant; null if the matter is the access. */
  readonly grantNotAfter: Instant | null;
};

/** Yes: the decision counts. `event` is null if the state stays (more time, and the customer has still to decide); `follows` is what comes at once after it. */
export type ManagerDecision = Decision<{
  readonly event: RequestEvent | null;
  readonly next: RequestState;
  readonly follows: 'customer_asked' | 'customer_not_needed' | null;
}>;
