import type { Decision, Step } from './decision.ts';
import type { Grant } from './grant.ts';
import type { Standing } from './party.ts';
import type { AccessRequest, RequestState } from './request.ts';
import type { TenantTerms } from './tenant-terms.ts';
import type { Instant } from './time.ts';

/** What is weighed when the holder of a grant asks for more time. */
export type ExtensionFacts = {
  readonly now: Instant;
  readonly by: string;
  readonly statementVerified: boolean;
  readonly state: RequestState;
  readonly grant: Grant;
  /** What the new statement says; `budgets.durationMs` is the new total, not the addition. */
  readonly asked: Pick<AccessRequest, 'tenant' | 'source' | 'purpose' | 'mode' | 'scope' | 'budgets' | 'notAfter'>;
  readonly requester: Standing;
  readonly tenant: TenantTerms;
};

/** Yes: the asking counts and goes to the manager (and the customer, where approval is on). `notAfter` is the end that it would give. */
export type ExtensionDecision = Decision<Step & { readonly notAfter: Instant }>;
