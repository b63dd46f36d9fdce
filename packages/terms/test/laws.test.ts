import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  budgetsWithin,
  decide,
  decideCustomer,
  decideExtension,
  decideIntent,
  decideManager,
  decideRequest,
  decisionKinds,
  explain,
  modes,
  partyKinds,
  plus,
  purposeOf,
  purposes,
  reasonCodes,
  redecide,
  releasedTerms,
  replayRecord,
  requestStates,
  scopeWithin,
  statementClasses,
  subscriptionStates,
  supplierStates,
  transition,
  transforms,
  type RequestEvent,
  type Scope,
  type SubscriptionState,
} from '../src/index.ts';
import { anExtension, aRequest, aStanding, aTenant, builders, morning, type Facts } from './build-facts.ts';

const kinds = fc.constantFrom(...decisionKinds);
const people = fc.constantFrom('ann', 'ben', 'cem', 'dag');
const tenants = fc.constantFrom('acme', 'globex');
const near = fc.constantFrom(-1, 0, 1).map((step) => plus(morning, step));

const requester = fc
  .record({
    party: fc.record({
      id: fc.constantFrom('engineer', 'other'),
      kind: fc.constantFrom(...partyKinds),
      employer: fc.constantFrom('Operator Ltd', 'Sub Ltd'),
      country: fc.constantFrom('DE', 'US'),
      tenant: fc.option(tenants),
    }),
    employed: fc.boolean(),
    locked: fc.boolean(),
    trainingValidUntil: fc.option(near),
    supplier: fc.constantFrom(...supplierStates),
    supplierValidUntil: fc.option(near),
  })
  .map((over) => aStanding(over));

/** The right value three times in four, so that permits occur although many facts vary. */
function mostly<T>(right: T, any: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: any });
}

/** Requests with any fact wrong or right. */
const requestFacts: fc.Arbitrary<Facts<'request'>> = fc
  .record({
    requester: mostly(aStanding(), requester),
    request: fc
      .record({
        employer: mostly('Operator Ltd', fc.constant('Sub Ltd')),
        purpose: mostly<string>('troubleshoot.repair', fc.constantFrom(...purposes.map(({ code }) => code))),
        reasonCode: mostly<string>('audit', fc.constantFrom(...reasonCodes, 'other')),
        mode: fc.constantFrom(...modes),
      })
      .map((over) => aRequest(over)),
    tenant: fc
      .record({
        tenant: mostly('acme', tenants),
        subscription: mostly<SubscriptionState>('active', fc.constantFrom(...subscriptionStates)),
      })
      .map((over) => aTenant(over)),
    liveGrants: fc.integer({ min: 0, max: 3 }),
  })
  .map((over) => builders.request(over));

/** Ways to take something away from the one who asks. None may ever turn a no into a yes. */
const takeAway: readonly ((facts: Facts<'request'>) => Facts<'request'>)[] = [
  (facts) => ({ ...facts, requester: { ...facts.requester, employed: false } }),
  (facts) => ({ ...facts, requester: { ...facts.requester, locked: true } }),
  (facts) => ({ ...facts, requester: { ...facts.requester, eligibilities: [] } }),
  (facts) => ({ ...facts, requester: { ...facts.requester, confidentialitySignedAt: null } }),
  (facts) => ({ ...facts, requester: { ...facts.requester, trainingValidUntil: null } }),
  (facts) => ({ ...facts, requester: { ...facts.requester, supplier: 'red' } }),
  (facts) => ({ ...facts, liveGrants: facts.liveGrants + 1 }),
  (facts) => ({ ...facts, tenant: facts.tenant && { ...facts.tenant, countries: ['FR'] } }),
  (facts) => ({ ...facts, tenant: facts.tenant && { ...facts.tenant, optedOut: purposes.map(({ code }) => code) } }),
  (facts) => ({
    ...facts,
    tenant: facts.tenant && { ...facts.tenant, excludedEmployers: ['Operator Ltd', 'Sub Ltd'] },
  }),
  (facts) => ({ ...facts, tenant: facts.tenant && { ...facts.tenant, grantMaxMs: 0 } }),
  (facts) => ({ ...facts, tenant: null }),
];

