import type { Decision, Step } from './decision.ts';
import type { Mode } from './mode.ts';
import type { AccessRequest, RequestState } from './request.ts';
import type { Instant } from './time.ts';

/** A customer's yes given in advance: how often, until when, for what. The same signed statement, with a count and a window. */
export type StandingApproval = {
  readonly id: string;
  readonly tenant: string;
  readonly source: string;
  readonly employer: string;
  readonly purposes: readonly string[];
  readonly mode: Mode;
  readonly durationMaxMs: number;
  /** How many requests it may approve. */
  readonly uses: number;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
};

/** What is weighed before a standing approval takes the place of a fresh signature. */
export type StandingApprovalFacts = {
  readonly now: Instant;
  readonly state: RequestState;
  readonly approval: StandingApproval;
  /** True if the quorum's signatures on the standing approval were checked and it was not revoked. */
  readonly statementVerified: boolean;
  /** How many requests it has approved. */
  readonly used: number;
  readonly request: Pick<AccessRequest, 'tenant' | 'source' | 'employer' | 'purpose' | 'mode'> & {
    readonly durationMs: number;
  };
};

/** Yes: the request has the customer's approval, and the standing approval one use less. */
export type StandingApprovalDecision = Decision<Step & { readonly usesLeft: number }>;
