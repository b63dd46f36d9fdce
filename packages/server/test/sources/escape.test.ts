import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { as, connected, makeDatabase, openProduct, type Product, servers } from './adoption.ts';
import type { GrantRoleCredential } from '../../src/sources/index.ts';

const by = 'security@operator.example';

const sql = `
  create table public.tenants (id text primary key, name text not null);
  create table public.notes (id serial primary key, tenant_id text not null references public.tenants, body text not null, parent int references public.notes);
  create table public.lines (note_id int not null references public.notes, position int not null, secret text, primary key (note_id, position));
  create table public.codes (code text primary key, meaning varchar(20));
  create table public.staff (id int primary key, last_name text, salary int);
  create view public.everything as select * from public.notes;
  create function public.leak() returns setof text language sql security definer as 'select body from public.notes';
  create function public.harmless(int) returns int language sql immutable as 'select $1 + 1';
  insert into public.tenants values ('acme', 'Acme'), ('globex', 'Globex');
  insert into public.notes (tenant_id, body) select case when n % 2 = 0 then 'acme' else 'globex' end, 'body ' || n from generate_series(1, 200) n;
  insert into public.lines select id, 1, 'merger' from public.notes;
  insert into public.codes values ('A', 'a');
  insert into public.staff values (1, 'Ortiz', 1);`;

/**
 * What a grant's holder may try, directly on the server (GATEWAY section 4), and what comes of it: a SQLSTATE, or rows.
 * `held` are those that the database cannot hold; the gateway's statement policy denies them, and the test keeps the list true.
 */
const attempts: readonly { attempt: string; gives: string | readonly unknown[]; held?: 'gateway' }[] = [
  { attempt: 'set role escape_owner', gives: '42501' },
  { attempt: 'set role gov_definer', gives: '42501' },
  { attempt: `select set_config('role', 'escape_owner', false)`, gives: '42501' },
  { attempt: 'set session authorization escape_owner', gives: '42501' },
  { attempt: `set session_replication_role = replica`, gives: '42501' },
  { attempt: `set row_security = off; select * from public.notes`, gives: '42501' },
  { attempt: 'select * from gov.grant_map', gives: '42501' },
  { attempt: `update gov.grant_map set tenant_key = 'globex'`, gives: '42501' },
  {
    attempt: `create or replace function gov.session_tenant() returns text language sql as $$select 'globex'$$`,
    gives: '42501',
  },
  {
    attempt: 'create temporary table grant_map (role_name name, tenant_key text, expires_at timestamptz)',
    gives: '42501',
  },
  { attempt: 'create table public.mine (a int)', gives: '42501' },
  { attempt: 'create schema mine', gives: '42501' },
  { attempt: 'create extension if not exists dblink', gives: '42501|0A000|58P01' },
  { attempt: `do $$ begin execute 'set role escape_owner'; end $$`, gives: '42501' },
  { attempt: 'do $$ begin end $$', gives: '42501' },
  { attempt: 'select * from public.everything', gives: '42501' },
  { attempt: 'select public.leak()', gives: '42501' },
  { attempt: 'select public.harmless(1)', gives: '42501' },
  { attempt: 'select * from public.staff', gives: '42501' },
  { attempt: `copy (select 1) to program 'id'`, gives: '42501' },
  { attempt: `copy public.notes from '/etc/passwd'`, gives: '42501' },
  { attempt: `select pg_read_file('/etc/passwd')`, gives: '42501' },
  { attempt: `select pg_ls_dir('/')`, gives: '42501' },
  { attempt: `select lo_import('/etc/passwd')`, gives: '42501' },
  { attempt: `select lo_from_bytea(0, 'x')`, gives: '42501' },
  { attempt: 'select lo_create(0)', gives: '42501' },
  { attempt: 'select pg_advisory_lock(1)', gives: '42501' },
  { attempt: 'select pg_try_advisory_xact_lock(1)', gives: '42501' },
  { attempt: 'select pg_sleep(0)', gives: '42501' },
  { attempt: `select pg_logical_emit_message(false, 'a', 'b')`, gives: '42501' },
  { attempt: 'select pg_export_snapshot()', gives: '42501' },
  { attempt: `select pg_notify('a', 'b')`, gives: '42501' },
  { attempt: `select pg_create_logical_replication_slot('s', 'pgoutput')`, gives: '42501|55000' },
  { attempt: 'show data_directory', gives: '42501' },
  { attempt: 'alter table public.notes disable row level security', gives: '42501' },
  { attempt: 'drop policy gov_tenant on public.notes', gives: '42501' },
  { attempt: 'alter role current_user bypassrls', gives: '42501' },
  { attempt: `alter role current_user valid until 'infinity'`, gives: '42501' },
  { attempt: 'truncate public.notes', gives: '42501' },
  { attempt: `insert into public.notes (tenant_id, body) values ('globex', 'x')`, gives: '42501' },
  { attempt: `insert into public.notes (tenant_id, body) values ('nobody', 'x')`, gives: '42501' },
  { attempt: `insert into public.notes (id, tenant_id, body) values (1, 'globex', 'x')`, gives: '42501' },
  { attempt: `update public.notes set tenant_id = 'globex'`, gives: '42501' },
  { attempt: `insert into public.lines values (1, 9, 'x')`, gives: '42501' },
  { attempt: `insert into public.lines values (99999, 9, 'x')`, gives: '42501' },
  { attempt: `insert into public.tenants values ('third', 'x')`, gives: '42501' },
  { attempt: `insert into public.codes values ('B', 'b')`, gives: '42501' },
  { attempt: `select count(*)::int as n from public.notes where tenant_id <> 'acme'`, gives: [{ n: 0 }] },
  {
    attempt: `select count(*)::int as n from public.notes where 1 / (case when body = 'body 1' then 0 else 1 end) = 1`,
    gives: [{ n: 100 }],
  },
  {
    attempt: `select count(*)::int as n from public.lines where note_id in (select generate_series(1, 199, 2))`,
    gives: [{ n: 0 }],
  },
  { attempt: `select count(*)::int as n from public.notes tablesample system (100)`, gives: [{ n: 100 }] },
  { attempt: `select count(*)::int as n from public.notes where ctid = '(0,1)'`, gives: [{ n: 0 }] },
  {
    attempt: `select query_to_xml('select count(*) from public.notes', true, false, '')::text ~ '<count>100<' as own`,
    gives: [{ own: true }],
  },
  {
    attempt: `with gone as (delete from public.notes where tenant_id = 'globex' returning 1) select count(*)::int as n from gone`,
    gives: [{ n: 0 }],
  },
  { attempt: `select count(*)::int as n from pg_stats where schemaname = 'public'`, gives: [{ n: 0 }] },
  { attempt: `select gov.session_tenant() as t`, gives: [{ t: 'acme' }] },
  { attempt: `select count(*)::int as n from gov.path_notes()`, gives: [{ n: 100 }] },
  // What only the gateway holds: found by doctor (keys), or denied by the statement policy.
  {
    attempt: `insert into public.notes (id, tenant_id, body) values (1, 'acme', 'x')`,
    gives: '23505',
    held: 'gateway',
  },
  { attempt: 'lock table public.notes in access exclusive mode', gives: [], held: 'gateway' },
  {
    attempt: `select reltuples >= 0 or reltuples = -1 as known from pg_class where oid = 'public.notes'::regclass`,
    gives: [{ known: true }],
    held: 'gateway',
  },
  { attempt: 'set standard_conforming_strings = off', gives: [], held: 'gateway' },
];

