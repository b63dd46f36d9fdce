import type { Mode } from './mode.ts';
import type { Budgets, Scope } from './scope.ts';
import type { Instant } from './time.ts';

/** The states of a request (DESIGN section 3). Every end has its own word. */
export const requestStates = [
  'raised',
  'in_review',
  'more_info',
  'operator_approved',
  'awaiting_customer',
  'approved_future',
  'active',
  'extension_requested',
  'denied',
  'withdrawn',
  'lapsed',
  'revoked',
  'completed',
  'expired',
  'close_failed',
] as const;

/**
 * One of `requestStates`. `operator_approved` is between the manager's yes and what follows; `approved_future` has every
 * approval and waits for its first use, whether or not `notBefore` has come.
 */
export type RequestState = (typeof requestStates)[number];

/**
 * What somebody asks for: one person, one tenant, one source, one purpose, a scope, an end. There is no field that could name a
 * second tenant (INV-41). `purpose` and `reasonCode` are as asked and need not be valid; the decision says.
 */
export type AccessRequest = {
  /** 22 characters base64url; also the grant's id and the `ref` of its log entries. */
  readonly id: string;
  /** Party id of the person who asks and who alone gets the access. */
  readonly requester: string;
  readonly employer: string;
  readonly tenant: string;
  readonly source: string;
  readonly purpose: string;
  readonly reasonCode: string;
  readonly mode: Mode;
  readonly scope: Scope;
  readonly budgets: Budgets;
  readonly ticket: string;
  readonly justification: string;
  /** Why no runbook does it; null if the requester did not say (INV-136). */
  readonly whyNotRunbook: string | null;
  readonly raisedAt: Instant;
  /** Earliest use. */
  readonly notBefore: Instant;
  /** The signed outer end; the grant itself ends at the earlier of this and first use plus `budgets.durationMs`. */
  readonly notAfter: Instant;
};
