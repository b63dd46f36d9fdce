import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debian15Missing, until } from '../cluster.ts';
import { type Wire, login, typed } from './raw-client.ts';
import { type Stage, openStage } from './stage.ts';

if (debian15Missing !== null) console.warn(debian15Missing);
describe.skipIf(debian15Missing !== null)('the row budget of a grant', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  type Grant = ReturnType<Stage['grant']>;
  const open = (grant: Grant): Promise<Wire> =>
    login(stage.gateway, { user: grant.grantId, database: grant.source, token: grant.token });
  const rowsOf = (wire: Wire): number => wire.messages().filter(({ type }) => type === 'D' || type === 'd').length;
  const run = async (rowsLeft: number, sql: string): Promise<{ wire: Wire; grant: Grant }> => {
    const grant = stage.grant({ rowsLeft });
    const wire = await open(grant);
    const ended = () => /Z.*[ZE]/.test(wire.types());
    wire.send(typed('Q', sql));
    await wire.until(ended);
    wire.socket.destroy();
    return { wire, grant };
  };

  it('is one for all its sessions: two that read at the same time never get a row more together', async () => {
    const grant = stage.grant({ rowsLeft: 1_501, uses: 2 });
    const [one, two] = await Promise.all([open(grant), open(grant)]);
    for (const wire of [one, two]) wire.send(typed('Q', 'select id, repeat(note, 40) from orders'));
    await Promise.all([one, two].map((wire) => wire.until(() => /Z.*[ZE]/.test(wire.types()))));
    expect(rowsOf(one) + rowsOf(two)).toBe(1_501);
    expect(grant.rowsLeft).toBe(0);
    expect([one, two].some((wire) => wire.error()['C'] === '53400')).toBe(true);
    one.socket.destroy();
    two.socket.destroy();
    const told = () => stage.access.told.filter((entry) => entry.grantId === grant.grantId);
    await until(() => told().filter(({ kind }) => kind === 'closed').length === 2);
    const rows = told().map((entry) => (entry.kind === 'outcome' ? entry.outcome.rows : 0));
    expect(rows.reduce((sum, count) => sum + count, 0)).toBe(1_501);
  });

  it.each([
    ['copy (select id from orders order by id limit 5) to stdout', 5],
    ['copy (select id from orders order by id limit 5) to stdout (header)', 5],
    ['copy (select id from orders order by id limit 5) to stdout (format csv, header true)', 5],
    ['copy (select id from orders order by id limit 5) to stdout with csv header', 5],
    ['copy (select id from orders order by id limit 5) to stdout (format csv, header off)', 5],
    ['copy (select id from orders order by id limit 5) to stdout (format csv, header 1)', 5],
    ['copy (select id from orders order by id limit 5) to stdout (format binary)', 5],
    ['copy (select id from orders where id < 0) to stdout (format binary)', 0],
    ['copy (select id from orders where id < 0) to stdout (header)', 0],
    [
      'copy (select 1) to stdout; copy (select 2) to stdout (header); copy (select 3) to stdout (format csv, header)',
      3,
    ],
  ])('counts neither the header line nor the end of a COPY: %s', async (sql, rows) => {
    const { wire, grant } = await run(rows, sql);
    expect(wire.error()).toEqual({});
    expect(wire.types()).toMatch(/CZ$/);
    expect(grant.rowsLeft).toBe(0);
    await until(() => stage.access.told.some((entry) => entry.kind === 'closed' && entry.grantId === grant.grantId));
    const outcome = stage.access.told.find((entry) => entry.kind === 'outcome' && entry.grantId === grant.grantId);
    expect(outcome).toMatchObject({ outcome: { outcome: 'ok', rows } });
    if (rows === 0) return;
    const { wire: cut } = await run(rows - 1, sql);
    expect(cut.error()).toMatchObject({ S: 'FATAL', C: '53400' });
  });
});

