import { clocks } from '@gatehouse/terms';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { steeredClock } from '../../src/clock.ts';
import { until } from '../cluster.ts';
import {
  acmeLog,
  anApproved,
  anAsking,
  type Life,
  refusalOf,
  rowsOf,
  startLife,
  typesAbout,
  untilState,
} from './life.ts';
import { verifyAcme } from './verifying.ts';

const minute = 60_000;
const hour = 60 * minute;

let life: Life;
const startedAt = Date.now();
const clock = steeredClock(startedAt);
const asked: string[] = [];

beforeAll(async () => {
  life = await startLife(clock);
  // Nobody is a manager in the very moment in which everything was set up.
  clock.advance(1_000);
});
afterAll(() => life?.close());
afterEach(async () => {
  for (const id of asked.splice(0)) {
    const { state } = await life.officer.show(id);
    if (/^(in_review|awaiting_customer|approved_future|active|extension_requested)$/.test(state)) {
      await life.officer.act(id, 'revoke', 'the test is over');
    }
  }
  clock.advance(1_000);
});

async function ask(more = {}): Promise<string> {
  const { id } = await life.engineer.ask(anAsking(more));
  asked.push(id);
  return id;
}

async function approved(more = {}): Promise<string> {
  const { id } = await anApproved(life, more);
  asked.push(id);
  return id;
}

describe('silence', () => {
  it("denies at exactly the end of the manager's window, and not a millisecond before", async () => {
    const raisedAt = clock.now();
    const id = await ask();
    const signed = life.manager.sign(await life.manager.draft(id, 'approve'));
    clock.set(raisedAt + clocks.managerWindowMs - 1);
    expect((await life.engineer.show(id)).state).toBe('in_review');
    clock.advance(1);
    expect((await life.engineer.show(id)).state).toBe('lapsed');
    expect((await refusalOf(life.manager.sendAct(id, signed))).code).toBe('state_not_open');
    expect(await typesAbout(life, id)).toEqual(['access.requested', 'access.lapsed', 'access.refused']);
  });

  it("denies at exactly the end of the customer's window, even if nobody looks", async () => {
    const id = await ask();
    await life.manager.act(id, 'approve');
    const notifiedAt = clock.now();
    const signed = life.acmeApprover.sign(await life.acmeApprover.draft(id, 'approve'));
    clock.set(notifiedAt + clocks.customerWindowMs - 1);
    expect((await life.acmeApprover.show(id)).state).toBe('awaiting_customer');
    clock.advance(1);
    await until(async () => {
      const [row] = await life.sql('gatehouse', `select state from access.requests where id = '${id}'`);
      return row?.[0] === 'denied';
    });
    expect((await refusalOf(life.acmeApprover.sendAct(id, signed))).code).toBe('state_not_open');
  });

  it('takes the yes of the customer in the last millisecond of its window', async () => {
    const id = await ask();
    await life.manager.act(id, 'approve');
    clock.advance(clocks.customerWindowMs - 1);
    expect((await life.acmeApprover.act(id, 'approve')).state).toBe('approved_future');
  });

  it('lets an approval lapse that is not used within an hour', async () => {
    const id = await approved();
    const { user, password } = await life.engineer.credential(id);
    clock.advance(clocks.activationWindowMs);
    expect((await life.refusedAtWire({ user, password })).sqlstate).toBe('28P01');
    expect((await life.engineer.show(id)).state).toBe('lapsed');
    expect((await refusalOf(life.engineer.credential(id))).code).toBe('act_not_open');
  });

  it('moves no window for a time that was edited in the database', async () => {
    const id = await approved();
    clock.advance(clocks.activationWindowMs);
    const late = `timestamptz '${new Date(clock.now()).toISOString()}'`;
    await life.sql(
      'gatehouse',
      `update access.requests set state = 'approved_future', ended_at = null, approved_at = ${late} where id = '${id}'`,
    );
    await life.sql('gatehouse', `update access.statements set decided_at = ${late} where request_id = '${id}'`);
    const { user, password } = await life.engineer.credential(id);
    expect((await life.refusedAtWire({ user, password })).message).toContain('not used in time');
    expect(await typesAbout(life, id)).not.toContain('access.activated');
  });

  it('refuses a draft that was signed later than five minutes after it was made', async () => {
    const draft = await life.engineer.post<{ matter: unknown; document: never }>('/api/v1/requests/draft', anAsking());
    clock.advance(5 * minute + 1);
    const sent = life.engineer.post('/api/v1/requests', {
      matter: draft.matter,
      signed: life.engineer.sign(draft.document),
    });
    expect((await refusalOf(sent)).code).toBe('draft_stale');
  });
});

