import type { Decision, Step } from './decision.ts';
import type { Standing } from './party.ts';
import type { AccessRequest } from './request.ts';
import type { TenantTerms } from './tenant-terms.ts';
import type { Instant } from './time.ts';

/** What is weighed when somebody asks. */
export type RequestFacts = {
  readonly now: Instant;
  readonly request: AccessRequest;
  readonly requester: Standing;
  /** Null if there is no such tenant. */
  readonly tenant: TenantTerms | null;
  /** How many live grants the requester holds now. */
  readonly liveGrants: number;
  /** Name of the runbook that matches source and operation; null if none does (INV-136). */
  readonly runbook: string | null;
};

/** Yes: the request goes to the manager. */
export type RequestDecision = Decision<Step>;