describe.skipIf(debian15Missing !== null)('a statement that the policy denies', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage({ denialsAtOnce: 3, denialEveryMs: 150, intentBytes: 10_000 });
  });
  afterAll(() => stage.close());

  const session = async () => {
    const grant = stage.grant();
    const wire = await login(stage.gateway, { user: grant.grantId, database: grant.source, token: grant.token });
    const told = () => stage.access.told.filter((entry) => entry.grantId === grant.grantId);
    return { wire, told };
  };

  it('is on record with its text and the sentence, in order with the statements that ran, before the client hears of it', async () => {
    const { wire, told } = await session();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = false;
    stage.access.durable = async ({ class: kind }) => {
      if (kind !== 'forbidden') return;
      asked = true;
      await held;
    };
    const two = Buffer.from([0, 0]);
    wire.send(Buffer.concat([typed('Q', 'select 1'), typed('P', '', "update orders set note = 'x'", two), typed('S')]));
    wire.send(typed('Q', 'select 2'));
    await until(() => asked);
    expect(wire.types()).not.toContain('E');
    release();
    await wire.until(() => wire.types().split('Z').length >= 5);
    stage.access.durable = () => Promise.resolve();
    expect(wire.error()).toMatchObject({ C: '42501', M: expect.stringContaining('UPDATE writes') });
    const texts = told().flatMap((entry) =>
      entry.kind === 'intent' || entry.kind === 'denial' ? [[entry.kind, entry.intent.sql, entry.intent.class]] : [],
    );
    expect(texts).toEqual([
      ['intent', 'select 1', 'read'],
      ['denial', "update orders set note = 'x'", 'forbidden'],
      ['intent', 'select 2', 'read'],
    ]);
    expect(told().find((entry) => entry.kind === 'denial')).toMatchObject({
      intent: { shape: 'update orders set note = ?' },
      why: 'UPDATE writes, and this grant reads.',
    });
    wire.socket.destroy();
  });

  it('is recorded also where it was not parsed because of its length', async () => {
    const { wire, told } = await session();
    const before = wire.types().length;
    wire.send(typed('Q', `select '${'x'.repeat(20_000)}'`));
    await wire.until(() => wire.types().slice(before).includes('Z'));
    expect(wire.error()).toMatchObject({ C: '54000' });
    expect(told()).toMatchObject([{ kind: 'denial', intent: { class: 'forbidden', params: [] } }]);
    wire.socket.destroy();
  });

  it('ends the session when the log does not take it', async () => {
    const { wire } = await session();
    stage.access.durable = () => Promise.reject(new Error('LOG_UNAVAILABLE'));
    wire.send(typed('Q', 'drop table orders'));
    await wire.end();
    stage.access.durable = () => Promise.resolve();
    expect(wire.error()).toMatchObject({ S: 'FATAL', C: '57P03' });
  });

  it('comes at a pace when it comes again and again: none is left out, and the client waits', async () => {
    const { wire, told } = await session();
    const before = wire.types().length;
    const startedAt = performance.now();
    wire.send(Buffer.concat(Array.from({ length: 9 }, (_, turn) => typed('Q', `delete from t${turn}`))));
    await wire.until(() => wire.types().slice(before).split('Z').length > 9);
    expect(performance.now() - startedAt).toBeGreaterThan(6 * 150 - 50);
    expect(told().map((entry) => (entry.kind === 'denial' ? entry.intent.sql : ''))).toEqual(
      Array.from({ length: 9 }, (_, turn) => `delete from t${turn}`),
    );
    wire.send(typed('Q', 'delete from last'));
    wire.socket.destroy();
    await until(() => told().some(({ kind }) => kind === 'closed'));
  });

  it('is no record where the client only names what is not there, as with PostgreSQL', async () => {
    const { wire, told } = await session();
    const before = wire.types().length;
    wire.send(Buffer.concat([typed('E', 'nothing', 0), typed('S')]));
    await wire.until(() => wire.types().slice(before).includes('Z'));
    expect(wire.error()).toMatchObject({ C: '34000' });
    expect(told()).toEqual([]);
    wire.socket.destroy();
  });
});
