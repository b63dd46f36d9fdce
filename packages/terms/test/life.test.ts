import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clocks,
  deadlineOf,
  decideActivation,
  decideCompletion,
  decideCustomer,
  decideExtension,
  decideIntent,
  decideLapse,
  decideManager,
  decideRevocation,
  decideWithdrawal,
  hour,
  isInUse,
  isOver,
  minute,
  plus,
  transition,
  type Instant,
  type LapseFacts,
  type RequestEvent,
  type RequestState,
} from '../src/index.ts';
import { aGrant, anExtension, aRequest, aTenant, builders, morning } from './build-facts.ts';

/** What a server would keep of one request. The rules are the terms' own; this only remembers. */
type Life = {
  now: Instant;
  state: RequestState;
  managerApprovedAt: Instant | null;
  notifiedAt: Instant | null;
  approvedAt: Instant | null;
  activatedAt: Instant | null;
  grantNotAfter: Instant | null;
  signedBy: string[];
  history: { readonly event: RequestEvent; readonly at: Instant }[];
};

const request = aRequest();
const tenant = aTenant({ quorum: 2 });
const commands = [
  'ask manager',
  'manager denies',
  'approver',
  'admin',
  'customer denies',
  'use',
  'statement',
  'more time',
] as const;
const endings = ['withdraw', 'revoke', 'complete', 'lapse'] as const;

/** Time moves to a boundary or just beside it, or by a little. */
const tick = fc.oneof(
  fc.constantFrom(-1, 0, 1).map((step) => ({ to: 'deadline', step }) as const),
  fc.integer({ min: 1, max: 20 * minute }).map((step) => ({ to: 'later', step }) as const),
);
/** The commands of an ordinary day come first in the draw, so that walks reach the grant. */
const command = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...commands) },
  { weight: 2, arbitrary: tick },
  { weight: 1, arbitrary: fc.constantFrom(...endings) },
);
const day = fc.array(command, { minLength: 8, maxLength: 40 });
const used = ['ask manager', 'approver', 'admin', 'use', 'statement'] as const;
const extended = [...used, 'more time', 'ask manager', 'approver', 'admin', 'statement'] as const;
const luckyDay = fc.tuple(fc.constantFrom(used, extended), day).map(([first, rest]) => [...first, ...rest] as const);

function born(): Life {
  return {
    now: morning,
    state: 'in_review',
    managerApprovedAt: null,
    notifiedAt: null,
    approvedAt: null,
    activatedAt: null,
    grantNotAfter: null,
    signedBy: [],
    history: [],
  };
}

function take(life: Life, event: RequestEvent | null): void {
  if (event === null) return;
  const next = transition(life.state, event);
  expect(next, `${event} in ${life.state}`).not.toBeNull();
  life.state = next ?? life.state;
  life.history.push({ event, at: life.now });
}

function lapseFacts(life: Life): LapseFacts {
  const { now, state, managerApprovedAt, notifiedAt, approvedAt, grantNotAfter } = life;
  const { raisedAt, notBefore, notAfter } = request;
  const customerWindowMs = tenant.customerWindowMs;
  return {
    now,
    state,
    raisedAt,
    managerApprovedAt,
    notifiedAt,
    customerWindowMs,
    approvedAt,
    notBefore,
    notAfter,
    grantNotAfter,
  };
}

