import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

let life: Life;
beforeAll(async () => {
  life = await startLife();
});
afterAll(() => life?.close());

describe('the life of an access', () => {
  it('S19: nobody has default access, and an engineer gets in only after the manager and the customer have signed', async () => {
    const { engineer, manager, acmeApprover } = life;
    const atTheDoor = await life.refusedAtWire({ user: 'engineer@operator.example', password: 'none' });
    expect(atTheDoor).toMatchObject({ severity: 'FATAL', sqlstate: '28000' });
    expect(atTheDoor.hint).toMatch(/http:\/\/127\.0\.0\.1:\d+\/api\/v1\/requests.*gatehouse request/);

    const { id, state } = await engineer.ask(anAsking());
    expect(state).toBe('in_review');
    expect((await refusalOf(engineer.credential(id))).code).toBe('act_not_open');
    expect((await manager.act(id, 'approve')).state).toBe('awaiting_customer');
    expect((await refusalOf(engineer.credential(id))).code).toBe('act_not_open');
    expect((await acmeApprover.act(id, 'approve')).state).toBe('approved_future');

    const wire = await life.open(id);
    expect((await engineer.show(id)).state).toBe('active');
    expect(await rowsOf(wire, "select status from orders where number = 'ACME-4711'")).toEqual([['paid']]);
    await wire.close();
    expect((await engineer.act(id, 'complete', 'repaired')).state).toBe('completed');
    expect(await typesAbout(life, id)).toEqual([
      'access.requested',
      'access.manager_approved',
      'access.customer_asked',
      'access.customer_approved',
      'access.activated',
      'access.intent',
      'access.outcome',
      'access.completed',
    ]);
  });

  it('S7: a grant for one customer shows no row of another, in any table that it may read', async () => {
    const { id } = await anApproved(life);
    const wire = await life.open(id);
    const [all] = await life.sql('sample', 'select count(distinct tenant_id) from orders');
    expect(Number(all?.[0])).toBeGreaterThan(40);
    for (const table of ['users', 'customers', 'products', 'orders', 'tickets', 'invoices', 'events', 'api_keys']) {
      expect(await rowsOf(wire, `select distinct tenant_id from ${table}`), table).toEqual([['acme']]);
    }
    const parents = [
      ['order_items', 'order_id', 'orders'],
      ['shipments', 'order_id', 'orders'],
      ['messages', 'ticket_id', 'tickets'],
    ] as const;
    for (const [table, key, parent] of parents) {
      const mine = `${key} in (select id from ${parent} where tenant_id = 'acme')`;
      const [counted] = await life.sql('sample', `select count(*)::text from ${table} where ${mine}`);
      expect(await rowsOf(wire, `select count(*) from ${table}`), table).toEqual([counted]);
    }
    const refused = await wire.query('select * from search_cache');
    expect(refused).toMatchObject({ ok: false, error: { sqlstate: '42501' } });
    await wire.close();
    await life.engineer.act(id, 'complete');
  });

  it('S15: one customer sees neither the log nor the requests of another', async () => {
    const { id } = await life.engineer.ask(anAsking());
    const { globexAdmin } = life;
    expect((await refusalOf(globexAdmin.show(id))).status).toBe(404);
    expect((await refusalOf(globexAdmin.get('/api/v1/tenants/acme/log'))).status).toBe(404);
    const { logId } = await life.acmeAdmin.get<{ logId: string }>('/api/v1/tenants/acme');
    expect(await globexAdmin.bytes(`/log/t/${logId}/checkpoint`)).toBeNull();
    expect(await life.acmeAdmin.bytes(`/log/t/${logId}/checkpoint`)).not.toBeNull();
    expect((await refusalOf(life.engineer.get('/api/v1/tenants/acme/log'))).status).toBe(403);
    await life.engineer.act(id, 'withdraw');
  });

  it('S11: the entry of a statement is durable before its first row, and its outcome says what was read', async () => {
    const { id } = await anApproved(life);
    const wire = await life.open(id);
    const sql = 'select id, number from orders order by id limit 7';
    expect(await rowsOf(wire, sql)).toHaveLength(7);
    const about = (await acmeLog(life)).filter(({ ref }) => ref === id);
    const intent = about.find(({ type }) => type === 'access.intent');
    expect(intent?.payload).toMatchObject({ sql });
    await until(async () => (await acmeLog(life)).some((line) => line.intent === intent?.seq && line.ref === id));
    const outcome = (await acmeLog(life)).find((line) => line.intent === intent?.seq && line.ref === id);
    expect(outcome).toMatchObject({ outcome: 'ok', payload: { rows: 7, tag: 'SELECT 7', columns: ['id', 'number'] } });
    await wire.close();
    await until(async () => (await life.engineer.show(id)).used.rows === 7);
    await life.engineer.act(id, 'complete');
  });

  it('S13: the gateway takes no connection without TLS', async () => {
    const { id } = await anApproved(life);
    const { host, port } = life.program.ready.gateway;
    const { default: pg } = await import('pg');
    const { user, password } = await life.engineer.credential(id);
    const client = new pg.Client({ host, port, user, password, database: 'sample', ssl: false });
    client.on('error', () => undefined); // the refusal closes the connection as well
    await expect(client.connect()).rejects.toMatchObject({ code: '28000' });
    await life.engineer.act(id, 'withdraw');
  });

  it('cuts a running statement within five seconds of the revocation by the customer', async () => {
    const { id } = await anApproved(life);
    const wire = await life.open(id);
    const running = wire.query('select count(*) from events a cross join events b cross join events c');
    await until(async () => (await typesAbout(life, id)).includes('access.intent'));
    const startedAt = performance.now();
    expect((await life.acmeApprover.act(id, 'revoke')).state).toBe('revoked');
    expect(await running).toMatchObject({ ok: false, error: { sqlstate: '57P01' } });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await until(() => wire.ended);
    await until(async () => (await typesAbout(life, id)).includes('access.outcome'));
    const lines = (await acmeLog(life)).filter(({ ref }) => ref === id);
    expect(lines.findLast(({ type }) => type === 'access.outcome')?.outcome).toBe('cut');
    const revoked = lines.findIndex(({ type }) => type === 'access.revoked');
    expect(lines.slice(revoked).some(({ type }) => type === 'access.intent')).toBe(false);
    const left = await life.sql('sample', "select count(*) from pg_roles where rolname ~ '^g_[0-9a-f]{32}$'");
    expect(Number(left[0]?.[0])).toBe(0);
  });

  it('runs nothing that is sent after the revocation', async () => {
    const { id } = await anApproved(life);
    const wire = await life.open(id);
    await rowsOf(wire, 'select count(*) from orders');
    await life.acmeApprover.act(id, 'revoke');
    expect(await wire.query('select count(*) from orders')).toMatchObject({ ok: false });
    expect((await refusalOf(life.engineer.credential(id))).code).toBe('act_not_open');
  });

  it('raises an alarm when the role of an ended grant cannot be dropped, and opens nothing under it', async () => {
    const { id } = await anApproved(life);
    const wire = await life.open(id);
    const [role] = await rowsOf(wire, 'select current_user');
    // Rights in another database keep PostgreSQL from dropping a role.
    await life.sql('gatehouse', `create schema held authorization ${role?.[0]}`);
    expect((await life.acmeApprover.act(id, 'revoke')).state).toBe('close_failed');
    await until(() => wire.ended);
    expect(await typesAbout(life, id)).toContain('access.close_failed');
    expect((await refusalOf(life.engineer.credential(id))).code).toBe('act_not_open');
    const login = `select rolcanlogin from pg_roles where rolname = '${role?.[0]}'`;
    expect(await life.sql('sample', login)).toEqual([[false]]);
    await life.sql('gatehouse', 'drop schema held');
  });

  it('says why a source whose schema changed since it was applied opens for nobody', async () => {
    const { id } = await anApproved(life);
    await life.sql('sample', 'alter table orders add column discount_code text');
    const changed = await life.refusedAtWire(await life.engineer.credential(id));
    expect(changed.message).toMatch(/schema of source sample changed/);
    await life.sql('sample', 'alter table orders drop column discount_code');
    await life.engineer.act(id, 'complete');
  });

  it('leaves neither a session nor a role when a grant is revoked while it is being opened', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id } = await anApproved(life);
      await (await life.open(id)).close();
      const signed = life.acmeApprover.sign(await life.acmeApprover.draft(id, 'revoke'));
      const credential = await life.engineer.credential(id);
      const [wire] = await Promise.all([life.openWith(credential), life.acmeApprover.sendAct(id, signed)]);
      if (wire !== null) expect(await wire.query('select count(*) from orders')).toMatchObject({ ok: false });
      await until(async () => {
        const roles = await life.sql(
          'sample',
          "select count(*)::int from pg_roles where rolcanlogin and rolname ~ '^g_[0-9a-f]{32}$'",
        );
        return roles[0]?.[0] === 0;
      });
    }
  });

  it('tells the engineer, the manager and the customer the same story, and others nothing', async () => {
    const { id } = await life.engineer.ask(anAsking());
    const states = await Promise.all(
      [life.engineer, life.manager, life.acmeAdmin, life.officer].map(async (person) => (await person.show(id)).state),
    );
    expect(states).toEqual(['in_review', 'in_review', 'in_review', 'in_review']);
    for (const stranger of [life.engineer2, life.legal, life.globexAdmin]) {
      expect((await refusalOf(stranger.show(id))).code).toBe('request_unknown');
    }
    expect((await life.engineer.act(id, 'withdraw')).state).toBe('withdrawn');
    await untilState(life.acmeAdmin, id, 'withdrawn');
  });
});

