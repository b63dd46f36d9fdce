import type { Decision } from './decision.ts';
import type { Party } from './party.ts';
import type { SubscriptionState } from './tenant-terms.ts';
import type { Instant } from './time.ts';

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
