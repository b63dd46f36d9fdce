import type { Decision, Step } from './decision.ts';
import type { Standing } from './party.ts';
import type { AccessRequest, RequestState } from './request.ts';
import type { TenantTerms } from './tenant-terms.ts';
import type { Instant } from './time.ts';

/** What is weighed at the first use of an approved request. */
export type ActivationFacts = {
  readonly now: Instant;
  /** How far the clock has gone back since the last time it was read; 0 if it did not. */
  readonly clockRegressedMs: number;
  /** Who wants to use it. */
  readonly by: string;
  /** The source that is being connected to. */
  readonly source: string;
  readonly state: RequestState;
  readonly request: Pick<
    AccessRequest,
    'id' | 'requester' | 'tenant' | 'source' | 'purpose' | 'mode' | 'notBefore' | 'notAfter'
  > & {
    readonly durationMs: number;
  };
  readonly requester: Standing;
  readonly tenant: TenantTerms | null;
  /** True if every signed statement was checked by the one who opens the session, not read from a database. */
  readonly statementsVerified: boolean;
  readonly managerApprovedAt: Instant | null;
  /** The customer's approvers whose verified yes is at hand. */
  readonly customerApprovals: readonly string[];
  /** True if a verified standing approval was used for this request. */
  readonly standingApproval: boolean;
  /** When the last approval that was needed came. */
  readonly approvedAt: Instant | null;
  /** How many live grants the requester holds now, this one not counted. */
  readonly liveGrants: number;
};

/** Yes: the grant is live from `activatedAt` until before `notAfter`. */
export type ActivationDecision = Decision<Step & { readonly activatedAt: Instant; readonly notAfter: Instant }>;