describe('the verifier of the customer', () => {
  it('finds nothing wrong in a log of grants that were used, revoked, completed and refused', async () => {
    const verdict = await verifyAcme(life);
    expect(verdict.findings).toEqual([]);
    expect(verdict.grants).toBeGreaterThanOrEqual(4);
    expect(verdict.decisions).toBeGreaterThan(verdict.grants * 4);
    expect(verdict.report.unopened).toEqual([]);
  });
});

describe('the HTTP door', () => {
  const send = async (body: string, headers: Record<string, string> = {}) => {
    const { http } = life.program.ready;
    const response = await fetch(`${http}/api/v1/portal-sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    return (await response.json()) as { status: number; code: string; detail: string; errors?: string[] };
  };

  it('refuses malformed, deep, huge and unknown input with one sentence each, and goes on', async () => {
    expect(await send('{"code":')).toMatchObject({ status: 400, detail: expect.stringContaining('not JSON') });
    expect(await send(`${'['.repeat(100_000)}`)).toMatchObject({
      status: 400,
      detail: expect.stringContaining('deep'),
    });
    expect(await send(JSON.stringify({ code: 'x'.repeat(10_000_000) }))).toMatchObject({ status: 413 });
    expect(await send('{"__proto__":{}}')).toMatchObject({ status: 400 });
    const unknown = await send(JSON.stringify({ code: 'x'.repeat(30), colour: 'red' }));
    expect(unknown).toMatchObject({ status: 400, code: 'request_invalid' });
    expect(unknown.detail).toContain('colour');
    expect(await send('<code/>', { 'content-type': 'application/xml' })).toMatchObject({ status: 415 });
    const asked = life.engineer.post('/api/v1/requests/draft', { ...anAsking(), sudo: true });
    expect((await refusalOf(asked)).message).toContain('sudo');
    expect(await life.engineer.get('/api/v1/me')).toMatchObject({ person: 'engineer@operator.example' });
  });

  it('reports every field that is wrong, not only the first', async () => {
    const refused = await refusalOf(
      life.engineer.post('/api/v1/requests/draft', { tenant: '', mode: 'own', ticket: 5 }),
    );
    for (const field of ['tenant', 'mode', 'ticket']) expect(refused.errors.join()).toContain(field);
  });

  it('opens nothing without a session, with a made-up one, or for the wrong party', async () => {
    const { http } = life.program.ready;
    const get = async (path: string, token?: string) =>
      (await fetch(`${http}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }))
        .status;
    expect(await get('/api/v1/requests')).toBe(401);
    expect(await get('/api/v1/requests', 'A'.repeat(43))).toBe(401);
    expect((await refusalOf(life.acmeAdmin.ask(anAsking()))).status).toBe(403);
    expect((await refusalOf(life.engineer.post('/api/v1/portal-codes', {}))).status).toBe(403);
    expect(await get('/healthz')).toBe(200);
    expect(await get('/readyz')).toBe(200);
  });
});
