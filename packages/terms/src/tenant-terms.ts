import { clocks } from './clocks.ts';
import { refuse, type Refusal } from './refusal.ts';

/** Where a customer's subscription stands (DOMAIN section 2). */
export const subscriptionStates = [
  'trial',
  'active',
  'past_due',
  'expired',
  'retained',
  'disabled',
  'deleting',
  'deleted',
] as const;

/** One of `subscriptionStates`. */
export type SubscriptionState = (typeof subscriptionStates)[number];

/** What one customer has chosen, within what the terms allow. Choices tighten; none loosens the terms. */
export type TenantTerms = {
  readonly tenant: string;
  readonly subscription: SubscriptionState;
  /** True if the customer's own signature is needed for each access. */
  readonly customerApproval: boolean;
  /** How long the customer's approvers have; 1 h to 4 d. */
  readonly customerWindowMs: number;
  /** How many different approvers must sign. */
  readonly quorum: number;
  /** ISO 3166-1 alpha-2 codes from which access is tolerated; null for no restriction (INV-38). */
  readonly countries: readonly string[] | null;
  /** Employers the customer has excluded by objection (INV-101). */
  readonly excludedEmployers: readonly string[];
  /** Purposes the customer has opted out of (INV-55). */
  readonly optedOut: readonly string[];
  /** The longest grant the customer tolerates; the terms' own maximum holds as well. */
  readonly grantMaxMs: number;
};

/** Refuses a tenant whose data nobody may read any more, customer included (INV-20), and settings outside the terms. */
export function tenantFails(terms: TenantTerms): Refusal | null {
  if (isClosed(terms.subscription)) return refuse('tenant_closed', terms.subscription);
  if (!terms.customerApproval) return null;
  const { customerWindowMs, quorum } = terms;
  if (customerWindowMs < clocks.customerWindowMinMs || customerWindowMs > clocks.customerWindowMaxMs) {
    return refuse('customer_window_invalid', `${customerWindowMs} ms`, '1 h to 4 d');
  }
  return quorum < 1 ? refuse('quorum_invalid', String(quorum), 'at least 1') : null;
}

/** Holds once the data of a subscription is closed to everybody: 90 days after its end, and while and after it is deleted. */
export function isClosed(subscription: SubscriptionState): boolean {
  switch (subscription) {
    case 'trial':
    case 'active':
    case 'past_due':
    case 'expired':
    case 'retained':
      return false;
    case 'disabled':
    case 'deleting':
    case 'deleted':
      return true;
  }
}
