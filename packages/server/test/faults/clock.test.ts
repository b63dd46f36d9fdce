import { afterAll, beforeAll, expect, it } from 'vitest';
import { steeredClock } from '../../src/clock.ts';
import { acmeLog, anApproved, type Life, refusalOf, rowsOf, startLife, untilState } from '../life/life.ts';

const clock = steeredClock(Date.now());
let life: Life;
beforeAll(async () => {
  life = await startLife(clock);
  // People decide about what was asked after they were given their roles.
  clock.advance(60_000);
});
afterAll(() => life?.close());

it('activates nothing while the clock stands more than 2 s behind, and does again when it has caught up', async () => {
  const { id } = await anApproved(life);
  clock.advance(10_000);
  clock.advance(-2_001);
  const refused = await life.refusedAtWire(await life.engineer.credential(id));
  expect(refused.message).toMatch(/clock/i);
  expect(refused.sqlstate).toMatch(/^[0-9A-Z]{5}$/);
  expect((await life.engineer.show(id)).state).toBe('approved_future');
  clock.advance(2_001); // caught up
  const wire = await life.open(id);
  expect(await rowsOf(wire, 'select 1')).toEqual([['1']]);
  await wire.close();
  await life.engineer.act(id, 'complete');
});

it('extends no deadline by a clock that goes back, and writes no time that falls', async () => {
  const { id } = await anApproved(life, { durationMs: 60_000 });
  const wire = await life.open(id);
  const { endsAt } = await life.engineer.show(id);
  clock.advance(-600_000);
  const during = await wire.query('select 2');
  // Back to where it was and on to the end: the ten minutes that the clock lost were not given to the grant.
  clock.advance(600_000);
  expect((await life.engineer.show(id)).endsAt).toBe(endsAt);
  clock.advance(60_000);
  await untilState(life.engineer, id, 'expired');
  const after = await wire.query('select 3');
  expect(after.ok).toBe(false);
  expect(await refusalOf(life.engineer.credential(id))).toMatchObject({ code: 'act_not_open' });
  await wire.close();
  const lines = await acmeLog(life);
  const intents = lines.filter(({ ref, type }) => ref === id && type === 'access.intent');
  expect(intents).toHaveLength(during.ok ? 1 : 0);
  const times = lines.map(({ time }) => time);
  expect(times).toEqual(times.toSorted());
});
