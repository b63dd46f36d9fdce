import { replayRecord } from '@gatehouse/terms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../cluster.ts';
import { acmeLog, anApproved, type Life, rowsOf, startLife, typesAbout } from './life.ts';

let life: Life;
beforeAll(async () => {
  life = await startLife();
});
afterAll(() => life?.close());

describe('the sessions of one grant', () => {
  it('share its row budget: two that read at the same time never get a row more together', async () => {
    const rows = 61;
    const { id } = await anApproved(life, { rows });
    const wires = [await life.open(id), await life.open(id)];
    const got = await Promise.all(
      wires.map(async (wire) => {
        let count = 0;
        for (let turn = 0; turn < 20; turn += 1) {
          const answered = await wire.query('select id from orders order by id limit 7');
          if (!answered.ok) return { count, sqlstate: answered.error.sqlstate };
          count += answered.value.rows.length;
        }
        return { count, sqlstate: null };
      }),
    );
    expect(got.map(({ sqlstate }) => sqlstate)).toEqual(['53400', '53400']);
    for (const wire of wires) await wire.close();
    await until(async () => (await life.engineer.show(id)).used.rows === rows);
    const outcomes = (await acmeLog(life)).filter(({ ref, type }) => ref === id && type === 'access.outcome');
    expect(outcomes.reduce((sum, { payload }) => sum + Number(payload?.['rows']), 0)).toBe(rows);
    await life.engineer.act(id, 'complete');
  });

  it('are at most eight at a time, and the ninth is told so', async () => {
    const { id } = await anApproved(life);
    const wires = [];
    for (let count = 0; count < 8; count += 1) wires.push(await life.open(id));
    expect(await life.refusedAtWire(await life.engineer.credential(id))).toMatchObject({ sqlstate: '53300' });
    for (const wire of wires) await wire.close();
    await life.engineer.act(id, 'complete');
  });

  it("puts a statement that no grant allows into the customer's log: its text, why, and the terms' own decision", async () => {
    const { id } = await anApproved(life);
    const wire = await life.open(id);
    await rowsOf(wire, 'select 1');
    const sql = "update orders set status = 'shipped' where number = 'ACME-4711'";
    expect(await wire.query(sql)).toMatchObject({ ok: false, error: { sqlstate: '42501' } });
    const long = `delete from orders where number in ('${'x'.repeat(40_000)}')`;
    expect(await wire.query(long)).toMatchObject({ ok: false, error: { sqlstate: '42501' } });
    await rowsOf(wire, 'select 2');
    await until(async () => (await typesAbout(life, id)).filter((type) => type === 'access.outcome').length === 2);
    const lines = (await acmeLog(life)).filter(({ ref }) => ref === id);
    const statements = lines.filter(({ type }) => /^access\.(intent|refused|connection_refused)$/.test(type));
    expect(statements.map(({ type, payload }) => [type, payload?.['sql']])).toEqual([
      ['access.intent', 'select 1'],
      ['access.refused', sql],
      ['access.refused', expect.stringMatching(/^sha256:[A-Za-z0-9+/]{43}= of 40039 bytes$/)],
      ['access.intent', 'select 2'],
    ]);
    const [, refused] = statements;
    expect(refused?.payload).toMatchObject({
      why: 'UPDATE writes, and this grant reads.',
      shape: 'update orders set status = ? where number = ?',
      params: [],
      decided: { kind: 'intent', decision: { permit: false, reason: 'statement_forbidden' } },
    });
    for (const { payload } of statements) expect(replayRecord(payload?.['decided'])).toMatchObject({ kind: 'same' });
    await wire.close();
    await life.engineer.act(id, 'complete');
  });
});
