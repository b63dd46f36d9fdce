import type { Decision, Step } from './decision.ts';
import { grantEnd, isLive, type Grant } from './grant.ts';
import { durationFails } from './grant-limits.ts';
import type { Standing } from './party.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { AccessRequest, RequestState } from './request.ts';
import { budgetsWithin, scopeWithin } from './scope.ts';
import { flag, record, text, type Shape } from './shape.ts';
import { standingFails } from './standing.ts';
import { tenantFails, type TenantTerms } from './tenant-terms.ts';
import { formatInstant, type Instant } from './time.ts';
import { at, budgets, grant, mode, scope, standing, state, tenantTerms } from './vocabulary-shape.ts';

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

/** The form of the facts. */
export const extensionFacts: Shape<ExtensionFacts> = record<ExtensionFacts>({
  now: at,
  by: text,
  statementVerified: flag,
  state,
  grant,
  asked: record<ExtensionFacts['asked']>({
    tenant: text,
    source: text,
    purpose: text,
    mode,
    scope,
    budgets,
    notAfter: at,
  }),
  requester: standing,
  tenant: tenantTerms,
});

/**
 * Decides whether more time may be asked for (INV-35). Time is the only thing that an extension adds: whoever wants another
 * table, mode or purpose raises a new request. Those who approved the access approve the extension as well, and the total
 * never exceeds eight hours.
 */
export function decideExtension(facts: ExtensionFacts): ExtensionDecision {
  const fault = extensionFacts(facts, 'facts');
  if (fault !== null) return refuse('facts_malformed', fault);
  if (!facts.statementVerified) return refuse('statement_not_verified');
  const { asked, tenant } = facts;
  return (
    running(facts) ??
    onlyTime(facts) ??
    tenantFails(tenant) ??
    standingFails(facts.requester, tenant, facts.now) ??
    durationFails(asked.budgets.durationMs, tenant) ??
    longer(facts)
  );
}

function running({ now, by, state: found, grant: current, requester, tenant }: ExtensionFacts): Refusal | null {
  if (found !== 'active') return refuse('state_not_open', found, 'active');
  if (by !== current.holder || requester.party.id !== current.holder) return refuse('not_the_requester', by);
  if (tenant.tenant !== current.tenant) return refuse('other_tenant', tenant.tenant, current.tenant);
  return isLive(current, now)
    ? null
    : refuse('grant_ended', formatInstant(now), `before ${formatInstant(current.notAfter)}`);
}

function onlyTime({ asked, grant: current }: ExtensionFacts): Refusal | null {
  if (asked.tenant !== current.tenant) return refuse('other_tenant', asked.tenant, current.tenant);
  if (asked.source !== current.source) return refuse('other_source', asked.source, current.source);
  if (asked.purpose !== current.purpose) return refuse('widening_needs_new_request', asked.purpose, current.purpose);
  if (asked.mode !== current.mode) return refuse('widening_needs_new_request', asked.mode, current.mode);
  const within = scopeWithin(asked.scope, current.scope) && budgetsWithin(asked.budgets, current.budgets);
  return within
    ? null
    : refuse('widening_needs_new_request', 'a wider scope or budget', 'the scope and budgets that were approved');
}

function longer({ asked, grant: current }: ExtensionFacts): ExtensionDecision {
  const notAfter = grantEnd(current.activatedAt, asked.budgets.durationMs, asked.notAfter);
  return notAfter > current.notAfter
    ? { permit: true, event: 'extension_asked', next: 'extension_requested', notAfter }
    : refuse('extension_not_longer', formatInstant(notAfter), `after ${formatInstant(current.notAfter)}`);
}
