import { clocks } from './clocks.ts';
import type { Decision, Step } from './decision.ts';
import type { Mode } from './mode.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { AccessRequest, RequestState } from './request.ts';
import { count, flag, listOf, record, text, type Shape } from './shape.ts';
import { earlier, formatInstant, plus, type Instant } from './time.ts';
import { at, mode, state } from './vocabulary-shape.ts';

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

/** The form of the facts. */
export const standingApprovalFacts: Shape<StandingApprovalFacts> = record<StandingApprovalFacts>({
  now: at,
  state,
  approval: record<StandingApproval>({
    id: text,
    tenant: text,
    source: text,
    employer: text,
    purposes: listOf(text),
    mode,
    durationMaxMs: count,
    uses: count,
    notBefore: at,
    notAfter: at,
  }),
  statementVerified: flag,
  used: count,
  request: record<StandingApprovalFacts['request']>({
    tenant: text,
    source: text,
    employer: text,
    purpose: text,
    mode,
    durationMs: count,
  }),
});

/**
 * Decides whether a standing approval stands in for the customer's signature on this request: in its window and never more than 90
 * days, fewer times than it says, for what it names and nothing wider. The manager has to have approved first, as always (INV-32).
 */
export function decideStandingApproval(facts: StandingApprovalFacts): StandingApprovalDecision {
  const fault = standingApprovalFacts(facts, 'facts');
  if (fault !== null) return refuse('facts_malformed', fault);
  if (!facts.statementVerified) return refuse('statement_not_verified');
  const { approval, used } = facts;
  if (facts.state !== 'operator_approved') return refuse('state_not_open', facts.state, 'operator_approved');
  return (
    inForce(facts) ??
    (used >= approval.uses
      ? refuse('standing_approval_used_up', `${used} uses`, `fewer than ${approval.uses}`)
      : null) ??
    covers(facts) ?? {
      permit: true,
      event: 'standing_approval_used',
      next: 'approved_future',
      usesLeft: approval.uses - used - 1,
    }
  );
}

function inForce({ now, approval }: StandingApprovalFacts): Refusal | null {
  const until = earlier(approval.notAfter, plus(approval.notBefore, clocks.standingApprovalMaxMs));
  if (now >= approval.notBefore && now < until) return null;
  return refuse(
    'standing_approval_ended',
    formatInstant(now),
    `${formatInstant(approval.notBefore)} until before ${formatInstant(until)}`,
  );
}

function covers({ approval, request }: StandingApprovalFacts): Refusal | null {
  if (request.tenant !== approval.tenant) return refuse('other_tenant', request.tenant, approval.tenant);
  const covered =
    request.source === approval.source &&
    request.employer === approval.employer &&
    approval.purposes.includes(request.purpose) &&
    (approval.mode === 'write' || request.mode === 'read') &&
    request.durationMs <= approval.durationMaxMs;
  return covered ? null : refuse('standing_approval_not_covering');
}
