import { randomUUID } from 'node:crypto';
import type { Statement } from '@gatehouse/verifier';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Draft, Refused } from '../../src/demo/person.ts';
import { anApproved, anAsking, type Life, refusalOf, rowsOf, startLife, typesAbout } from './life.ts';
import { verifyAcme } from './verifying.ts';

let life: Life;
/** What a test has asked for, taken back afterwards so that no person has more live grants than the terms allow. */
const asked: string[] = [];

beforeAll(async () => {
  life = await startLife();
});
afterAll(() => life?.close());
afterEach(async () => {
  for (const id of asked.splice(0)) {
    const { state } = await life.officer.show(id);
    if (/^(in_review|awaiting_customer|approved_future|active|extension_requested)$/.test(state)) {
      await life.officer.act(id, 'revoke', 'the test is over');
    }
  }
});

async function ask(more = {}): Promise<string> {
  const { id } = await life.engineer.ask(anAsking(more));
  asked.push(id);
  return id;
}

async function approved(more = {}): Promise<string> {
  const { id } = await anApproved(life, more);
  asked.push(id);
  return id;
}

describe('whose yes counts', () => {
  it('refuses the approval of the requester, and records the attempt in the log of the customer', async () => {
    const id = await ask();
    const refused = await refusalOf(life.engineer.act(id, 'approve'));
    expect(refused).toMatchObject({ status: 403, code: 'self_approval' });
    expect(await typesAbout(life, id)).toEqual(['access.requested', 'access.refused']);
  });

  it('refuses whoever is not in the line of the requester, even a security officer', async () => {
    const id = await ask();
    expect((await refusalOf(life.officer.act(id, 'approve'))).code).toBe('approver_not_in_line');
    expect((await refusalOf(life.engineer2.act(id, 'approve'))).code).toBe('request_unknown');
    expect((await refusalOf(life.support.act(id, 'approve'))).code).toBe('request_unknown');
    expect((await life.engineer.show(id)).state).toBe('in_review');
  });

  it('refuses the customer before the manager, and the manager twice', async () => {
    const id = await ask();
    expect((await refusalOf(life.acmeApprover.act(id, 'approve'))).code).toBe('manager_approval_missing');
    await life.manager.act(id, 'approve');
    expect((await refusalOf(life.manager.act(id, 'approve'))).code).toBe('state_not_open');
  });

  it('refuses a user of the customer who is no approver', async () => {
    const id = await ask();
    await life.manager.act(id, 'approve');
    expect((await refusalOf(life.acmeAdmin.act(id, 'approve'))).code).toBe('approver_not_notified');
    expect((await refusalOf(life.globexAdmin.act(id, 'approve'))).code).toBe('request_unknown');
  });

  it('S10: asks for a purpose that the person may use, a ticket and a reason, each time', async () => {
    const refusalFor = async (more: Record<string, unknown>) =>
      (await refusalOf(life.engineer.ask(anAsking(more)))).code;
    expect(await refusalFor({ purpose: 'comply.audit' })).toMatch(/not_eligible|purpose/);
    expect(await refusalFor({ purpose: 'advertise.target' })).toMatch(/purpose_(unknown|forbidden)/);
    expect(await refusalFor({ reasonCode: 'curiosity' })).toBe('reason_code_unknown');
    expect(await refusalFor({ justification: 'please' })).toBe('justification_too_short');
    expect(await refusalFor({ mode: 'write' })).toMatch(/not_eligible|mode/);
    expect(await refusalFor({ tenant: 'nobody' })).toBe('tenant_unknown');
    expect(await refusalFor({ source: 'elsewhere' })).toBe('source_unknown');
    expect((await refusalOf(life.support.ask(anAsking()))).code).toBe('party_may_not_request');
  });

  it('denies for good on the no of the manager or of the customer', async () => {
    const first = await ask();
    expect((await life.manager.act(first, 'deny', 'use the runbook')).state).toBe('denied');
    expect((await refusalOf(life.manager.act(first, 'approve'))).code).toBe('state_not_open');
    const second = await ask();
    await life.manager.act(second, 'approve');
    expect((await life.acmeApprover.act(second, 'deny')).state).toBe('denied');
    expect((await refusalOf(life.engineer.credential(second))).code).toBe('act_not_open');
  });

  it('lets the requester withdraw and complete, and nobody else in their place', async () => {
    const id = await ask();
    expect((await refusalOf(life.manager.act(id, 'withdraw'))).code).toBe('not_the_requester');
    expect((await life.engineer.act(id, 'withdraw')).state).toBe('withdrawn');
    const used = await approved();
    await (await life.open(used)).close();
    expect((await refusalOf(life.engineer.act(used, 'withdraw'))).code).toBe('already_in_use');
    expect((await refusalOf(life.acmeAdmin.act(used, 'complete'))).code).toBe('not_the_requester');
    expect((await life.engineer.act(used, 'complete')).state).toBe('completed');
  });
});

