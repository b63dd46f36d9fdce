import { clocks } from './clocks.ts';
import type { Mode } from './mode.ts';
import type { RequestState } from './request.ts';
import type { Budgets, Scope } from './scope.ts';
import { earlier, later, plus, type Instant } from './time.ts';

/** The seven ways in which a request or its grant is over. */
export const ends = [
  'expired',
  'revoked',
  'completed',
  'withdrawn',
  'lapsed',
  'denied',
  'close_failed',
] as const satisfies readonly RequestState[];

/** One of `ends`. */
export type End = (typeof ends)[number];

/** A right to one tenant's data for one person, from its first use until its end. There is no other kind of right (INV-1, 41). */
export type Grant = {
  readonly id: string;
  readonly holder: string;
  readonly employer: string;
  readonly tenant: string;
  readonly source: string;
  readonly purpose: string;
  readonly mode: Mode;
  readonly scope: Scope;
  readonly budgets: Budgets;
  readonly activatedAt: Instant;
  /** The grant is live while `now < notAfter`. At exactly `notAfter` it has ended: the worse mistake is the millisecond too many. */
  readonly notAfter: Instant;
  /** How and when it ended; null while no end has been recorded. */
  readonly ended: { readonly end: End; readonly at: Instant } | null;
};

/** Holds while the grant opens anything: after its first use, before its end, nothing recorded that ended it. */
export function isLive(grant: Pick<Grant, 'activatedAt' | 'notAfter' | 'ended'>, now: Instant): boolean {
  return grant.ended === null && now >= grant.activatedAt && now < grant.notAfter;
}

/** The end of a grant first used at `activatedAt`: its duration later, and never after the signed outer end. */
export function grantEnd(activatedAt: Instant, durationMs: number, signedNotAfter: Instant): Instant {
  return earlier(plus(activatedAt, durationMs), signedNotAfter);
}

/** The latest first use: one activation window after the approval, or after `notBefore` if that is later. Exclusive. */
export function activationDeadline(approvedAt: Instant, notBefore: Instant): Instant {
  return plus(later(approvedAt, notBefore), clocks.activationWindowMs);
}

/**
 * The outer end that a request signs: late enough that every window may run to its end, and no later. What customers
 * approve is `budgets.durationMs` within this.
 */
export function outerNotAfter(asked: {
  readonly raisedAt: Instant;
  readonly notBefore: Instant;
  readonly durationMs: number;
  readonly customerWindowMs: number;
}): Instant {
  const approved = plus(asked.raisedAt, clocks.managerWindowMs + asked.customerWindowMs);
  return plus(activationDeadline(approved, asked.notBefore), asked.durationMs);
}
