import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SampleServer, startSampleServer } from './sample-server.ts';

const engineer = 'engineer@operator.example';
const manager = 'manager@operator.example';
const officer = 'security@operator.example';

/** Debian's, or whichever is first in PATH. */
const psql: string = 'psql';
const northwind = join(import.meta.dirname, '../../../../shared/data/northwind.sql');
const missing = fault();
if (missing !== null) process.stderr.write(`northwind.test.ts is skipped: ${missing}\n`);

let server: SampleServer;
let database: string;
let grant: string;

function fault(): string | null {
  if (!existsSync(northwind)) return `the data of Northwind is not there (${northwind})`;
  try {
    execFileSync(psql, ['--version']);
    return null;
  } catch {
    return 'there is no psql in PATH';
  }
}

function administer(url: string, sql: string): string {
  return execFileSync(psql, [url, '-XAtq', '-v', 'ON_ERROR_STOP=1'], { input: sql, encoding: 'utf8' });
}

/** Every row of every table, as the application sees it. */
function asTheApplication(): string {
  const tables = administer(
    database,
    `select string_agg(format('(table %I)', tablename), ' ' order by tablename) from pg_tables where schemaname = 'public'`,
  );
  const names = tables.match(/(?<=\(table )[^)]+/g) ?? [];
  expect(names).toHaveLength(14);
  return administer(database, `set role nw_app; ${names.map((name) => `copy ${name} to stdout;`).join('\n')}`);
}

function rows(sql: string): Promise<{ code: number | null; out: string; err: string }> {
  return server.as(engineer, 'connect', grant, '--', '-XAtq', '-c', sql);
}

describe.skipIf(missing !== null)('Northwind, adopted by the command', () => {
  let before: string;

  beforeAll(async () => {
    server = await startSampleServer();
    const product = (await server.as(officer, 'database-url')).out.trim();
    database = product.replace('/gatehouse?', '/northwind?');
    administer(product, 'create role nw_owner; create role nw_app;');
    administer(product, 'create database northwind owner nw_owner;');
    const grants = 'grant usage on schema public to nw_app; grant all on all tables in schema public to nw_app;';
    administer(database, `set role nw_owner; ${readFileSync(northwind, 'utf8')} ${grants}`);
    before = asTheApplication();
  });
  afterAll(async () => {
    if (server !== undefined) expect(await server.stop()).toBe(0);
  });

  it('is registered once, and under no second name', async () => {
    const add = (name: string) =>
      server.as(officer, 'source', 'add', name, '--url', database, '--tenant-table', 'customers');
    expect(await add('northwind')).toMatchObject({ code: 0 });
    expect(await add('again')).toMatchObject({ code: 1, err: expect.stringContaining('source_registered_twice') });
    expect(await server.as(engineer, 'source', 'apply', 'northwind')).toMatchObject({ code: 1 });
  });

  it('is classified, planned as SQL and applied: 91 customers, and the application sees what it saw', async () => {
    expect(await server.as(officer, 'source', 'classify', 'northwind', '--accept-suggestions')).toMatchObject({
      code: 0,
    });
    const plan = await server.as(officer, 'source', 'plan', 'northwind');
    expect(plan.out).toContain('enable row level security');
    expect(plan.out).toMatch(/^-- cost: .*\d/m);
    const applied = await server.as(officer, 'source', 'apply', 'northwind');
    expect(applied).toMatchObject({ code: 0, out: expect.stringContaining('91 customers') });
    expect(asTheApplication()).toBe(before);
    expect((await server.as(officer, 'source', 'doctor', 'northwind')).out).toContain('tier A');
  });

  it('shows under a grant for ALFKI its 6 orders with their 12 details, and nothing else', async () => {
    const flags = {
      tenant: 'ALFKI',
      source: 'northwind',
      purpose: 'troubleshoot.repair',
      'reason-code': 'customer_support',
      ticket: 'NW-1',
      for: '1h',
      justification: 'The freight on the invoice of order 10643 is wrong',
    };
    const asking = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
    const asked = await server.as(engineer, 'request', ...asking);
    expect(asked.code).toBe(0);
    const { items } = (await server.json(engineer, 'requests')) as { items: { id: string }[] };
    grant = items[0]?.id ?? '';
    expect(await server.as(manager, 'approve', grant)).toMatchObject({ code: 0 });
    const seen = await rows(
      `select (select count(*) from orders), (select count(*) from order_details),
              (select string_agg(customer_id, ',') from customers), (select count(*) from products)`,
    );
    expect(seen).toMatchObject({ code: 0, out: '6|12|ALFKI|77\n' });
    expect((await rows('select count(*) from employees')).err).toContain('permission denied');
    expect((await rows('explain select * from orders')).err).toContain('EXPLAIN');
    expect((await rows(`select 1 from orders where customer_id = 'ANATR'`)).out).toBe('');
  });

  it('is given back as it was once no grant is open', async () => {
    expect((await server.as(officer, 'source', 'undo', 'northwind')).err).toContain('source_grants_open');
    expect(await server.as(engineer, 'complete', grant)).toMatchObject({ code: 0 });
    expect(await server.as(officer, 'source', 'undo', 'northwind')).toMatchObject({ code: 0 });
    const left = administer(
      database,
      `select count(*) from pg_policies; select count(*) from pg_namespace where nspname = 'gov'`,
    );
    expect(left).toBe('0\n0\n');
    expect(asTheApplication()).toBe(before);
  });
});
