import type { Decision } from './decision.ts';
import type { RequestState } from './request.ts';
import type { TenantTerms } from './tenant-terms.ts';
import type { Instant } from './time.ts';
import type { RequestEvent } from './transitions.ts';

/** A span in which somebody held a role: from `since`, until before `until` (null: still). */
export type RoleSpan = { readonly since: Instant; readonly until: Instant | null };

/** What is weighed when an approver of the customer decides. */
export type CustomerFacts = {
  readonly now: Instant;
  readonly matter: 'access' | 'extension';
  readonly decision: 'approve' | 'deny';
  /** True if the signature of the decision was checked against the customer's key directory, and its subject is this request. */
  readonly statementVerified: boolean;
  readonly state: RequestState;
  readonly requester: string;
  readonly tenant: TenantTerms;
  /** When the manager said yes to this matter; null if not (INV-32). */
  readonly managerApprovedAt: Instant | null;
  /** When the approvers were notified: the window runs from here. Null if they were not. */
  readonly notifiedAt: Instant | null;
  readonly approver: {
    readonly id: string;
    /** The tenant whose person this is. */
    readonly tenant: string | null;
    /** When the person held the role of approver (INV-34). */
    readonly held: readonly RoleSpan[];
  };
  /** The approvers who have signed a yes to this matter already. */
  readonly signedBy: readonly string[];
  /** The end of the running grant; null if the matter is the access. */
  readonly grantNotAfter: Instant | null;
};

/** Yes: the decision counts. `event` is null while the quorum is not met; `approvals` counts this one. */
export type CustomerDecision = Decision<{
  readonly event: RequestEvent | null;
  readonly next: RequestState;
  readonly approvals: number;
}>;
