import type { Decision } from './decision.ts';
import type { Party } from './party.ts';
import { refuse } from './refusal.ts';
import { oneOf, record, text, type Shape } from './shape.ts';
import { isClosed, subscriptionStates, type SubscriptionState } from './tenant-terms.ts';
import type { Instant } from './time.ts';
import { at, party } from './vocabulary-shape.ts';

/** What a customer does with its own account. */
export const ownOperations = [
  'read',
  'list',
  'export',
  'verify_log',
  'manage_keys',
  'renew',
  'delete',
  'write',
] as const;

/** What is weighed when a customer's user uses the customer's own data. Nothing asks for a purpose, ticket or justification (INV-11). */
export type OwnAccessFacts = {
  readonly now: Instant;
  readonly party: Party;
  readonly tenant: string;
  readonly subscription: SubscriptionState;
  readonly operation: (typeof ownOperations)[number];
};

/** Yes: nothing follows but the access. */
export type OwnAccessDecision = Decision<{ readonly limitedFunction: boolean }>;

/** The form of the facts. */
export const ownAccessFacts: Shape<OwnAccessFacts> = record<OwnAccessFacts>({
  now: at,
  party,
  tenant: text,
  subscription: oneOf(subscriptionStates),
  operation: oneOf(ownOperations),
});

/**
 * Decides what a customer may do with its own data: everything while the subscription runs, and everything but writing until 90
 * days after its end (promises S3, S5, S6; INV-10, 19, 20). There is no purpose, ticket, approval or billing state to weigh.
 * The customer's own log can be verified for ever.
 */
export function decideOwnAccess(facts: OwnAccessFacts): OwnAccessDecision {
  const fault = ownAccessFacts(facts, 'facts');
  if (fault !== null) return refuse('facts_malformed', fault);
  const { party: user, tenant, subscription, operation } = facts;
  if (user.kind !== 'customer_user' || user.tenant !== tenant) return refuse('not_own_tenant', user.tenant, tenant);
  if (isClosed(subscription) && operation !== 'verify_log') return refuse('tenant_closed', subscription);
  const limitedFunction = subscription === 'expired' || subscription === 'retained' || isClosed(subscription);
  return limitedFunction && operation === 'write'
    ? refuse('subscription_read_only', subscription)
    : { permit: true, limitedFunction };
}
