import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debian15Missing, until } from '../cluster.ts';
import { type Stage, openStage } from './stage.ts';

const run = promisify(execFile);

if (debian15Missing !== null) console.warn(debian15Missing);
describe.skipIf(debian15Missing !== null)('ordinary clients through the gateway', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  it('lets psql 15 read under verify-full, and the log knows the statement and its rows', async () => {
    const grant = stage.grant();
    const answer = await stage.psql(grant, ['-At', '-c', "select count(*) from orders where customer = 'c1'"]);
    expect(answer).toEqual({ code: 0, stdout: '100\n', stderr: '' });
    await until(() => stage.access.told.some((entry) => entry.kind === 'closed' && entry.grantId === grant.grantId));
    const mine = stage.access.told.filter((entry) => entry.grantId === grant.grantId);
    expect(mine.map((entry) => entry.kind)).toEqual(['intent', 'outcome', 'closed']);
    expect(mine[0]).toMatchObject({
      intent: {
        sql: "select count(*) from orders where customer = 'c1'",
        shape: 'select count(*) from orders where customer = ?',
      },
    });
    expect(mine[1]).toMatchObject({
      outcome: { outcome: 'ok', rows: 1, columns: ['count'], tag: 'SELECT 1', sqlstate: null },
    });
  });

  it('answers what psql asks for \\d, \\dt, \\dn, \\l, \\df, \\dp and \\dx', async () => {
    const answer = await stage.psql(stage.grant(), [
      '-c',
      '\\d',
      ...[
        '\\d orders',
        '\\dt',
        '\\dn',
        '\\l',
        '\\df',
        '\\dx',
        '\\dp',
        '\\di',
        '\\dT',
        '\\d pg_class',
        '\\d+ pg_type',
      ].flatMap((c) => ['-c', c]),
    ]);
    expect(answer.stderr).toBe('');
    expect(answer.stdout).toContain('"orders_pkey" PRIMARY KEY');
  });

  it('serves node-postgres with parameters, named statements and errors', async () => {
    const client = await stage.connect(stage.grant());
    const one = await client.query('select id, total from orders where id = $1', [7]);
    expect(one.rows).toEqual([{ id: 7, total: '10.50' }]);
    for (const id of [1, 2, 3]) {
      const { rows } = await client.query({
        name: 'by-id',
        text: 'select customer from orders where id = $1',
        values: [id],
      });
      expect(rows).toEqual([{ customer: `c${id}` }]);
    }
    await expect(client.query('select * from nothing_here')).rejects.toMatchObject({ code: '42P01' });
    await expect(client.query('select id / ($1::int) from orders', [0])).rejects.toMatchObject({ code: '22012' });
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await client.end();
    expect(stage.access.intents()).toContainEqual({
      class: 'read',
      sql: 'select id, total from orders where id = $1',
      params: [{ format: 'text', value: '7' }],
      shape: 'select id, total from orders where id = $1',
    });
  });

  it.each(['simple', 'extended', 'prepared'])('runs pgbench select-only in protocol %s', async (protocol) => {
    const grant = stage.grant({ uses: 3 });
    const script = join(dirname(stage.gateway.caFile), `select-${protocol}.sql`);
    writeFileSync(script, '\\set id random(1, 1000)\nselect customer from orders where id = :id;\n');
    const args = ['-n', '-M', protocol, '-c', '2', '-j', '1', '-t', '100', '-f', script];
    const { stdout } = await run('pgbench', args, { env: { ...stage.environment(grant), PGOPTIONS: '' } });
    expect(stdout).toContain('number of transactions actually processed: 200/200');
    const intents = stage.access.told.filter((entry) => entry.kind === 'intent' && entry.grantId === grant.grantId);
    expect(intents.length).toBe(200);
  });

  it('streams COPY TO STDOUT, rows of a quarter megabyte, and counts them', async () => {
    const grant = stage.grant();
    const answer = await stage.psql(grant, ['-c', 'copy (select id, customer from orders order by id) to stdout']);
    expect(answer.stdout.split('\n').length).toBe(1001);
    await until(() => stage.access.outcomes().some((outcome) => outcome.tag === 'COPY 1000'));
    expect(stage.access.outcomes().find((outcome) => outcome.tag === 'COPY 1000')).toMatchObject({
      rows: 1000,
      outcome: 'ok',
    });
    const wide = await stage.connect(stage.grant());
    const { rows } = await wide.query('select body from wide order by id');
    expect(rows.map((row) => row.body.length)).toEqual(Array(8).fill(262144));
    await wide.end();
  });

  it('fetches a portal in parts, each part with an intent of its own, and a cursor with DECLARE and FETCH', async () => {
    const answer = await stage.psql(stage.grant(), [
      '-At',
      '-v',
      'FETCH_COUNT=300',
      '-c',
      'select id from orders',
      '-c',
      'begin; declare c cursor for select id from orders order by id; fetch 2 from c; commit',
    ]);
    expect(answer.stderr).toBe('');
    expect(answer.stdout.trim().split('\n').length).toBeGreaterThanOrEqual(1002);
  });
});