describe('the end', () => {
  it('lets a grant expire at its time, and cuts what runs within five seconds', async () => {
    const id = await approved({ durationMs: 5 * minute });
    const wire = await life.open(id);
    const running = wire.query('select count(*) from events a cross join events b cross join events c');
    await until(async () => (await typesAbout(life, id)).includes('access.intent'));
    clock.advance(5 * minute);
    const startedAt = performance.now();
    expect(await running).toMatchObject({ ok: false, error: { sqlstate: '57P01' } });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await untilState(life.engineer, id, 'expired');
    await until(async () => (await typesAbout(life, id)).includes('access.outcome'));
    expect((await refusalOf(life.engineer.credential(id))).code).toBe('act_not_open');
  });

  it('runs nothing at or after the end, though the row in the database says later', async () => {
    const id = await approved({ durationMs: 5 * minute });
    const wire = await life.open(id);
    await rowsOf(wire, 'select 1');
    const activatedAt = clock.now();
    await life.sql('gatehouse', `update access.requests set ends_at = ends_at + interval '7 days' where id = '${id}'`);
    await wire.close();
    clock.set(activatedAt + 5 * minute);
    const opened = await life.open(id).then(
      (again) => again.query('select count(*) from orders'),
      () => null,
    );
    if (opened !== null) expect(opened).toMatchObject({ ok: false });
    const lines = (await acmeLog(life)).filter(({ ref, type }) => ref === id && type === 'access.intent');
    expect(lines).toHaveLength(1);
  });

  it('activates nothing while the clock stands behind what it has shown before', async () => {
    const id = await approved();
    const { user, password } = await life.engineer.credential(id);
    const now = clock.now();
    clock.set(now - 3_000);
    const refused = await life.refusedAtWire({ user, password });
    clock.set(now);
    expect(refused.sqlstate).not.toBe('28P01');
    expect((await life.engineer.show(id)).state).toBe('approved_future');
  });
});

describe('more time', () => {
  it('is asked for, approved by the same two, and moves the end of the open session', async () => {
    const id = await approved({ durationMs: 10 * minute });
    const wire = await life.open(id);
    const activatedAt = clock.now();
    expect((await life.engineer.extend(id, 20 * minute)).state).toBe('extension_requested');
    await rowsOf(wire, 'select 1');
    expect((await life.manager.act(id, 'approve')).state).toBe('extension_requested');
    const granted = await life.acmeApprover.act(id, 'approve');
    expect(granted.state).toBe('active');
    expect(Date.parse(granted.endsAt ?? '')).toBe(activatedAt + 30 * minute);
    clock.set(activatedAt + 29 * minute);
    expect(await rowsOf(wire, 'select count(*) from orders')).toHaveLength(1);
    clock.set(activatedAt + 30 * minute);
    expect(await wire.query('select count(*) from orders')).toMatchObject({ ok: false });
    await untilState(life.engineer, id, 'expired');
  });

  it('is denied by the customer, and the grant goes on to its first end', async () => {
    const id = await approved({ durationMs: 10 * minute });
    await (await life.open(id)).close();
    const before = (await life.engineer.show(id)).endsAt;
    await life.engineer.extend(id, 20 * minute);
    await life.manager.act(id, 'approve');
    const denied = await life.acmeApprover.act(id, 'deny');
    expect(denied).toMatchObject({ state: 'active', endsAt: before });
    clock.advance(10 * minute);
    expect((await life.engineer.show(id)).state).toBe('expired');
  });

  it('is refused beyond eight hours in all, and to everybody but the holder', async () => {
    const id = await approved({ durationMs: hour });
    await (await life.open(id)).close();
    expect((await refusalOf(life.engineer.extend(id, 8 * hour))).code).toBe('duration_too_long');
    expect((await refusalOf(life.manager.extend(id, hour))).status).toBeGreaterThanOrEqual(403);
    expect((await life.engineer.show(id)).state).toBe('active');
  });
});

describe('what was true at the request', () => {
  it('must stay true: a lapsed training ends an approval that waits for its use', async () => {
    const trainingEndsAt = startedAt + 365 * 24 * hour;
    clock.set(trainingEndsAt - 10 * minute);
    const id = await approved();
    clock.set(trainingEndsAt + 1);
    await untilState(life.officer, id, 'revoked');
    const revoked = (await acmeLog(life)).findLast(({ ref, type }) => ref === id && type === 'access.revoked');
    expect(revoked?.payload).toMatchObject({ decided: { facts: { cause: { kind: 'standing_lost' } } } });
    expect((await refusalOf(life.engineer.ask(anAsking()))).code).toBe('training_lapsed');
  });
});

describe('the verifier of the customer', () => {
  it('finds nothing wrong in a log of windows that ended, extensions and a clock that jumped', async () => {
    expect((await verifyAcme(life)).findings).toEqual([]);
  });
});
