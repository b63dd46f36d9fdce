import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clocks,
  day,
  decideActivation,
  decideCompletion,
  decideCustomer,
  decideExtension,
  decideIntent,
  decideLapse,
  decideManager,
  decideRequest,
  decideStandingApproval,
  hour,
  instant,
  minute,
  outerNotAfter,
  plus,
  stateAt,
} from '../src/index.ts';
import { aGrant, anExtension, aRequest, aStanding, aTenant, builders, morning } from './build-facts.ts';

/** One millisecond before a boundary, on it, and one after: where an off-by-one lives. */
const steps = [-1, 0, 1] as const;

/** The three decisions around `boundary`, as yes (1) and no (0). */
function around(boundary: number, permits: (now: ReturnType<typeof instant>) => boolean): string {
  return steps.map((step) => (permits(instant(boundary + step)) ? '1' : '0')).join('');
}

describe('every span includes its first millisecond and excludes its end', () => {
  it('the grant, at each statement', () => {
    const { grant } = builders.intent();
    expect(around(grant.activatedAt, (now) => decideIntent(builders.intent({ now })).permit)).toBe('011');
    expect(around(grant.notAfter, (now) => decideIntent(builders.intent({ now })).permit)).toBe('100');
  });

  it('the grant, at completion', () => {
    const grantNotAfter = plus(morning, 2 * hour);
    expect(around(grantNotAfter, (now) => decideCompletion(builders.completion({ now, grantNotAfter })).permit)).toBe(
      '100',
    );
  });

  it('the grant, when more time is asked for', () => {
    expect(around(aGrant().notAfter, (now) => decideExtension(builders.extension({ now })).permit)).toBe('100');
  });

  it("the manager's four hours", () => {
    expect(around(plus(morning, 4 * hour), (now) => decideManager(builders.manager_decision({ now })).permit)).toBe(
      '100',
    );
  });

  it("the customer's window, from one hour to four days", () => {
    const window = fc.integer({ min: clocks.customerWindowMinMs, max: clocks.customerWindowMaxMs });
    fc.assert(
      fc.property(window, (customerWindowMs) => {
        const facts = builders.customer_decision({ tenant: aTenant({ customerWindowMs }) });
        const end = (facts.notifiedAt ?? morning) + customerWindowMs;
        expect(around(end, (now) => decideCustomer({ ...facts, now }).permit)).toBe('100');
      }),
    );
  });

  it('the hour for the first use, after the approval or after notBefore', () => {
    const { request } = builders.activation();
    const approvedAt = plus(morning, hour);
    expect(around(plus(approvedAt, hour), (now) => decideActivation(builders.activation({ now })).permit)).toBe('100');
    const notBefore = plus(morning, 3 * day);
    const notAfter = outerNotAfter({ raisedAt: morning, notBefore, durationMs: 2 * hour, customerWindowMs: 12 * hour });
    const ahead = (now: ReturnType<typeof instant>) =>
      decideActivation(builders.activation({ now, request: { ...request, notBefore, notAfter } })).permit;
    expect(around(notBefore, ahead)).toBe('011');
    expect(around(plus(notBefore, hour), ahead)).toBe('100');
  });

  it("the privacy training, the role, the supplier's year", () => {
    const last = plus(morning, 5 * day);
    const asks = (requester: ReturnType<typeof aStanding>) => (now: ReturnType<typeof instant>) =>
      decideRequest(
        builders.request({
          now,
          requester,
          request: aRequest({ raisedAt: now, notBefore: now, notAfter: plus(now, 2 * hour) }),
        }),
      ).permit;
    const party = { ...aStanding().party, kind: 'subcontractor_staff' } as const;
    const eligibilities = aStanding().eligibilities.map((role) => ({ ...role, until: last }));
    expect(around(last, asks(aStanding({ trainingValidUntil: last })))).toBe('100');
    expect(around(last, asks(aStanding({ eligibilities })))).toBe('100');
    expect(around(last, asks(aStanding({ party, supplier: 'green', supplierValidUntil: last })))).toBe('100');
  });

  it('the standing approval', () => {
    const { approval } = builders.standing_approval();
    const permits = (now: ReturnType<typeof instant>) =>
      decideStandingApproval(builders.standing_approval({ now })).permit;
    expect(around(approval.notBefore, permits)).toBe('011');
    expect(around(approval.notAfter, permits)).toBe('100');
  });

  it("the approver's time in the role, at notification and at decision", () => {
    const facts = builders.customer_decision();
    const notifiedAt = facts.notifiedAt ?? morning;
    const approver = (since: number, until: number | null) => ({
      ...facts.approver,
      held: [{ since: instant(since), until: until === null ? null : instant(until) }],
    });
    expect(around(notifiedAt, (since) => decideCustomer({ ...facts, approver: approver(since, null) }).permit)).toBe(
      '110',
    );
    expect(around(facts.now, (until) => decideCustomer({ ...facts, approver: approver(0, until) }).permit)).toBe('001');
  });

  it('the clock may go back two seconds and not a millisecond more', () => {
    expect(
      around(2_000, (clockRegressedMs) => decideActivation(builders.activation({ clockRegressedMs })).permit),
    ).toBe('110');
  });
});

