import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { from as copyFrom } from './copy.ts';
import {
  as,
  connected,
  digests,
  dump,
  makeDatabase,
  northwindMissing,
  northwindSql,
  openProduct,
  type Product,
  servers,
} from './adoption.ts';
import { examineCatalog } from './catalog-digest.ts';

const by = 'security@operator.example';

for (const { kind, missing } of servers) {
  const skipped = missing ?? northwindMissing;
  if (skipped !== null) process.stderr.write(`skipped: ${skipped}\n`);

  describe.skipIf(skipped !== null)(`Northwind, adopted on PostgreSQL ${kind}`, () => {
    let product: Product;
    const appBefore: Record<string, string> = {};
    let schemaBefore = '';
    let rolesBefore = '';
    let catalogBefore = '';

    beforeAll(async () => {
      product = await openProduct(kind);
      await makeDatabase(product.server, 'northwind', northwindSql());
      await connected(as(product.server, 'northwind', 'owner'), async (client) => {
        await client.query('create view public.all_orders as select * from public.orders');
        await client.query('grant select on public.all_orders to public');
        await client.query(
          'create materialized view public.totals as select customer_id, count(*) from public.orders group by 1',
        );
        await client.query(
          `create function public.peek() returns bigint language sql security definer as 'select count(*) from public.orders'`,
        );
        await client.query('grant select on public.us_states to public');
      });
      Object.assign(appBefore, await digests(as(product.server, 'northwind', 'app')));
      catalogBefore = await examineCatalog(product.server.connection('northwind'));
      if (product.server.pgDump) {
        schemaBefore = await dump('pg_dump', product.server.connection('northwind'), ['-s', '-C', 'northwind']);
        rolesBefore = await dump('pg_dumpall', product.server.connection('postgres'), ['-r', '--no-role-passwords']);
      }
      await product.sources.add({
        name: 'northwind',
        connection: product.server.connection('northwind'),
        tenantTable: 'customers',
        by,
      });
    });
    afterAll(async () => product?.close());

    it('refuses to register the same database a second time', async () => {
      const again = product.sources.add({
        name: 'other',
        connection: product.server.connection('northwind'),
        tenantTable: null,
        by,
      });
      await expect(again).rejects.toMatchObject({ code: 'SOURCE_REGISTERED_TWICE' });
    });

    it('proposes the right treatment for each of the fourteen tables', async () => {
      const proposals = await product.sources.propose('northwind');
      const told = Object.fromEntries(
        proposals.map(({ table, treatment: t }) => [
          table,
          t.kind === 'tenant' ? (t.by === 'column' ? `tenant:${t.column}` : `path:${t.foreignKey}`) : t.kind,
        ]),
      );
      expect(told).toEqual({
        all_orders: 'refused',
        totals: 'refused',
        categories: 'reference',
        customer_customer_demo: 'tenant:customer_id',
        customer_demographics: 'refused',
        customers: 'tenant:customer_id',
        employee_territories: 'refused',
        employees: 'refused',
        order_details: 'path:fk_order_details_orders',
        orders: 'tenant:customer_id',
        products: 'reference',
        region: 'reference',
        shippers: 'reference',
        suppliers: 'reference',
        territories: 'reference',
        us_states: 'reference',
      });
      expect(proposals.find((one) => one.table === 'customer_demographics')).toMatchObject({
        certain: false,
        consider: { kind: 'reference' },
      });
    });

    it('prints a plan with the measured cost of row security, and changes nothing by it', async () => {
      await product.sources.classify({
        name: 'northwind',
        acceptSuggestions: true,
        assign: [
          { table: 'customer_customer_demo', treatment: { kind: 'tenant', by: 'path', foreignKey: 'customer_id' } },
        ],
        by,
      });
      const plan = await product.sources.plan('northwind', { measure: true });
      expect(plan.obstacles).toEqual([]);
      expect(plan.appChanges).toEqual([]);
      expect(plan.sql).toMatch(/^-- cost: Row security costs the application \d\.\d\d times/);
      expect(await examineCatalog(product.server.connection('northwind'))).toBe(catalogBefore);
    });

    it('applies the plan and maps 91 tenants, each told in its own log', async () => {
      const applied = await product.sources.apply({ name: 'northwind', acceptAppChanges: false, by });
      expect(applied.tenants).toBe(91);
      expect(product.events.filter((event) => event.type === 'source.mapped')).toHaveLength(92);
      const diagnosis = await product.sources.doctor('northwind');
      expect(diagnosis.findings.filter((one) => one.severity === 'error')).toEqual([]);
      expect(diagnosis.tier).toBe('A');
    });

    it('finds the oracles that unique and foreign keys are in write mode', async () => {
      const { findings } = await product.sources.doctor('northwind');
      expect(
        findings
          .filter((one) => one.code === 'UNIQUE_ORACLE')
          .map((one) => one.message)
          .join(),
      ).toContain('pk_orders');
      expect(
        findings
          .filter((one) => one.code === 'FOREIGN_KEY_ORACLE')
          .map((one) => one.message)
          .join(),
      ).toContain('fk_orders_employees');
    });

    it('lets the application see and write exactly what it did before', async () => {
      const app = as(product.server, 'northwind', 'app');
      expect(await digests(app)).toEqual(appBefore);
      await connected(app, async (client) => {
        await client.query('begin');
        await client.query(`insert into public.customers (customer_id, company_name) values ('NEW01', 'New')`);
        await client.query(`insert into public.orders (order_id, customer_id) values (32000, 'NEW01'), (32001, null)`);
        await client.query('insert into public.order_details values (32000, 11, 1, 1, 0)');
        expect((await client.query(`update public.orders set freight = 1 where customer_id = 'ALFKI'`)).rowCount).toBe(
          6,
        );
        expect((await client.query('delete from public.order_details where order_id = 32000')).rowCount).toBe(1);
        expect(await copyFrom(client, 'copy public.orders (order_id, customer_id) from stdin', '32002\tALFKI\n')).toBe(
          'COPY 1',
        );
        await client.query(
          `select set_config('search_path', 'public', true), pg_advisory_xact_lock(1), pg_sleep(0), lo_create(0), pg_notify('x', 'y')`,
        );
        await client.query(
          `do $$ begin perform public.peek(); end $$; create temporary table t (a int); select * from public.all_orders; select * from public.us_states`,
        );
        await client.query('rollback');
      });
      expect(await digests(app)).toEqual(appBefore);
    });

    it.runIf(kind === '15')('lets the owner and the application dump the database as before', async () => {
      for (const who of ['owner', 'app'] as const) {
        if (who === 'app') {
          await connected(product.server.connection('northwind'), (client) =>
            client.query('grant select on public.totals to northwind_app'),
          );
        }
        const text = await dump('pg_dump', as(product.server, 'northwind', who), ['-t', 'public.*', 'northwind']);
        expect(text.match(/^COPY public\.orders [^;]*;\n(?:.*\n)*?\\\.$/m)?.[0].split('\n')).toHaveLength(832);
      }
      await connected(product.server.connection('northwind'), (client) =>
        client.query('revoke select on public.totals from northwind_app'),
      );
      await dump('pg_dump', as(product.server, 'northwind', 'owner'), ['northwind']);
    });

    it('shows a grant for ALFKI its 6 orders, 12 details and 1 customer, and nothing else', async () => {
      const login = await product.sources.openGrantRole({
        source: 'northwind',
        tenantKey: 'ALFKI',
        grantId: 'grantALFKIread00000000',
        mode: 'read',
        notAfter: product.clock.now() + 3_600_000,
      });
      await connected(login, async (client) => {
        const counts: Record<string, unknown> = {};
        const tables = [
          'categories',
          'customer_customer_demo',
          'customer_demographics',
          'customers',
          'employee_territories',
          'employees',
          'order_details',
          'orders',
          'products',
          'region',
          'shippers',
          'suppliers',
          'territories',
          'us_states',
          'all_orders',
          'totals',
        ];
        for (const table of tables) {
          counts[table] = await client.query<{ n: number }>(`select count(*)::int as n from public.${table}`).then(
            ({ rows }) => rows[0]?.n,
            (error: { code: string }) => error.code,
          );
        }
        expect(counts).toEqual({
          categories: 8,
          customer_customer_demo: 0,
          customer_demographics: '42501',
          customers: 1,
          employee_territories: '42501',
          employees: '42501',
          order_details: 12,
          orders: 6,
          products: 77,
          region: 4,
          shippers: 6,
          suppliers: 29,
          territories: 53,
          us_states: 51,
          all_orders: '42501',
          totals: '42501',
        });
        const { rows } = await client.query(
          `select distinct customer_id from public.orders union select max(customer_id) from public.customers`,
        );
        expect(rows).toEqual([{ customer_id: 'ALFKI' }]);
        const joined = await client.query(
          `select count(*)::int as n from public.order_details d left join public.orders o using (order_id) where o.order_id is null`,
        );
        expect(joined.rows).toEqual([{ n: 0 }]);
        expect((await client.query('select gov.session_tenant() as t')).rows).toEqual([{ t: 'ALFKI' }]);
      });
      expect(await product.sources.closeGrantRole('grantALFKIread00000000')).toEqual({
        kind: 'closed',
        role: login.user,
      });
      await expect(connected(login, () => Promise.resolve())).rejects.toMatchObject({
        code: '28P01',
      });
    });

    it('shows no row in an open session once the map has expired, although the session lives', async () => {
      const login = await product.sources.openGrantRole({
        source: 'northwind',
        tenantKey: 'ALFKI',
        grantId: 'grantEnds0000000000000',
        mode: 'read',
        notAfter: product.clock.now() + 3_600_000,
      });
      await connected(login, async (client) => {
        await client.query({ name: 'held', text: 'select count(*)::int as n from public.orders' });
        await connected(product.server.connection('northwind'), (admin) =>
          admin.query('update gov.grant_map set expires_at = clock_timestamp() where role_name = $1', [login.user]),
        );
        expect(
          (await client.query({ name: 'held', text: 'select count(*)::int as n from public.orders' })).rows,
        ).toEqual([{ n: 0 }]);
        expect((await client.query('select count(*)::int as n from public.order_details')).rows).toEqual([{ n: 0 }]);
      });
      await product.sources.closeGrantRole('grantEnds0000000000000');
    });

    it('cuts the sessions of a grant whose role is closed, and takes a second closing for done', async () => {
      const login = await product.sources.openGrantRole({
        source: 'northwind',
        tenantKey: 'ALFKI',
        grantId: 'grantCut00000000000000',
        mode: 'write',
        notAfter: product.clock.now() + 3_600_000,
      });
      await connected(login, async (client) => {
        await client.query('begin');
        await client.query('update public.orders set freight = 0');
        const cut = expect(
          client.query(
            `select repeat('x', 10) from public.products p1, public.products p2, public.products p3, public.products p4, public.products p5`,
          ),
        ).rejects.toThrow();
        expect(await product.sources.closeGrantRole('grantCut00000000000000')).toMatchObject({ kind: 'closed' });
        await cut;
      });
      expect(await product.sources.closeGrantRole('grantCut00000000000000')).toEqual({ kind: 'closed', role: null });
      expect(await digests(as(product.server, 'northwind', 'app'))).toEqual(appBefore);
    });

    it('opens for the tables and columns of the scope only, under one shared profile', async () => {
      const scope = { tables: null, columns: ['orders.order_id', 'order_details.order_id'] };
      const request = {
        source: 'northwind',
        tenantKey: 'ALFKI',
        mode: 'read',
        notAfter: product.clock.now() + 3_600_000,
        scope,
      } as const;
      const login = await product.sources.openGrantRole({ ...request, grantId: 'grantColumns0000000000' });
      await product.sources.openGrantRole({ ...request, tenantKey: 'ANATR', grantId: 'grantColumns0000000001' });
      await connected(login, async (client) => {
        expect((await client.query('select order_id from public.orders')).rowCount).toBe(6);
        expect((await client.query('select order_id from public.order_details')).rowCount).toBe(12);
        await expect(client.query('select freight from public.orders')).rejects.toMatchObject({ code: '42501' });
        await expect(client.query('select 1 from public.customers')).rejects.toMatchObject({ code: '42501' });
      });
      await product.sources.closeGrantRole('grantColumns0000000000');
      await product.sources.closeGrantRole('grantColumns0000000001');
      await expect(
        product.sources.openGrantRole({
          ...request,
          scope: { tables: ['employees'], columns: null },
          grantId: 'grantColumns0000000002',
        }),
      ).rejects.toMatchObject({ code: 'SCOPE_INVALID' });
    });

    it('closes at the next start what an earlier process left open', async () => {
      const login = await product.sources.openGrantRole({
        source: 'northwind',
        tenantKey: 'ALFKI',
        grantId: 'grantLeft0000000000000',
        mode: 'read',
        notAfter: product.clock.now() + 3_600_000,
      });
      expect(await product.restarted().reapGrantRoles()).toEqual([
        { grantId: 'grantLeft0000000000000', kind: 'closed', role: login.user },
      ]);
      await expect(connected(login, () => Promise.resolve())).rejects.toMatchObject({
        code: '28P01',
      });
      await product.sources.closeGrantRole('grantLeft0000000000000');
    });

    it('opens no grant after the schema changed, and says what changed', async () => {
      await connected(as(product.server, 'northwind', 'owner'), (client) =>
        client.query('alter table public.orders add column note text'),
      );
      const opening = product.sources.openGrantRole({
        source: 'northwind',
        tenantKey: 'ALFKI',
        grantId: 'grantChanged0000000000',
        mode: 'read',
        notAfter: product.clock.now() + 3_600_000,
      });
      await expect(opening).rejects.toMatchObject({
        code: 'SOURCE_SCHEMA_CHANGED',
        message: expect.stringContaining('table public.orders changed'),
      });
      const { ok, findings } = await product.sources.doctor('northwind');
      expect(ok).toBe(false);
      expect(findings.find((one) => one.code === 'SCHEMA_CHANGED')?.message).toContain('table public.orders changed');
      await connected(as(product.server, 'northwind', 'owner'), (client) =>
        client.query('alter table public.orders drop column note'),
      );
      await product.sources.openGrantRole({
        source: 'northwind',
        tenantKey: 'ALFKI',
        grantId: 'grantChanged0000000000',
        mode: 'read',
        notAfter: product.clock.now() + 3_600_000,
      });
    });

    it('undoes to the same schema, rights and roles, byte for byte', async () => {
      await expect(product.sources.undo({ name: 'northwind', by })).rejects.toMatchObject({
        code: 'SOURCE_GRANTS_OPEN',
      });
      await product.sources.closeGrantRole('grantChanged0000000000');
      await product.sources.undo({ name: 'northwind', by });
      expect(await examineCatalog(product.server.connection('northwind'))).toBe(catalogBefore);
      if (product.server.pgDump) {
        expect(await dump('pg_dump', product.server.connection('northwind'), ['-s', '-C', 'northwind'])).toBe(
          schemaBefore,
        );
        expect(await dump('pg_dumpall', product.server.connection('postgres'), ['-r', '--no-role-passwords'])).toBe(
          rolesBefore,
        );
      }
      expect(await digests(as(product.server, 'northwind', 'app'))).toEqual(appBefore);
      await expect(
        product.sources.openGrantRole({
          source: 'northwind',
          tenantKey: 'ALFKI',
          grantId: 'grantUndone00000000000',
          mode: 'read',
          notAfter: product.clock.now() + 3_600_000,
        }),
      ).rejects.toMatchObject({ code: 'SOURCE_NOT_APPLIED' });
    });

    it('tells every tenant anew when the plan is applied again after an undo', async () => {
      const toldBefore = product.events.filter(({ type }) => type === 'source.mapped').length;
      await product.sources.apply({ name: 'northwind', acceptAppChanges: false, by });
      const told = product.events.filter(({ type }) => type === 'source.mapped').slice(toldBefore);
      expect(new Set(told.map(({ logId }) => logId)).size).toBe(92);
    });

    it('never lets a table that held tenants become reference', async () => {
      const relabel = product.sources.classify({
        name: 'northwind',
        acceptSuggestions: false,
        assign: [{ table: 'orders', treatment: { kind: 'reference' } }],
        by,
      });
      await expect(relabel).rejects.toMatchObject({ code: 'SOURCE_CLASSIFICATION_LOOSENED' });
    });
  });
}
