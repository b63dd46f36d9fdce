import type { Decision } from './decision.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { RequestState } from './request.ts';
import { flag, listOf, oneOf, orNull, record, text, type Shape } from './shape.ts';
import { tenantFails, type TenantTerms } from './tenant-terms.ts';
import { formatInstant, plus, type Instant } from './time.ts';
import type { RequestEvent } from './transitions.ts';
import { at, state, tenantTerms } from './vocabulary-shape.ts';

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

const roleSpan = record<RoleSpan>({ since: at, until: orNull(at) });

/** The form of the facts. */
export const customerFacts: Shape<CustomerFacts> = record<CustomerFacts>({
  now: at,
  matter: oneOf(['access', 'extension']),
  decision: oneOf(['approve', 'deny']),
  statementVerified: flag,
  state,
  requester: text,
  tenant: tenantTerms,
  managerApprovedAt: orNull(at),
  notifiedAt: orNull(at),
  approver: record<CustomerFacts['approver']>({ id: text, tenant: orNull(text), held: listOf(roleSpan) }),
  signedBy: listOf(text),
  grantNotAfter: orNull(at),
});

/**
 * Decides whether a customer's yes or no counts: after the manager's yes only (INV-32), before the window's end (INV-33), by
 * somebody who was an approver when the approvers were notified and is one now (INV-34). One no is enough; a yes needs the quorum.
 */
export function decideCustomer(facts: CustomerFacts): CustomerDecision {
  const fault = customerFacts(facts, 'facts');
  if (fault !== null) return refuse('facts_malformed', fault);
  if (!facts.statementVerified) return refuse('statement_not_verified');
  if (!facts.tenant.customerApproval) return refuse('customer_approval_not_applicable');
  return tenantFails(facts.tenant) ?? open(facts) ?? decider(facts) ?? following(facts);
}

function open(facts: CustomerFacts): Refusal | null {
  const { now, matter, managerApprovedAt, notifiedAt, grantNotAfter } = facts;
  if (managerApprovedAt === null) return refuse('manager_approval_missing');
  const expected = matter === 'access' ? 'awaiting_customer' : 'extension_requested';
  if (facts.state !== expected) return refuse('state_not_open', facts.state, expected);
  if (notifiedAt === null) return refuse('approver_not_notified');
  if (managerApprovedAt > notifiedAt)
    return refuse('manager_approval_missing', 'the approvers were notified before it');
  if (matter === 'extension' && (grantNotAfter === null || now >= grantNotAfter)) return refuse('grant_ended');
  const until = plus(notifiedAt, facts.tenant.customerWindowMs);
  return now < until ? null : refuse('customer_window_ended', formatInstant(now), `before ${formatInstant(until)}`);
}

function decider({ now, decision, requester, tenant, notifiedAt, approver, signedBy }: CustomerFacts): Refusal | null {
  if (approver.tenant !== tenant.tenant) return refuse('approver_of_other_tenant', approver.tenant, tenant.tenant);
  if (approver.id === requester) return refuse('self_approval', approver.id);
  if (notifiedAt === null || !held(approver.held, notifiedAt)) return refuse('approver_not_notified', approver.id);
  if (!held(approver.held, now)) return refuse('approver_role_lost', approver.id);
  // Who said yes may still say no; who said yes twice is still one person.
  return decision === 'approve' && signedBy.includes(approver.id)
    ? refuse('approver_already_signed', approver.id)
    : null;
}

function held(spans: readonly RoleSpan[], when: Instant): boolean {
  return spans.some(({ since, until }) => since <= when && (until === null || when < until));
}

function following({ matter, decision, tenant, signedBy }: CustomerFacts): CustomerDecision {
  const yeses = new Set(signedBy).size;
  if (decision === 'deny') {
    return matter === 'access'
      ? { permit: true, event: 'customer_denied', next: 'denied', approvals: yeses }
      : { permit: true, event: 'extension_denied', next: 'active', approvals: yeses };
  }
  const approvals = yeses + 1;
  const met = approvals >= tenant.quorum;
  if (matter === 'access') {
    return met
      ? { permit: true, event: 'customer_approved', next: 'approved_future', approvals }
      : { permit: true, event: null, next: 'awaiting_customer', approvals };
  }
  return met
    ? { permit: true, event: 'extension_granted', next: 'active', approvals }
    : { permit: true, event: null, next: 'extension_requested', approvals };
}