describe('time alone', () => {
  it('ends a request at exactly the moment at which it can no longer be decided or used', () => {
    const shift = fc.constantFrom(...steps);
    fc.assert(
      fc.property(shift, fc.integer({ min: 0, max: 30 * day }), (step, later) => {
        const raisedAt = plus(morning, later);
        const now = plus(raisedAt, clocks.managerWindowMs + step);
        const decided = decideManager(builders.manager_decision({ now, raisedAt })).permit;
        const lapse = builders.lapse({ now, raisedAt, notBefore: raisedAt, notAfter: plus(raisedAt, 30 * hour) });
        expect(decideLapse(lapse).permit).toBe(!decided);
      }),
    );
  });

  it('turns silence into denial, lateness into lapse and the end of a grant into expiry', () => {
    const notifiedAt = plus(morning, 1 * hour);
    const waiting = builders.lapse({ state: 'awaiting_customer', notifiedAt, now: plus(notifiedAt, 12 * hour) });
    expect(stateAt(waiting)).toBe('denied');
    expect(stateAt({ ...waiting, now: plus(waiting.now, -1) })).toBe('awaiting_customer');
    const approved = builders.lapse({ state: 'approved_future', approvedAt: morning, now: plus(morning, hour) });
    expect(stateAt(approved)).toBe('lapsed');
    const running = builders.lapse({
      state: 'active',
      grantNotAfter: plus(morning, 2 * hour),
      now: plus(morning, 2 * hour),
    });
    expect(stateAt(running)).toBe('expired');
    expect(stateAt({ ...running, now: plus(running.now, -1) })).toBe('active');
  });

  it('gives a receipt at most a second, and never past the end of the grant', () => {
    const { grant } = builders.intent();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 * hour }), (before) => {
        const now = plus(grant.notAfter, -before);
        const decision = decideIntent(builders.intent({ now }));
        expect(decision.permit && decision.receiptUntil - now).toBe(Math.min(1_000, before));
      }),
    );
  });

  it('gives a grant its duration from the first use, never past the signed outer end, never above eight hours', () => {
    const { request } = builders.activation();
    const durations = fc.integer({ min: minute, max: 8 * hour });
    const firstUse = fc.integer({ min: hour, max: 2 * hour - 1 });
    fc.assert(
      fc.property(durations, firstUse, fc.integer({ min: hour, max: 24 * hour }), (durationMs, used, outer) => {
        const now = plus(morning, used);
        const notAfter = plus(morning, outer);
        const decision = decideActivation(builders.activation({ now, request: { ...request, durationMs, notAfter } }));
        expect(decision.permit).toBe(now < notAfter);
        if (!decision.permit) return;
        expect(decision.notAfter).toBe(Math.min(now + durationMs, notAfter));
        expect(decision.notAfter - decision.activatedAt).toBeLessThanOrEqual(8 * hour);
      }),
    );
  });

  it('extends a grant only to more, and never above eight hours in total', () => {
    const budgets = aGrant().budgets;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 * hour }),
        fc.integer({ min: 0, max: 24 * hour }),
        (durationMs, outer) => {
          const asked = anExtension({ budgets: { ...budgets, durationMs }, notAfter: plus(morning, outer) });
          const decision = decideExtension(builders.extension({ asked }));
          expect(decision.permit).toBe(durationMs <= 8 * hour && Math.min(durationMs, outer) > 2 * hour);
          if (decision.permit) expect(decision.notAfter - morning).toBeLessThanOrEqual(8 * hour);
        },
      ),
    );
  });
});