for (const { kind, missing } of servers) {
  if (missing !== null) process.stderr.write(`skipped: ${missing}\n`);
  describe.skipIf(missing !== null)(`a grant's role on PostgreSQL ${kind}, tried directly without the gateway`, () => {
    let product: Product;
    let login: GrantRoleCredential;

    beforeAll(async () => {
      product = await openProduct(kind);
      await makeDatabase(product.server, 'escape', sql);
      await product.sources.add({
        name: 'escape',
        connection: product.server.connection('escape'),
        tenantTable: 'public.tenants:id',
        by,
      });
      await product.sources.classify({ name: 'escape', acceptSuggestions: true, assign: [], by });
      await product.sources.apply({ name: 'escape', acceptAppChanges: false, by });
      login = await product.sources.openGrantRole({
        source: 'escape',
        tenantKey: 'acme',
        grantId: 'grantEscape00000000000',
        mode: 'write',
        notAfter: product.clock.now() + 3_600_000,
      });
    });
    afterAll(async () => product?.close());

    it.each(attempts)('$attempt', async ({ attempt, gives }) => {
      const got = await connected(login, async (client) => {
        await client.query('begin');
        return await client.query(attempt).then(
          (result) => (Array.isArray(result) ? [] : result.rows),
          (error: { code: string }) => error.code,
        );
      });
      if (typeof gives === 'string') expect(gives.split('|')).toContain(got);
      else expect(got).toEqual(gives);
    });

    it('writes rows of its own tenant, as far as the mode goes', async () => {
      await connected(login, async (client) => {
        const { rows } = await client.query<{ id: number }>(
          `insert into public.notes (tenant_id, body) values ('acme', 'new') returning id`,
        );
        await client.query('insert into public.lines values ($1, 1, $2)', [rows[0]?.id, 'x']);
        expect((await client.query('update public.lines set secret = null')).rowCount).toBe(101);
        expect((await client.query('delete from public.lines where note_id = $1', [rows[0]?.id])).rowCount).toBe(1);
      });
      const others = await connected(as(product.server, 'escape', 'app'), (client) =>
        client.query(`select count(*)::int as n from public.lines where secret = 'merger'`),
      );
      expect(others.rows).toEqual([{ n: 100 }]);
    });

    it('starts each session with its own settings again, whatever the holder stored in the role', async () => {
      await connected(login, async (client) => {
        await client.query('alter role current_user set standard_conforming_strings = off');
        await client.query('alter role current_user in database escape set client_encoding = sjis');
      });
      const again = await product.sources.openGrantRole({
        source: 'escape',
        tenantKey: 'acme',
        grantId: 'grantEscape00000000000',
        mode: 'write',
        notAfter: product.clock.now() + 3_600_000,
      });
      expect(again).toEqual(login);
      await connected(again, async (client) => {
        expect((await client.query('show standard_conforming_strings')).rows).toEqual([
          { standard_conforming_strings: 'on' },
        ]);
      });
    });

    it('reports a role that cannot be dropped, whose rows have ended all the same', async () => {
      const stuck = await product.sources.openGrantRole({
        source: 'escape',
        tenantKey: 'globex',
        grantId: 'grantStuck000000000000',
        mode: 'read',
        notAfter: product.clock.now() + 3_600_000,
      });
      await connected(product.server.connection('postgres'), (client) =>
        client.query(`create database "stuck_${kind}" owner "${stuck.user}"`),
      );
      const closing = await product.sources.closeGrantRole('grantStuck000000000000');
      expect(closing).toMatchObject({ kind: 'close_failed', role: stuck.user });
      await expect(connected(stuck, () => Promise.resolve())).rejects.toMatchObject({
        code: '28P01',
      });
      await connected(product.server.connection('postgres'), (client) => client.query(`drop database "stuck_${kind}"`));
      expect(await product.sources.reapGrantRoles()).toEqual([
        { grantId: 'grantStuck000000000000', kind: 'closed', role: stuck.user },
      ]);
    });
  });
}
