import { clocks } from './clocks.ts';
import type { Decision, Step } from './decision.ts';
import { activationDeadline, grantEnd } from './grant.ts';
import { durationFails, tooManyGrants } from './grant-limits.ts';
import type { Standing } from './party.ts';
import { purposeFails } from './purpose.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { AccessRequest, RequestState } from './request.ts';
import { count, flag, listOf, orNull, record, text, type Shape } from './shape.ts';
import { standingFails } from './standing.ts';
import { tenantFails, type TenantTerms } from './tenant-terms.ts';
import { earlier, formatInstant, type Instant } from './time.ts';
import { at, mode, standing, state, tenantTerms } from './vocabulary-shape.ts';

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

/** The form of the facts. */
export const activationFacts: Shape<ActivationFacts> = record<ActivationFacts>({
  now: at,
  clockRegressedMs: count,
  by: text,
  source: text,
  state,
  request: record<ActivationFacts['request']>({
    id: text,
    requester: text,
    tenant: text,
    source: text,
    purpose: text,
    mode,
    notBefore: at,
    notAfter: at,
    durationMs: count,
  }),
  requester: standing,
  tenant: orNull(tenantTerms),
  statementsVerified: flag,
  managerApprovedAt: orNull(at),
  customerApprovals: listOf(text),
  standingApproval: flag,
  approvedAt: orNull(at),
  liveGrants: count,
});

/**
 * Decides whether an approved request becomes a live grant (promise S19, INV-30 to 41). Everything that was true at the request
 * must still be true: an approval outlives neither the training, nor the employment, nor the customer's settings.
 */
export function decideActivation(facts: ActivationFacts): ActivationDecision {
  const fault = activationFacts(facts, 'facts');
  if (fault !== null) return refuse('facts_malformed', fault);
  const { now, request, tenant, clockRegressedMs } = facts;
  if (clockRegressedMs > clocks.clockRegressionMaxMs)
    return refuse('clock_went_back', `${clockRegressedMs} ms`, 'at most 2000 ms');
  if (!facts.statementsVerified) return refuse('statement_not_verified');
  if (tenant === null) return refuse('tenant_unknown', request.tenant);
  return (
    binding(facts, tenant) ??
    tenantFails(tenant) ??
    approvals(facts, tenant) ??
    inTime(facts) ??
    standingFails(facts.requester, tenant, now) ??
    purposeFails(request.purpose, request.mode) ??
    (tenant.optedOut.includes(request.purpose) ? refuse('purpose_opted_out', request.purpose) : null) ??
    durationFails(request.durationMs, tenant) ??
    tooManyGrants(facts.liveGrants) ?? {
      permit: true,
      event: 'activated',
      next: 'active',
      activatedAt: now,
      notAfter: grantEnd(now, request.durationMs, request.notAfter),
    }
  );
}

/** One person, one tenant, one source (INV-41). */
function binding(
  { by, source, state: found, request, requester }: ActivationFacts,
  tenant: TenantTerms,
): Refusal | null {
  if (found !== 'approved_future') return refuse('state_not_open', found, 'approved_future');
  if (by !== request.requester || requester.party.id !== request.requester) return refuse('not_the_holder', by);
  if (tenant.tenant !== request.tenant) return refuse('other_tenant', tenant.tenant, request.tenant);
  return source === request.source ? null : refuse('other_source', source, request.source);
}

/** The customer's setting of now counts: approval that was switched on after the request is needed too. */
function approvals(facts: ActivationFacts, tenant: TenantTerms): Refusal | null {
  const { managerApprovedAt, approvedAt } = facts;
  if (managerApprovedAt === null || approvedAt === null) return refuse('manager_approval_missing');
  if (!tenant.customerApproval || facts.standingApproval) return null;
  const yeses = new Set(facts.customerApprovals).size;
  if (yeses === 0) return refuse('customer_approval_missing');
  return yeses < tenant.quorum ? refuse('quorum_not_met', String(yeses), String(tenant.quorum)) : null;
}

function inTime({ now, approvedAt, request }: ActivationFacts): Refusal | null {
  if (approvedAt === null || now < approvedAt || now < request.notBefore) {
    return refuse('not_yet', formatInstant(now), `${formatInstant(request.notBefore)} or later`);
  }
  const until = earlier(activationDeadline(approvedAt, request.notBefore), request.notAfter);
  return now < until ? null : refuse('activation_window_ended', formatInstant(now), `before ${formatInstant(until)}`);
}