describe('whatever the facts', () => {
  it('a decision is the same each time, changes nothing, and is plain JSON', () => {
    fc.assert(
      fc.property(requestFacts, (facts) => {
        const before = JSON.stringify(facts);
        const record = decide('request', facts);
        expect(JSON.stringify(facts)).toBe(before);
        expect(JSON.parse(JSON.stringify(record))).toEqual(record);
        expect(replayRecord(JSON.parse(JSON.stringify(record)))).toEqual({ kind: 'same' });
        if (!record.decision.permit) expect(explain(record.decision).sentence).toMatch(/^[A-Z].*\.$/);
      }),
    );
  });

  it('taking something away from the one who asks never turns a no into a yes', () => {
    let permits = 0;
    fc.assert(
      fc.property(requestFacts, fc.constantFrom(...takeAway), (facts, less) => {
        const before = decideRequest(facts);
        if (before.permit) permits += 1;
        expect(decideRequest(less(facts)).permit && !before.permit).toBe(false);
      }),
      { numRuns: 2_000 },
    );
    expect(permits, 'the law has met permits').toBeGreaterThan(20);
  });

  it('a yes to a request means that every single thing held', () => {
    fc.assert(
      fc.property(requestFacts, (facts) => {
        if (!decideRequest(facts).permit) return;
        const { requester: person, request, tenant } = facts;
        expect(person.employed && !person.locked && person.party.id === request.requester).toBe(true);
        expect(['government', 'customer_user', 'support_contractor', 'legal_officer', 'dc_staff']).not.toContain(
          person.party.kind,
        );
        expect(purposeOf(request.purpose)?.permitted).toBe(true);
        expect(tenant?.tenant).toBe(request.tenant);
        expect(['disabled', 'deleting', 'deleted']).not.toContain(tenant?.subscription);
        expect(facts.liveGrants).toBeLessThan(2);
      }),
      { numRuns: 2_000 },
    );
  });

  it('no step leads where the table of states does not', () => {
    const state = fc.constantFrom(...requestStates);
    fc.assert(
      fc.property(kinds, state, (kind, found) => {
        const facts = builders[kind]() as Record<string, unknown>;
        if (!('state' in facts)) return;
        const answer = redecide(1, kind, { ...facts, state: found });
        if (answer.kind !== 'decided' || !answer.decision.permit || !('next' in answer.decision)) return;
        const { event, next } = answer.decision as { event: RequestEvent | null; next: string };
        expect(event === null ? found : transition(found, event)).toBe(next);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('facts of unknown origin', () => {
  it('never throw, and never permit, whatever JSON they are', () => {
    fc.assert(
      fc.property(kinds, fc.jsonValue(), (kind, facts) => {
        expect(redecide(1, kind, facts).kind).toBe('malformed');
        expect(decide(kind, facts as never).decision).toMatchObject({ permit: false, reason: 'facts_malformed' });
      }),
    );
  });

  it('are malformed if any member is missing, of another type, or unknown', () => {
    for (const kind of decisionKinds) {
      for (const facts of spoilt(builders[kind]())) {
        expect([kind, facts, redecide(1, kind, facts).kind]).toEqual([kind, facts, 'malformed']);
        expect(releasedTerms[1]?.decide[kind](facts as never).permit).toBe(false);
      }
    }
  });

  it('hold no text that the log could not hold', () => {
    for (const by of ['x'.repeat(8_193), '\uD800', '\uDC00\uD800']) {
      expect(redecide(1, 'intent', builders.intent({ by }))).toMatchObject({ kind: 'malformed' });
    }
  });

  it('are not decided with a version or a kind that nobody released', () => {
    for (const version of [0, 2, 1.5, '1', null, 'toString', Number.NaN]) {
      expect(redecide(version, 'request', builders.request())).toEqual({ kind: 'unknown_version' });
    }
    for (const kind of ['toString', '__proto__', 'requests', null, 1]) {
      expect(redecide(1, kind, builders.request()).kind).toBe('malformed');
    }
    for (const record of [null, 1, 'x', []]) expect(replayRecord(record).kind).toBe('malformed');
  });

  it('that differ from what was recorded are named as a difference', () => {
    const record = decide('intent', builders.intent());
    const edited = { ...record, facts: { ...record.facts, tenant: 'globex' } };
    expect(replayRecord(edited)).toMatchObject({ kind: 'differs', decided: { permit: false, reason: 'other_tenant' } });
  });

  it('that were refused as malformed replay as the same', () => {
    const record = decide('intent', { ...builders.intent(), now: Number.NaN } as never);
    expect(replayRecord(record)).toEqual({ kind: 'same' });
  });
});

describe('approvals', () => {
  it('never come from the requester, from below, from outside the line, or from after the request', () => {
    const oversight = fc.record({ person: people, since: near });
    const facts = fc
      .record({
        requester: people,
        requesterLine: fc.array(oversight, { maxLength: 3 }),
        delegates: fc.array(oversight, { maxLength: 2 }),
        manager: fc.record({
          id: people,
          kind: fc.constantFrom('operator_staff', 'auditor'),
          employed: fc.boolean(),
          locked: fc.constant(false),
          line: fc.array(people, { maxLength: 2 }),
        }),
      })
      .map((over) => builders.manager_decision(over as Partial<Facts<'manager_decision'>>));
    let permits = 0;
    fc.assert(
      fc.property(facts, (given) => {
        if (!decideManager(given).permit) return;
        permits += 1;
        const { manager, requester: asker, requesterLine, delegates, raisedAt } = given;
        expect(manager.id).not.toBe(asker);
        expect(manager.line).not.toContain(asker);
        expect(
          [...requesterLine, ...delegates].some((place) => place.person === manager.id && place.since < raisedAt),
        ).toBe(true);
      }),
      { numRuns: 3_000 },
    );
    expect(permits, 'the law has met permits').toBeGreaterThan(20);
  });

  it('of the customer need as many different people as the quorum says, and one no is enough', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.uniqueArray(people), fc.boolean(), (quorum, signedBy, no) => {
        const decision = no ? 'deny' : 'approve';
        const answer = decideCustomer(builders.customer_decision({ tenant: aTenant({ quorum }), signedBy, decision }));
        expect(answer.permit).toBe(true);
        if (!answer.permit) return;
        if (no) expect(answer.next).toBe('denied');
        else expect(answer.next).toBe(signedBy.length + 1 >= quorum ? 'approved_future' : 'awaiting_customer');
      }),
    );
  });

  it('never widen: an extension that is permitted differs from the grant in time alone', () => {
    const names = fc.option(fc.subarray(['orders', 'details', 'people']));
    const scope: fc.Arbitrary<Scope> = fc.record({
      tables: names,
      columns: names,
      statement: fc.option(fc.constantFrom('select 1', 'select 2')),
      transform: fc.constantFrom(...transforms),
    });
    const rows = fc.integer({ min: 999, max: 1_001 });
    fc.assert(
      fc.property(scope, scope, rows, tenants, fc.constantFrom(...modes), (held, wanted, count, tenant, mode) => {
        const facts = builders.extension();
        const budgets = { ...facts.asked.budgets, rows: count };
        const asked = anExtension({ scope: wanted, budgets, tenant, mode });
        const answer = decideExtension({ ...facts, grant: { ...facts.grant, scope: held }, asked });
        if (!answer.permit) return;
        expect(scopeWithin(wanted, held) && budgetsWithin(budgets, facts.grant.budgets)).toBe(true);
        expect([asked.tenant, asked.mode]).toEqual([facts.grant.tenant, facts.grant.mode]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('use', () => {
  it('S7: never reaches another tenant, source, mode or person than the grant names', () => {
    const facts = fc
      .record({
        by: mostly('engineer', fc.constant('other')),
        tenant: mostly('acme', tenants),
        source: mostly('orders', fc.constant('billing')),
        statement: fc.record({ class: fc.constantFrom(...statementClasses), approved: fc.option(fc.boolean()) }),
        used: fc.record({
          rows: fc.constantFrom(0, 999, 1_000, 1_001),
          bytes: fc.constantFrom(0, 999_999, 1_000_000),
          statements: fc.constantFrom(0, 99, 100),
        }),
        now: fc.constantFrom(-1, 0, 1, 7_199_999, 7_200_000, 7_200_001).map((step) => plus(morning, step)),
      })
      .map((over) => builders.intent(over));
    let permits = 0;
    fc.assert(
      fc.property(facts, (given) => {
        const answer = decideIntent(given);
        if (!answer.permit) return;
        permits += 1;
        const { grant, now, statement } = given;
        expect([given.by, given.tenant, given.source]).toEqual([grant.holder, grant.tenant, grant.source]);
        expect(now >= grant.activatedAt && now < grant.notAfter).toBe(true);
        expect(['session', 'read']).toContain(statement.class);
        expect(Math.min(answer.rowsLeft, answer.bytesLeft)).toBeGreaterThan(0);
        expect(answer.statementsLeft).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 5_000 },
    );
    expect(permits, 'the law has met permits').toBeGreaterThan(20);
  });
});

/** Every way to spoil one member, at any depth: leave it out, give it another type, add one that nobody knows. */
function* spoilt(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    yield [...value, { unknown: true }];
    for (const [index, member] of value.entries()) for (const bad of spoilt(member)) yield value.with(index, bad);
    return;
  }
  yield { ...value, unknown: 1 };
  for (const [name, member] of Object.entries(value)) {
    const { [name]: _left, ...rest } = value as Record<string, unknown>;
    yield rest;
    yield { ...value, [name]: { surprising: true } };
    yield { ...value, [name]: Number.NaN };
    for (const bad of spoilt(member)) yield { ...value, [name]: bad };
  }
}