describe('what was signed', () => {
  it('refuses a statement that was signed with the key of another', async () => {
    const id = await ask();
    const document = await life.manager.draft(id, 'approve');
    const forged = life.engineer.sign(document);
    expect((await refusalOf(life.manager.sendAct(id, forged))).code).toMatch(/^statement_/);
    const own = life.engineer.sign({ ...document, keyId: life.engineer.keyId });
    expect((await refusalOf(life.manager.sendAct(id, own))).code).toBe('matter_changed');
    expect((await life.engineer.show(id)).state).toBe('in_review');
  });

  it('refuses a signature over anything but the draft: one byte, or no signature at all', async () => {
    const id = await ask();
    const { document, signature } = life.manager.sign(await life.manager.draft(id, 'approve'));
    for (const changed of [
      { document: { ...document, nonce: 'AAAAAAAAAAAAAAAAAAAAAA' }, signature },
      { document, signature: { ...signature, signature: Buffer.alloc(64).toString('base64') } },
      { document, signature: { kind: 'none' } },
      { document: {}, signature: {} },
    ]) {
      const refused = await refusalOf(life.manager.sendAct(id, changed));
      expect(refused.status).toBeGreaterThanOrEqual(400);
      expect(refused.status).toBeLessThan(500);
    }
    expect((await life.engineer.show(id)).state).toBe('in_review');
  });

  it('uses a statement once: the same approval does not count for a second time, or for another request', async () => {
    const [first, second] = [await ask(), await ask()];
    const signed = life.manager.sign(await life.manager.draft(first, 'approve'));
    expect((await refusalOf(life.manager.sendAct(second, signed))).code).toBe('matter_changed');
    expect((await life.manager.sendAct(first, signed)).state).toBe('awaiting_customer');
    expect((await refusalOf(life.manager.sendAct(first, signed))).code).toBe('statement_replayed');
  });

  it('refuses a request that was widened after it was signed', async () => {
    const { matter, document } = await life.engineer.post<Draft>('/api/v1/requests/draft', anAsking());
    const signed = life.engineer.sign(document);
    const wider = [
      { budgets: { ...(matter as { budgets: object }).budgets, rows: 1_000_000 } },
      { purpose: 'troubleshoot.diagnose' },
      { tenant: 'globex' },
      { justification: 'Something else altogether, which nobody has read or signed.' },
      { notAfter: (matter as { notAfter: number }).notAfter + 1 },
    ];
    for (const change of wider) {
      const sent = life.engineer.post('/api/v1/requests', { matter: { ...(matter as object), ...change }, signed });
      expect((await refusalOf(sent)).code, JSON.stringify(change)).toBe('matter_changed');
    }
    const sent = await life.engineer.post<{ id: string }>('/api/v1/requests', { matter, signed });
    asked.push(sent.id);
    expect((await refusalOf(life.engineer.post('/api/v1/requests', { matter, signed }))).code).toBe(
      'statement_replayed',
    );
  });

  it('files one of many that send the same statement at the same moment', async () => {
    const { matter, document } = await life.engineer.post<Draft>('/api/v1/requests/draft', anAsking());
    const signed = life.engineer.sign(document);
    const raising = Array.from({ length: 8 }, () =>
      life.engineer.post<{ id: string }>('/api/v1/requests', { matter, signed }),
    );
    const raised = await Promise.allSettled(raising);
    expect(raised.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const id = (matter as { id: string }).id;
    asked.push(id);
    const approval = life.manager.sign(await life.manager.draft(id, 'approve'));
    const approving = await Promise.allSettled(Array.from({ length: 8 }, () => life.manager.sendAct(id, approval)));
    expect(approving.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = [...raised, ...approving].flatMap((one) =>
      one.status === 'rejected' ? [one.reason as Refused] : [],
    );
    expect(new Set(refused.map(({ status }) => status)).has(500)).toBe(false);
  });

  it('never takes a no for a yes, or the statement of a manager for that of a customer', async () => {
    const id = await ask();
    const deny = life.manager.sign(await life.manager.draft(id, 'deny'));
    const turned = { ...deny, document: { ...deny.document, decision: 'approve' as const } };
    expect((await refusalOf(life.manager.sendAct(id, turned))).code).toMatch(/^statement_/);
    await life.manager.act(id, 'approve');
    const document: Statement = { ...(await life.acmeApprover.draft(id, 'approve')), type: 'access.manager_decision' };
    const passedOff = life.acmeApprover.sign(document);
    expect((await refusalOf(life.acmeApprover.sendAct(id, passedOff))).code).toBe('matter_changed');
  });

  it('raises one request for one Idempotency-Key, and gives the same answer again', async () => {
    const { matter, document } = await life.engineer.post<Draft>('/api/v1/requests/draft', anAsking());
    const body = { matter, signed: life.engineer.sign(document) };
    const key = randomUUID();
    const first = await life.engineer.post<{ id: string }>('/api/v1/requests', body, key);
    asked.push(first.id);
    expect(await life.engineer.post('/api/v1/requests', body, key)).toEqual(first);
    const other = life.engineer.post(
      '/api/v1/requests',
      { ...body, matter: { ...(matter as object), ticket: '1' } },
      key,
    );
    expect((await refusalOf(other)).code).toBe('idempotency_key_reused');
  });

  it('remembers no token, whatever Idempotency-Key asks for it', async () => {
    const id = await approved();
    const key = randomUUID();
    const mint = () => life.engineer.post<{ password: string }>(`/api/v1/requests/${id}/credentials`, {}, key);
    const [first, second] = [await mint(), await mint()];
    expect(first.password).not.toBe(second.password);
    const kept = await life.sql(
      'gatehouse',
      'select coalesce(string_agg(answer::text, chr(10)), $$$$) from http.answers',
    );
    expect(String(kept[0]?.[0])).not.toContain(second.password);
  });
});

describe('tokens', () => {
  it('takes a token once, and says how to get another', async () => {
    const id = await approved();
    const { user, password } = await life.engineer.credential(id);
    const wire = await openWith(user, password);
    const again = await life.refusedAtWire({ user, password });
    expect(again.sqlstate).toBe('28P01');
    expect(`${again.message} ${again.hint}`).toContain('gatehouse');
    await wire.end();
  });

  it('takes neither a wrong token, nor an expired one, nor that of another source or grant', async () => {
    const id = await approved();
    const { user, password } = await life.engineer.credential(id);
    expect((await life.refusedAtWire({ user, password: `${password}x` })).sqlstate).toBe('28P01');
    expect((await life.refusedAtWire({ user, password, database: 'elsewhere' })).sqlstate).toBe('28P01');
    expect((await life.refusedAtWire({ user: `A${user.slice(1)}`, password })).sqlstate).toBe('28P01');
    await life.sql('gatehouse', `update access.credentials set expires_at = issued_at where request_id = '${id}'`);
    expect((await life.refusedAtWire({ user, password })).sqlstate).toBe('28P01');
  });

  it('gives a token only to the holder of the grant', async () => {
    const id = await approved();
    expect((await refusalOf(life.manager.credential(id))).code).toBe('not_permitted');
    expect((await refusalOf(life.engineer2.credential(id))).code).toBe('request_unknown');
    expect((await refusalOf(life.acmeAdmin.credential(id))).status).toBe(403);
  });
});

async function openWith(user: string, password: string): Promise<pg.Client> {
  const { host, port, ca } = life.program.ready.gateway;
  const { readFileSync } = await import('node:fs');
  const client = new pg.Client({
    host,
    port,
    user,
    password,
    database: 'sample',
    ssl: { ca: readFileSync(ca, 'utf8') },
  });
  client.on('error', () => undefined); // its end is looked at elsewhere
  await client.connect();
  return client;
}

describe('an edited database', () => {
  it('opens nothing for a token that somebody put beside a live grant', async () => {
    const { id } = await anApproved(life);
    const [own, other] = [await life.engineer.credential(id), (await anApproved(life)).id];
    const foreign = await life.engineer.credential(other);
    await life.sql(
      'gatehouse',
      `update access.credentials set (salt, stored_key, server_key) =
              (select salt, stored_key, server_key from access.credentials where request_id = '${other}')
        where request_id = '${id}'`,
    );
    expect(await life.openWith({ user: own.user, password: foreign.password })).toBeNull();
    asked.push(id, other);
  });

  it('opens nothing for a request whose state was set to approved', async () => {
    const id = await ask();
    await life.manager.act(id, 'approve');
    await life.sql(
      'gatehouse',
      `update access.requests set state = 'approved_future', approved_at = now() where id = '${id}'`,
    );
    const { user, password } = await life.engineer.credential(id);
    expect(await life.refusedAtWire({ user, password })).toMatchObject({ severity: 'FATAL', sqlstate: '42501' });
    expect(await typesAbout(life, id)).not.toContain('access.activated');
  });

  it('opens nothing for a tenant whose approval was turned off', async () => {
    const id = await ask();
    await life.manager.act(id, 'approve');
    const policies =
      "update tenants.policies set policy = jsonb_set(policy, '{customerApproval}', $$false$$::jsonb) where tenant = 'acme'";
    const before = await life.sql(
      'gatehouse',
      "select policy::text, version from tenants.policies where tenant = 'acme'",
    );
    await life.sql('gatehouse', policies);
    try {
      await life.sql(
        'gatehouse',
        `update access.requests set state = 'approved_future', approved_at = now() where id = '${id}'`,
      );
      const minted = await life.engineer.credential(id).then(
        (credential) => credential,
        () => null,
      );
      if (minted !== null) await life.refusedAtWire(minted);
      const [active] = await life.sql('gatehouse', `select activated_at from access.requests where id = '${id}'`);
      expect(active?.[0]).toBeNull();
    } finally {
      for (const [policy, version] of before) {
        await life.sql(
          'gatehouse',
          `update tenants.policies set policy = $$${String(policy)}$$ where tenant = 'acme' and version = ${String(version)}`,
        );
      }
      await life.sql(
        'gatehouse',
        `update access.requests set state = 'awaiting_customer', approved_at = null where id = '${id}'`,
      );
    }
    expect((await life.acmeApprover.act(id, 'approve')).state).toBe('approved_future');
  });

  it('opens nothing with a public key that was put in the place of an approver’s', async () => {
    const id = await ask();
    await life.manager.act(id, 'approve');
    const keys =
      "select signed::text, position from identity.statements where directory = 'tenant:acme' order by position";
    const before = await life.sql('gatehouse', keys);
    const forged = String(before[1]?.[0]).replaceAll(life.acmeApprover.keyId, life.engineer.keyId);
    await life.sql(
      'gatehouse',
      `update identity.statements set signed = $$${forged}$$ where directory = 'tenant:acme' and position = 1`,
    );
    try {
      await life.sql(
        'gatehouse',
        `update access.requests set state = 'approved_future', approved_at = now() where id = '${id}'`,
      );
      const { user, password } = await life.engineer.credential(id);
      const refused = await life.refusedAtWire({ user, password });
      expect(refused.severity).toBe('FATAL');
      expect(await life.sql('gatehouse', `select activated_at from access.requests where id = '${id}'`)).toEqual([
        [null],
      ]);
    } finally {
      await life.sql(
        'gatehouse',
        `update identity.statements set signed = $$${String(before[1]?.[0])}$$ where directory = 'tenant:acme' and position = 1`,
      );
      await life.sql(
        'gatehouse',
        `update access.requests set state = 'awaiting_customer', approved_at = null where id = '${id}'`,
      );
    }
  });

  it('opens nothing for a request whose holder, tenant or matter was changed', async () => {
    const id = await approved();
    const { user, password } = await life.engineer.credential(id);
    await life.sql(
      'gatehouse',
      `update access.requests set matter = jsonb_set(matter, '{budgets,rows}', '1000000') where id = '${id}'`,
    );
    expect((await life.refusedAtWire({ user, password })).sqlstate).toBe('42501');
    await life.sql(
      'gatehouse',
      `update access.requests set matter = jsonb_set(matter, '{budgets,rows}', '10000') where id = '${id}'`,
    );
    const second = await life.engineer.credential(id);
    await life.sql(
      'gatehouse',
      `update access.requests set requester = 'engineer2@operator.example' where id = '${id}'`,
    );
    expect((await life.refusedAtWire(second)).sqlstate).toBe('42501');
    await life.sql(
      'gatehouse',
      `update access.requests set requester = 'engineer@operator.example' where id = '${id}'`,
    );
    await rowsOf(await life.open(id), 'select 1');
  });

  it('runs nothing under an ended grant whose row was set back to active', async () => {
    const id = await approved();
    await (await life.open(id)).close();
    await life.acmeApprover.act(id, 'revoke');
    await life.sql(
      'gatehouse',
      `update access.requests set state = 'active', ended_at = null, ends_at = now() + interval '7 days' where id = '${id}'`,
    );
    const outcome = await life.open(id).then(
      (wire) => wire.query('select count(*) from orders'),
      () => null,
    );
    if (outcome !== null) expect(outcome).toMatchObject({ ok: false });
    const types = await typesAbout(life, id);
    expect(types.slice(types.indexOf('access.revoked'))).not.toContain('access.intent');
    await life.sql('gatehouse', `update access.requests set state = 'revoked', ended_at = now() where id = '${id}'`);
  });
});

describe('the verifier of the customer', () => {
  it('finds nothing wrong in a log of refused approvals and of a database that was edited', async () => {
    expect((await verifyAcme(life)).findings).toEqual([]);
  });
});
