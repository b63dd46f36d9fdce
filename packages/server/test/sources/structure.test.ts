import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { escapeIdentifier as q } from 'pg';
import { as, connected, digests, dump, makeDatabase, openProduct, type Product, servers } from './adoption.ts';
import { examineCatalog } from './catalog-digest.ts';

const by = 'security@operator.example';

/** Names as bad input has them: quotes, newline with a psql command, Unicode, right-to-left, 63 bytes. */
const schema = 'we"ird\n\\! touch (scratch)/pwn\n-- ';
const tenants = `Ünïcødé "${'t'.repeat(40)}`;
const child = `${'c'.repeat(60)}'";`.slice(0, 63);
const keyColumn = 'the "key"\n; drop table x; --';
const weirdRole = `ro"le' ñ\n`;

const weird = `
  create schema ${q(schema)};
  create table ${q(schema)}.${q(tenants)} (${q(keyColumn)} text primary key, "a" int, "b" int, unique ("a", "b"));
  create table ${q(schema)}.${q(child)} ("from a" int, "from b" int, "session_tenant" text,
    constraint ${q(`fk "${'f'.repeat(50)}`)} foreign key ("from a", "from b") references ${q(schema)}.${q(tenants)} ("a", "b"));
  create table public.ref (code char(3) primary key, label varchar(9));
  create sequence public.counter;
  insert into ${q(schema)}.${q(tenants)} values ('o''brien "q"' || chr(10) || '; --', 1, 1), ('ключ', 2, 2), (repeat('k', 63), 3, 3), (repeat('x', 64), 4, 4), ('', 5, 5);
  insert into ${q(schema)}.${q(child)} select n, n, 'row ' || n from generate_series(1, 5) n;
  insert into ${q(schema)}.${q(child)} values (null, null, 'nobody'), (1, null, 'nobody');`;

const weirdRights = `
  grant usage on schema ${q(schema)} to weird_app;
  grant select on public.ref to weird_app with grant option;
  grant select, insert on public.ref to public;
  grant update on public.ref to ${q(weirdRole)};
  grant usage on sequence public.counter to public;
  grant select (label) on public.ref to public;
  grant select, insert, update on ${q(schema)}.${q(tenants)}, ${q(schema)}.${q(child)} to weird_app;`;

for (const { kind, missing } of servers) {
  if (missing !== null) process.stderr.write(`skipped: ${missing}\n`);
  describe.skipIf(missing !== null)(`sources of every shape on PostgreSQL ${kind}`, () => {
    let product: Product;
    beforeAll(async () => {
      product = await openProduct(kind);
    });
    afterAll(async () => product?.close());

    const adopt = async (database: string, sql: string, tenantTable: string): Promise<void> => {
      await makeDatabase(product.server, database, sql);
      await product.sources.add({ name: database, connection: product.server.connection(database), tenantTable, by });
      await product.sources.classify({ name: database, acceptSuggestions: true, assign: [], by });
    };
    const open = (
      source: string,
      tenantKey: string,
      grantId: string,
    ): ReturnType<Product['sources']['openGrantRole']> =>
      product.sources.openGrantRole({
        source,
        tenantKey,
        grantId,
        mode: 'write',
        notAfter: product.clock.now() + 3_600_000,
      });

    it('takes names and keys with quotes, newlines, Unicode and 63 bytes as they are, and undoes them to the byte', async () => {
      await connected(product.server.connection('postgres'), (client) =>
        client.query(`create role ${q(weirdRole)} login`),
      );
      await makeDatabase(product.server, 'weird', weird);
      await connected(as(product.server, 'weird', 'owner'), (client) => client.query(weirdRights));
      const admin = product.server.connection('weird');
      const before = [await examineCatalog(admin), await digests(as(product.server, 'weird', 'app'))];
      const dumps = async (): Promise<string[]> =>
        product.server.pgDump
          ? [
              await dump('pg_dump', admin, ['-s', '-C', 'weird']),
              await dump('pg_dumpall', admin, ['-r', '--no-role-passwords']),
            ]
          : [];
      const dumped = await dumps();

      await product.sources.add({
        name: 'weird',
        connection: admin,
        tenantTable: `${schema}.${tenants}:${keyColumn}`,
        by,
      });
      await product.sources.classify({ name: 'weird', acceptSuggestions: true, assign: [], by });
      expect((await product.sources.propose('weird')).map((one) => one.treatment.kind)).toEqual([
        'reference',
        'tenant',
        'tenant',
      ]);
      const plan = await product.sources.plan('weird');
      // Every line of the script is a statement or a comment of ours: no name begins a line of its own outside quotes.
      expect(plan.sql).not.toMatch(/^-- .*touch[^\n]*\n\\!/m);
      const applied = await product.sources.apply({ name: 'weird', planHash: plan.hash, acceptAppChanges: false, by });
      expect(applied.tenants).toBe(3);
      expect(await digests(as(product.server, 'weird', 'app'))).toEqual(before[1]);
      const { findings } = await product.sources.doctor('weird');
      expect(findings.find((one) => one.code === 'KEYS_IMPOSSIBLE')?.message).toMatch(/^2 keys/);
      expect(findings.find((one) => one.code === 'ROWS_WITHOUT_TENANT')?.message).toMatch(
        /holds 2 rows that lead to no tenant/,
      );

      for (const [key, row] of [
        [`o'brien "q"\n; --`, 'row 1'],
        ['ключ', 'row 2'],
        ['k'.repeat(63), 'row 3'],
      ] as const) {
        const login = await open('weird', key, `grant ${row}`);
        const seen = await connected(login, (client) =>
          client.query(
            `select "session_tenant" as row, (select count(*)::int from ${q(schema)}.${q(tenants)}) as n from ${q(schema)}.${q(child)}`,
          ),
        );
        expect(seen.rows).toEqual([{ row, n: 1 }]);
        await product.sources.closeGrantRole(`grant ${row}`);
      }
      await expect(open('weird', 'x'.repeat(64), 'grant none')).rejects.toMatchObject({ code: 'TENANT_NOT_IN_SOURCE' });
      await product.sources.undo({ name: 'weird', by });
      expect([await examineCatalog(admin), await digests(as(product.server, 'weird', 'app'))]).toEqual(before);
      expect(await dumps()).toEqual(dumped);
    });

    it('keeps padded keys apart, and maps customers that came later when it is applied again', async () => {
      await adopt(
        'keys',
        `create table public.accounts (id char(6) primary key);
        create table public.things (account char(6) references public.accounts, n bigint);
        insert into public.accounts values ('a'), ('ab'), ('abcdef'); insert into public.things values ('a', 1), ('ab', 2), ('abcdef', 3), ('abcdef', 4)`,
        'accounts',
      );
      await product.sources.apply({ name: 'keys', acceptAppChanges: false, by });
      for (const [key, n] of [
        ['a', ['1']],
        ['ab', ['2']],
        ['abcdef', ['3', '4']],
      ] as const) {
        const login = await open('keys', key, `keys ${key}`);
        const { rows } = await connected(login, (client) =>
          client.query<{ n: string }>('select n from public.things order by n'),
        );
        expect(rows.map((row) => row.n)).toEqual(n);
        await product.sources.closeGrantRole(`keys ${key}`);
      }
      await connected(as(product.server, 'keys', 'owner'), (client) =>
        client.query(`insert into public.accounts values ('new')`),
      );
      await expect(open('keys', 'new', 'keys new')).rejects.toMatchObject({ code: 'TENANT_NOT_IN_SOURCE' });
      expect(await product.sources.apply({ name: 'keys', acceptAppChanges: false, by })).toMatchObject({ tenants: 4 });
      await open('keys', 'new', 'keys new');
      await product.sources.closeGrantRole('keys new');
      await product.sources.undo({ name: 'keys', by });
    });

    it('refuses a table whose rows belong to two tenants at once, in the plan and in doctor', async () => {
      await adopt(
        'mixed',
        `create table public.clients (id int primary key);
        create table public.orders (id int primary key, client_id int references public.clients);
        create table public.invoices (id int primary key, client_id int references public.clients, order_id int references public.orders);
        insert into public.clients values (1), (2); insert into public.orders values (1, 1), (2, 2);
        insert into public.invoices values (1, 1, 1), (2, 1, 2)`,
        'clients',
      );
      await expect(product.sources.apply({ name: 'mixed', acceptAppChanges: false, by })).rejects.toMatchObject({
        code: 'SOURCE_PLAN_REFUSED',
        message: expect.stringContaining('public.invoices holds 1 rows'),
      });
      const { ok, findings } = await product.sources.doctor('mixed');
      expect(ok).toBe(false);
      expect(findings.map((one) => one.code)).toContain('MIXED_TABLE');
      await product.sources.classify({
        name: 'mixed',
        acceptSuggestions: false,
        assign: [{ table: 'invoices', treatment: { kind: 'refused', reason: 'mixed' } }],
        by,
      });
      await product.sources.apply({ name: 'mixed', acceptAppChanges: false, by });
      await product.sources.undo({ name: 'mixed', by });
    });

    it('refuses to wake policies that sleep, and to call a table reference that leads to a tenant', async () => {
      await adopt(
        'asleep',
        `create table public.tenants (id int primary key); create table public.docs (id int primary key, tenant_id int references public.tenants);
        create policy sleeping on public.docs as restrictive using (false)`,
        'tenants',
      );
      await expect(product.sources.apply({ name: 'asleep', acceptAppChanges: false, by })).rejects.toMatchObject({
        message: expect.stringContaining('has policies but no row security'),
      });
      await product.sources.classify({
        name: 'asleep',
        acceptSuggestions: false,
        assign: [{ table: 'docs', treatment: { kind: 'reference' } }],
        by,
      });
      await expect(product.sources.apply({ name: 'asleep', acceptAppChanges: false, by })).rejects.toMatchObject({
        message: expect.stringContaining('docs is called reference'),
      });
    });

    it('leaves row security that the application has of its own, and asks before it binds a role to ours', async () => {
      await adopt(
        'own',
        `create table public.tenants (id text primary key); create table public.docs (id int primary key, tenant_id text references public.tenants);
        insert into public.tenants values ('a'), ('b'); insert into public.docs values (1, 'a'), (2, 'b');
        alter table public.docs enable row level security;
        create policy mine on public.docs to own_app using (tenant_id = current_setting('app.tenant')) with check (true)`,
        'tenants',
      );
      const app = as(product.server, 'own', 'app');
      const seen = (): Promise<unknown> =>
        connected(app, async (client) => {
          await client.query(`set app.tenant = 'b'`);
          return (await client.query('select id from public.docs')).rows;
        });
      const before = await examineCatalog(product.server.connection('own'));
      expect(await seen()).toEqual([{ id: 2 }]);
      await expect(product.sources.apply({ name: 'own', acceptAppChanges: false, by })).rejects.toMatchObject({
        code: 'SOURCE_APP_CHANGES',
        message: expect.stringContaining('own_app will be under row security on public.tenants'),
      });
      await product.sources.apply({ name: 'own', acceptAppChanges: true, by });
      expect(await seen()).toEqual([{ id: 2 }]);
      const login = await open('own', 'a', 'own a');
      expect((await connected(login, (client) => client.query('select id from public.docs'))).rows).toEqual([
        { id: 1 },
      ]);
      await product.sources.closeGrantRole('own a');
      await product.sources.undo({ name: 'own', by });
      expect(await examineCatalog(product.server.connection('own'))).toBe(before);
    });

    it('protects with an administrator who is no superuser, and says that it is tier B', async () => {
      await makeDatabase(
        product.server,
        'weak',
        `create table public.tenants (id int primary key); insert into public.tenants values (1), (2);
        create table public.docs (id int primary key, tenant_id int references public.tenants); insert into public.docs values (1, 1), (2, 2)`,
      );
      await connected(product.server.connection('postgres'), (client) =>
        client.query('alter role weak_owner createrole'),
      );
      const before = await examineCatalog(product.server.connection('weak'));
      await product.sources.add({
        name: 'weak',
        connection: as(product.server, 'weak', 'owner'),
        tenantTable: 'tenants',
        by,
      });
      await product.sources.classify({ name: 'weak', acceptSuggestions: true, assign: [], by });
      await expect(product.sources.apply({ name: 'weak', acceptAppChanges: false, by })).rejects.toMatchObject({
        code: 'SOURCE_APP_CHANGES',
      });
      await product.sources.apply({ name: 'weak', acceptAppChanges: true, by });
      expect(await product.sources.doctor('weak')).toMatchObject({ tier: 'B', ok: true });
      const login = await open('weak', '2', 'weak 2');
      expect((await connected(login, (client) => client.query('select id from public.docs'))).rows).toEqual([
        { id: 2 },
      ]);
      expect(await product.sources.closeGrantRole('weak 2')).toMatchObject({ kind: 'closed' });
      await product.sources.undo({ name: 'weak', by });
      expect(await examineCatalog(product.server.connection('weak'))).toBe(before);
    });

    it('says plainly what is wrong with a name, a URL or a database that is not there', async () => {
      const add = (name: string, connection: string): Promise<unknown> =>
        product.sources.add({ name, connection, tenantTable: null, by });
      await expect(add('Bad Name', 'postgresql://a@b/c')).rejects.toMatchObject({ code: 'SOURCE_NAME_INVALID' });
      await expect(add('ok', 'mysql://a@b/c')).rejects.toMatchObject({ code: 'SOURCE_URL_INVALID' });
      await expect(add('ok', 'postgresql://a@b/c?options=-crole%3Dx')).rejects.toMatchObject({
        code: 'SOURCE_URL_INVALID',
      });
      await expect(add('ok', 'postgresql://a:secret@127.0.0.1:1/c')).rejects.toSatisfy(
        (error: Error) => !`${error.message}`.includes('secret'),
      );
      await expect(product.sources.plan('nowhere')).rejects.toMatchObject({ code: 'SOURCE_UNKNOWN' });
    });
  });
}
