import type { RequestState } from './request.ts';

/** What moves a request from one state to the next. */
export const requestEvents = [
  'submitted',
  'refused',
  'info_asked',
  'info_given',
  'manager_approved',
  'manager_denied',
  'customer_asked',
  'customer_not_needed',
  'standing_approval_used',
  'customer_approved',
  'customer_denied',
  'customer_silent',
  'withdrawn',
  'lapsed',
  'activated',
  'extension_asked',
  'extension_granted',
  'extension_denied',
  'revoked',
  'completed',
  'expired',
  'close_failed',
] as const;

/** One of `requestEvents`. */
export type RequestEvent = (typeof requestEvents)[number];

/**
 * The declared table (INV-8c): from each state, the events it accepts and where they lead. What is not here does not happen.
 * An end leads nowhere, save that closing it may fail. Before the first use there is withdrawal, after it completion.
 */
export const transitions: { readonly [From in RequestState]: { readonly [On in RequestEvent]?: RequestState } } = {
  raised: { submitted: 'in_review', refused: 'denied', withdrawn: 'withdrawn', lapsed: 'lapsed', revoked: 'revoked' },
  in_review: {
    info_asked: 'more_info',
    manager_approved: 'operator_approved',
    manager_denied: 'denied',
    withdrawn: 'withdrawn',
    lapsed: 'lapsed',
    revoked: 'revoked',
  },
  more_info: {
    info_given: 'in_review',
    manager_denied: 'denied',
    withdrawn: 'withdrawn',
    lapsed: 'lapsed',
    revoked: 'revoked',
  },
  operator_approved: {
    customer_asked: 'awaiting_customer',
    customer_not_needed: 'approved_future',
    standing_approval_used: 'approved_future',
    withdrawn: 'withdrawn',
    lapsed: 'lapsed',
    revoked: 'revoked',
  },
  awaiting_customer: {
    customer_approved: 'approved_future',
    customer_denied: 'denied',
    customer_silent: 'denied',
    withdrawn: 'withdrawn',
    revoked: 'revoked',
  },
  approved_future: { activated: 'active', withdrawn: 'withdrawn', lapsed: 'lapsed', revoked: 'revoked' },
  active: { extension_asked: 'extension_requested', revoked: 'revoked', completed: 'completed', expired: 'expired' },
  extension_requested: {
    extension_granted: 'active',
    extension_denied: 'active',
    revoked: 'revoked',
    completed: 'completed',
    expired: 'expired',
  },
  denied: {},
  withdrawn: {},
  lapsed: {},
  revoked: { close_failed: 'close_failed' },
  completed: { close_failed: 'close_failed' },
  expired: { close_failed: 'close_failed' },
  close_failed: {},
};

/** Where `event` leads from `state`; null if the table does not declare it, and then nothing may change (INV-8c). */
export function transition(state: RequestState, event: RequestEvent): RequestState | null {
  return transitions[state][event] ?? null;
}

/** Holds if nothing can be done with the request any more, save reporting that its role could not be dropped. */
export function isOver(state: RequestState): boolean {
  return Object.keys(transitions[state]).every((event) => event === 'close_failed');
}

/** Holds if the request has been used and not ended. */
export function isInUse(state: RequestState): boolean {
  return state === 'active' || state === 'extension_requested';
}
