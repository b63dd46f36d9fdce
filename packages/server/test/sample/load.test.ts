import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionParameters } from '../../src/db/index.ts';
import { copyIn } from '../../src/sample/copy-in.ts';
import { type LoadedSample, loadSample } from '../../src/sample/index.ts';
import { sampleTables } from '../../src/sample/rows.ts';
import { sampleTenants } from '../../src/sample/tenants.ts';
import { debian15Missing, openTestDatabase, startDebian15, type TestDatabase } from '../cluster.ts';

async function connected<T>(
  to: ConstructorParameters<typeof Client>[0],
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(to);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A digest of every table as the database has it. */
async function digests(connection: ConnectionParameters): Promise<Record<string, string>> {
  return connected(connection, async (client) => {
    const found: Record<string, string> = {};
    for (const table of sampleTables) {
      const answer = await client.query<{ digest: string }>(
        `select encode(sha256(convert_to(string_agg(t::text, e'\\n' order by t::text collate "C"), 'UTF8')), 'hex') as digest from ${table} t`,
      );
      found[table] = answer.rows[0]?.digest ?? '';
    }
    return found;
  });
}

describe('the sample service in the embedded PostgreSQL', () => {
  let test: TestDatabase;
  let sample: ConnectionParameters;
  let loaded: LoadedSample;
  beforeAll(async () => {
    test = await openTestDatabase({ migrated: false });
    sample = test.database.adminUrlFor('sample');
    loaded = await loadSample({ connection: sample, appPassword: 'it\'s "secret"' });
  });
  afterAll(() => test.close());

  it('loads at least 200,000 rows of at least 40 tenants, all of them', async () => {
    const count = sampleTables.map((table) => `(select count(*) from ${table})`).join(' + ');
    const rows = await connected(sample, (client) => client.query<{ n: number }>(`select (${count})::int as n`));
    expect(loaded).toEqual({ loaded: true, tenants: sampleTenants.length, rows: rows.rows[0]?.n });
    expect(loaded.rows).toBeGreaterThanOrEqual(200_000);
  });

  it('loads the same bytes a second time, elsewhere', async () => {
    await connected(sample, (client) => client.query('create database another'));
    const another = test.database.adminUrlFor('another');
    await loadSample({ connection: another });
    expect(await digests(another)).toEqual(await digests(sample));
  });

  it('does not load twice', async () => {
    expect(await loadSample({ connection: sample })).toEqual({ loaded: false, tenants: 0, rows: 0 });
  });

  it('stores names, bytes, lists and documents as they were made', async () => {
    const answer = await connected(sample, (client) =>
      client.query<{ found: boolean }>(
        `select exists (select from customers where name = $1) and exists (select from customers where name = $2)
            and exists (select from customers where name = $3) and exists (select from tickets where $4 = any(tags))
            and exists (select from messages where body like '%' || $5 || '%')
            and not exists (select from attachments where octet_length(content) not between 64 and 600) as found`,
        ['Robert "Bob" Tanner', 'محمد العلي', 'C:\\Users\\Ada', 'needs "approval"', 'side.\nI have'],
      ),
    );
    expect(answer.rows).toEqual([{ found: true }]);
  });

  it('belongs to an owner that cannot log in', async () => {
    const answer = await connected(sample, (client) =>
      client.query(
        `select distinct r.rolname, r.rolcanlogin, r.rolsuper from pg_class c join pg_roles r on r.oid = c.relowner
          where c.relnamespace = 'public'::regnamespace`,
      ),
    );
    expect(answer.rows).toEqual([{ rolname: 'sample_owner', rolcanlogin: false, rolsuper: false }]);
  });

  it('lets its application read and write every tenant, and own nothing', async () => {
    const app = { ...sample, user: 'sample_app', password: 'it\'s "secret"' };
    await connected(app, async (client) => {
      const seen = await client.query<{ n: number }>('select count(distinct tenant_id)::int as n from open_tickets');
      expect(seen.rows[0]?.n).toBe(sampleTenants.length);
      await client.query('begin');
      await client.query("update orders set note = 'seen' where id = 4711");
      await client.query('rollback');
      await expect(client.query("update plans set name = 'x'")).rejects.toMatchObject({ code: '42501' });
      await expect(client.query('create table mine (n integer)')).rejects.toMatchObject({ code: '42501' });
      await expect(client.query('drop table orders')).rejects.toMatchObject({ code: '42501' });
    });
    const wrong = connected({ ...app, password: 'guess' }, (client) => client.query('select 1'));
    await expect(wrong).rejects.toMatchObject({ code: '28P01' });
    const elsewhere = connected({ ...app, database: 'gatehouse' }, (client) => client.query('select 1'));
    await expect(elsewhere).rejects.toMatchObject({ code: '42501' });
  });

  it('stores nothing of a load that fails in the middle, by the server or by the rows', async () => {
    await connected(sample, async (client) => {
      await client.query('create temporary table numbers (n integer)');
      await expect(copyIn(client, 'copy numbers from stdin', ['1\n', 'two\n', '3\n'])).rejects.toMatchObject({
        code: '22P02',
      });
      const broken = function* (): Generator<string> {
        for (let n = 0; n < 20_000; n += 1) yield '100000\n'; // more than one frame: the server has some of them
        throw new Error('the rows ran out');
      };
      await expect(copyIn(client, 'copy numbers from stdin', broken())).rejects.toThrow('the rows ran out');
      expect((await client.query('select n from numbers')).rows).toEqual([]);
      await copyIn(client, 'copy numbers from stdin', ['4\n']);
      expect((await client.query('select n from numbers')).rows).toEqual([{ n: 4 }]);
    });
  });
});

if (debian15Missing !== null) process.stderr.write(`Skipped: ${debian15Missing}\n`);

it.skipIf(debian15Missing !== null)('loads into a PostgreSQL 15 as well', async () => {
  const server = await startDebian15();
  try {
    await connected(server.url, (client) => client.query('create database sample'));
    const { host, port, password } = server;
    const options = '-c timezone=UTC';
    const connection = {
      host,
      port,
      database: 'sample',
      user: 'admin',
      password,
      ssl: false,
      options,
      application_name: 'test',
      url: '',
    };
    await expect(loadSample({ connection: { ...connection, database: 'absent' } })).rejects.toMatchObject({
      code: 'DATABASE_MISSING',
    });
    expect(await loadSample({ connection })).toMatchObject({ loaded: true });
  } finally {
    await server.close();
  }
});