function perform(life: Life, given: (typeof commands)[number] | (typeof endings)[number]): boolean {
  const { now, state } = life;
  const more = state === 'extension_requested';
  const matter = more ? 'extension' : 'access';
  const raised = { matter, state, now, grantNotAfter: life.grantNotAfter } as const;
  switch (given) {
    case 'ask manager':
    case 'manager denies': {
      const decision = given === 'ask manager' ? 'approve' : 'deny';
      const answer = decideManager(builders.manager_decision({ ...raised, decision }));
      if (!answer.permit) return false;
      take(life, answer.event);
      if (decision === 'approve') life.managerApprovedAt = now;
      if (answer.follows === null) return true;
      life.notifiedAt = now;
      life.signedBy = [];
      if (!more) take(life, answer.follows);
      return true;
    }
    case 'approver':
    case 'admin':
    case 'customer denies': {
      const id = given === 'customer denies' ? 'approver' : given;
      const { managerApprovedAt, notifiedAt, signedBy } = life;
      const approver = { ...builders.customer_decision().approver, id };
      const decision = given === 'customer denies' ? 'deny' : 'approve';
      const answer = decideCustomer(
        builders.customer_decision({ ...raised, decision, tenant, managerApprovedAt, notifiedAt, signedBy, approver }),
      );
      if (!answer.permit) return false;
      if (decision === 'approve') life.signedBy = [...signedBy, id];
      if (answer.event === 'customer_approved') life.approvedAt = now;
      if (answer.event === 'extension_granted') life.grantNotAfter = plus(life.activatedAt ?? now, 3 * hour);
      take(life, answer.event);
      return true;
    }
    case 'use': {
      const { managerApprovedAt, approvedAt, signedBy } = life;
      const answer = decideActivation(
        builders.activation({ now, state, tenant, managerApprovedAt, approvedAt, customerApprovals: signedBy }),
      );
      if (!answer.permit) return false;
      life.activatedAt = answer.activatedAt;
      life.grantNotAfter = answer.notAfter;
      take(life, answer.event);
      return true;
    }
    case 'statement':
      return runs(life);
    case 'more time': {
      const { activatedAt, grantNotAfter } = life;
      if (activatedAt === null || grantNotAfter === null) return false;
      const grant = aGrant({ activatedAt, notAfter: grantNotAfter });
      const asked = anExtension({ notAfter: plus(activatedAt, 3 * hour) });
      const answer = decideExtension(builders.extension({ now, state, grant, asked, tenant }));
      if (answer.permit) take(life, answer.event);
      if (answer.permit) life.managerApprovedAt = null;
      return answer.permit;
    }
    case 'withdraw': {
      const answer = decideWithdrawal(builders.withdrawal({ now, state }));
      if (answer.permit) take(life, answer.event);
      return answer.permit;
    }
    case 'revoke': {
      const answer = decideRevocation(builders.revocation({ now, state }));
      if (answer.permit) take(life, answer.event);
      return answer.permit;
    }
    case 'complete': {
      if (life.grantNotAfter === null) return false;
      const answer = decideCompletion(builders.completion({ now, state, grantNotAfter: life.grantNotAfter }));
      if (answer.permit) take(life, answer.event);
      return answer.permit;
    }
    case 'lapse': {
      const answer = decideLapse(lapseFacts(life));
      if (answer.permit) take(life, answer.event);
      return answer.permit;
    }
  }
}

/** Asks for one statement, as the gateway would: with the grant as the log knows it. */
function runs(life: Life): boolean {
  const { activatedAt, grantNotAfter, state, now } = life;
  if (activatedAt === null || grantNotAfter === null) return false;
  const ended = isInUse(state) ? null : ({ end: 'revoked', at: now } as const);
  const grant = { ...builders.intent().grant, activatedAt, notAfter: grantNotAfter, ended };
  return decideIntent(builders.intent({ now, grant })).permit;
}

function live(
  life: Life,
  given: (typeof commands)[number] | (typeof endings)[number] | { to: string; step: number },
): boolean {
  if (typeof given === 'string') return perform(life, given);
  const deadline = given.to === 'deadline' ? deadlineOf(lapseFacts(life)) : null;
  const target = deadline === null ? plus(life.now, Math.max(given.step, 0)) : plus(deadline.at, given.step);
  if (target > life.now) life.now = target;
  return true;
}

describe('a life of a request, in any order and to any boundary', () => {
  let statements = 0;
  let extensions = 0;

  it('S19: lets a statement run only after the manager and then the customer approved, and before every end', () => {
    fc.assert(
      fc.property(fc.oneof(day, luckyDay), (given) => {
        const life = born();
        for (const one of given) {
          const before = life.state;
          const worked = live(life, one);
          if (isOver(before)) expect([one, life.state]).toEqual([one, before]);
          if (one !== 'statement' || !worked) continue;
          statements += 1;
          const order = life.history.map(({ event }) => event);
          expect(order.slice(0, 4)).toEqual(['manager_approved', 'customer_asked', 'customer_approved', 'activated']);
          expect(isInUse(life.state)).toBe(true);
          const [manager, , customer, use] = life.history;
          if (manager === undefined || customer === undefined || use === undefined) return expect.unreachable();
          expect(manager.at).toBeLessThan(morning + clocks.managerWindowMs);
          expect(customer.at).toBeLessThan(manager.at + tenant.customerWindowMs);
          expect(use.at).toBeLessThan(customer.at + clocks.activationWindowMs);
          const extended = order.includes('extension_granted');
          extensions += extended ? 1 : 0;
          expect(life.now).toBeLessThan(use.at + (extended ? 3 : 2) * hour);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(statements, 'walks have run statements').toBeGreaterThan(1_000);
    expect(extensions, 'walks have extended grants').toBeGreaterThan(20);
  });

  it('ends by time at exactly its deadline, whether or not a scheduler ever runs', () => {
    fc.assert(
      fc.property(fc.oneof(day, luckyDay), fc.constantFrom(-1, 0, 1), (given, step) => {
        const life = born();
        for (const one of given) live(life, one);
        const deadline = deadlineOf(lapseFacts(life));
        if (deadline === null) return;
        life.now = plus(deadline.at, step);
        const uses = (['ask manager', 'approver', 'use', 'statement', 'more time', 'complete'] as const).filter((use) =>
          perform(structuredClone(life), use),
        );
        if (step >= 0) expect(uses).toEqual([]);
        expect(decideLapse(lapseFacts(life)).permit).toBe(step >= 0);
      }),
      { numRuns: 2_000 },
    );
  });
});
