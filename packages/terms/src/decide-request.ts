import { clocks, limits } from './clocks.ts';
import type { Decision, Step } from './decision.ts';
import { outerNotAfter } from './grant.ts';
import { durationFails, tooManyGrants } from './grant-limits.ts';
import { justificationFails } from './justification.ts';
import type { Standing } from './party.ts';
import { purposeFails, purposeMatches, purposeOf, transformFits } from './purpose.ts';
import { isReasonCode } from './reason-code.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { AccessRequest } from './request.ts';
import { count, orNull, record, text, type Shape } from './shape.ts';
import { standingFails } from './standing.ts';
import { tenantFails, type TenantTerms } from './tenant-terms.ts';
import { formatInstant, plus, type Instant } from './time.ts';
import { accessRequest, at, standing, tenantTerms } from './vocabulary-shape.ts';

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

/** The form of the facts. */
export const requestFacts: Shape<RequestFacts> = record<RequestFacts>({
  now: at,
  request: accessRequest,
  requester: standing,
  tenant: orNull(tenantTerms),
  liveGrants: count,
  runbook: orNull(text),
});

/**
 * Decides whether a request may go to the manager at all (promises S10, S19, S20, S21). A yes is not an access: it only lets
 * somebody else decide. What no approval could make right is refused here, so that no manager is ever asked for it.
 */
export function decideRequest(facts: RequestFacts): RequestDecision {
  const fault = requestFacts(facts, 'facts');
  if (fault !== null) return refuse('facts_malformed', fault);
  const { tenant } = facts;
  if (tenant === null) return refuse('tenant_unknown', facts.request.tenant);
  return (
    asker(facts, tenant) ??
    tenantFails(tenant) ??
    standingFails(facts.requester, tenant, facts.now) ??
    purpose(facts.request, tenant) ??
    grounds(facts) ??
    durationFails(facts.request.budgets.durationMs, tenant) ??
    budgets(facts.request) ??
    window(facts, tenant) ??
    eligibility(facts) ??
    tooManyGrants(facts.liveGrants) ?? { permit: true, event: 'submitted', next: 'in_review' }
  );
}

function asker({ request, requester }: RequestFacts, tenant: TenantTerms): Refusal | null {
  const { party } = requester;
  if (tenant.tenant !== request.tenant) return refuse('other_tenant', request.tenant, tenant.tenant);
  if (party.kind === 'customer_user' && party.tenant === request.tenant) return refuse('own_tenant_needs_no_request');
  if (party.id !== request.requester) return refuse('not_the_requester', party.id, request.requester);
  if (party.employer !== request.employer) return refuse('employer_differs', request.employer, party.employer);
  return null;
}

function purpose(request: AccessRequest, tenant: TenantTerms): Refusal | null {
  const fails = purposeFails(request.purpose, request.mode);
  if (fails !== null) return fails;
  if (tenant.optedOut.includes(request.purpose)) return refuse('purpose_opted_out', request.purpose);
  const known = purposeOf(request.purpose);
  if (known !== null && !transformFits(known, request.scope.transform)) {
    return refuse('purpose_needs_transform', request.scope.transform, known.transform);
  }
  return null;
}

/** Why the access is needed, and by a person (INV-136). */
function grounds({ request, runbook }: RequestFacts): Refusal | null {
  if (!isReasonCode(request.reasonCode))
    return refuse('reason_code_unknown', request.reasonCode, 'a code of the closed list');
  if (request.ticket.trim() === '') return refuse('ticket_missing');
  const fails = justificationFails(request.justification);
  if (fails !== null) return fails;
  const saysWhy = request.whyNotRunbook !== null && justificationFails(request.whyNotRunbook) === null;
  return runbook !== null && !saysWhy ? refuse('runbook_exists', runbook) : null;
}

function budgets({ budgets: asked }: AccessRequest): Refusal | null {
  return (
    budget('rows', asked.rows, limits.rowsMax) ??
    budget('bytes', asked.bytes, limits.bytesMax) ??
    budget('statements', asked.statements, limits.statementsMax)
  );
}

function budget(name: string, asked: number, max: number): Refusal | null {
  return asked >= 1 && asked <= max ? null : refuse('budget_out_of_range', `${asked} ${name}`, `1 to ${max}`);
}

function window({ now, request }: RequestFacts, tenant: TenantTerms): Refusal | null {
  const { raisedAt, notBefore, notAfter } = request;
  const { durationMs } = request.budgets;
  if (notBefore > plus(now, clocks.notBeforeMaxMs))
    return refuse('starts_too_late', formatInstant(notBefore), 'within 14 days');
  const outer = outerNotAfter({ raisedAt: now, notBefore, durationMs, customerWindowMs: tenant.customerWindowMs });
  const sound =
    raisedAt <= now && notAfter > now && notAfter > notBefore && notAfter <= plus(outer, clocks.signerSkewMs);
  return sound
    ? null
    : refuse('window_invalid', formatInstant(notAfter), `after now and notBefore, at most ${formatInstant(outer)}`);
}

/** A role makes asking possible, never the access (INV-30). */
function eligibility({ now, request, requester }: RequestFacts): Refusal | null {
  const eligible = requester.eligibilities.some(
    (role) =>
      purposeMatches(role.purpose, request.purpose) &&
      role.modes.includes(request.mode) &&
      request.budgets.durationMs <= role.maxDurationMs &&
      now < role.until,
  );
  return eligible
    ? null
    : refuse('not_eligible', `${request.purpose}, ${request.mode}, ${request.budgets.durationMs} ms`);
}
