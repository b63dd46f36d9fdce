import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { instant } from '@gatehouse/terms';
import { hashOf, parseStatement, type SignedStatement, type Statement } from '@gatehouse/verifier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directoryOfTenant } from '../../src/identity/index.ts';
import {
  defaultPolicy,
  policyDocument,
  policyHash,
  type Tenant,
  type TenantActor,
  TenantError,
  type TenantPolicy,
} from '../../src/tenants/index.ts';
import { accepted, aCustomer, anOperator, codeOf, entryText, openWorld, type World } from '../identity/world.ts';
import { aKey, anEnrolment, aStatement, signedBy, type TestKey } from '../signing.ts';

const setup = { kind: 'setup' } as const;
const hour = 3_600_000;
let world: World;

beforeAll(async () => {
  world = await openWorld();
  await anOperator(world);
});
afterAll(async () => await world.close());

describe('a tenant', () => {
  it('opens with a log of its own, whose first entries tell nothing of who it is', async () => {
    const opened = accepted(await world.tenants.open({ id: 'initech', policy: defaultPolicy, by: setup }));
    const { logId, policy } = opened.value;
    expect(logId).toMatch(/^[0-9a-f]{32}$/);
    expect(policy).toMatchObject({ v: 1, tenant: 'initech', version: 1, customerApproval: false });
    const texts = [await entryText(world, logId, 0), await entryText(world, logId, 1)];
    expect(texts.map((text) => JSON.parse(text).type)).toEqual(['log.open', 'tenant.opened']);
    expect(texts.join()).not.toContain('initech');
  });

  it('is opened once', async () => {
    expect(codeOf(await world.tenants.open({ id: 'initech', policy: defaultPolicy, by: setup }))).toBe('TENANT_EXISTS');
    const both = await Promise.all(
      [1, 2].map(() => world.tenants.open({ id: 'twice', policy: defaultPolicy, by: setup })),
    );
    expect(both.map(codeOf).sort()).toEqual(['TENANT_EXISTS', 'ok']);
  });

  it('is opened by security officers of the operator, and by no customer', async () => {
    const open = async (id: string, by: TenantActor) =>
      codeOf(await world.tenants.open({ id, policy: defaultPolicy, by }));
    const person = 'security@operator.example';
    expect(await open('by-officer', { kind: 'personnel', person })).toBe('ok');
    expect(await open('no', { kind: 'personnel', person: 'nobody@operator.example' })).toBe(
      'TENANT_ACTOR_NOT_PERMITTED',
    );
    expect(await open('no', { kind: 'customer_user', tenant: 'no', person })).toBe('TENANT_ACTOR_NOT_PERMITTED');
  });

  it('of a source’s key is opened with approval OFF when it is first seen, and found after that', async () => {
    const first = await world.tenants.ensure('ALFKI');
    expect(first.policy.customerApproval).toBe(false);
    expect((await world.tenants.ensure('ALFKI')).logId).toBe(first.logId);
    const many = await Promise.all([1, 2, 3, 4].map(() => world.tenants.ensure('FRANS')));
    expect(new Set(many.map(({ logId }) => logId)).size).toBe(1);
  });

  it.each([`it's "q"; drop table`, 'Ünïcødé 店', '🦀'.repeat(15), 'a'.repeat(63), '.', 'operator', 'tenant:acme'])(
    'may be called %j',
    async (key) => {
      expect((await world.tenants.ensure(key)).id).toBe(key);
      expect((await world.tenants.find(key))?.terms.tenant).toBe(key);
    },
  );

  it.each(['', 'a'.repeat(64), '🦀'.repeat(16), 'a\nb', 'a\0b', '\ud800'])('may not be called %j', async (key) => {
    await expect(world.tenants.ensure(key)).rejects.toMatchObject({
      name: 'TenantError',
      code: 'TENANT_KEY_IMPOSSIBLE',
    });
    expect(codeOf(await world.tenants.open({ id: key, policy: defaultPolicy, by: setup }))).toBe('TENANT_INVALID');
  });

  it('whose opening was cut short between its two entries is completed by the next who asks', async () => {
    const { logId } = await world.tenants.ensure('cut');
    await world.database.pool.query(`update tenants.tenants set opened_seq = null where id = 'cut'`);
    expect(await world.tenants.find('cut')).toBeNull();
    expect((await world.tenants.ensure('cut')).logId).toBe(logId);
  });

  it('may not choose what the terms do not allow', async () => {
    const policy = { ...defaultPolicy, customerWindowMs: hour - 1 };
    expect(codeOf(await world.tenants.open({ id: 'bad', policy, by: setup }))).toBe('TENANT_POLICY_INVALID');
    expect(await world.tenants.find('bad')).toBeNull();
  });
});

describe('the policy of a tenant with approval ON', () => {
  let acme: { tenant: Tenant; admin: TestKey; adminId: string };
  let admin: TenantActor;
  const officer: TenantActor = { kind: 'personnel', person: 'security@operator.example' };

  beforeAll(async () => {
    acme = await aCustomer(world, 'acme', { customerApproval: true });
    admin = { kind: 'customer_user', tenant: 'acme', person: acme.adminId };
  });

  it('is tightened by the customer’s admin and by the operator’s officer without a signature', async () => {
    world.clock.advance(1000);
    const first = accepted(await change({ quorum: 2 }, { by: admin }));
    expect(first.value.policy).toMatchObject({ version: 2, quorum: 2 });
    expect(codeOf(await change({ countries: ['IE'] }, { by: officer }))).toBe('ok');
    expect(codeOf(await change({}, { by: admin }))).toBe('TENANT_POLICY_UNCHANGED');
    const entry = JSON.parse(await entryText(world, acme.tenant.logId, first.seq));
    expect(entry).toMatchObject({ type: 'tenant.policy_changed' });
  });

  it('stays what it was at an earlier time for whoever asks about then', async () => {
    const opened = acme.tenant.openedAt;
    expect((await world.tenants.policyAt('acme', opened))?.policy.version).toBe(1);
    expect((await world.tenants.policyAt('acme', instant(opened - 1)))?.policy).toBeUndefined();
  });

  it.each<[string, Partial<TenantPolicy>]>([
    ['turned off', { customerApproval: false }],
    ['given a lower quorum', { quorum: 1 }],
    ['opened to more countries', { countries: null }],
  ])('is not %s without a statement, not even by the customer’s admin', async (_, loosening) => {
    expect(codeOf(await change(loosening, { by: admin }))).toBe('TENANT_STATEMENT_MISSING');
    expect(codeOf(await change(loosening, { by: setup }))).toBe('TENANT_STATEMENT_MISSING');
    expect(codeOf(await change(loosening, { by: officer }))).toBe('TENANT_ACTOR_NOT_PERMITTED');
  });

  it('is not loosened by a statement of another kind, by another’s key, or about another change', async () => {
    const loosening = { customerApproval: false };
    const attempt = async (statement: SignedStatement) => codeOf(await change(loosening, { by: admin, statement }));
    const approval = signedBy(
      acme.admin,
      aStatement({ type: 'access.customer_decision', decision: 'approve', keyId: acme.admin.keyId, tenant: 'acme' }),
    );
    expect(await attempt(approval)).toBe('TENANT_STATEMENT_REJECTED');
    expect(await attempt(await policyChange(loosening, aKey()))).toBe('TENANT_STATEMENT_REJECTED');
    expect(await attempt(await policyChange({ quorum: 1 }, acme.admin))).toBe('TENANT_STATEMENT_REJECTED');
    const approver = aKey();
    const signed = anEnrolment(acme.admin, approver, {
      person: 'approver@acme.example',
      roles: ['approver'],
      position: 1,
      tenant: 'acme',
    });
    accepted(await world.directories.enrol({ directory: directoryOfTenant('acme'), signed }));
    expect(await attempt(await policyChange(loosening, approver))).toBe('TENANT_STATEMENT_REJECTED');
  });

  it('is not turned off by editing, adding or deleting rows in the database, but closes the tenant', async () => {
    const { pool } = world.database;
    const { rows } = await pool.query('select * from tenants.policies where tenant = $1 order by version', ['acme']);
    const current = (await world.tenants.find('acme'))?.policy ?? acme.tenant.policy;
    const off = { ...current, customerApproval: false };
    const put = async (version: number, policy: typeof off, hash = policyHash(policy)) =>
      await pool.query(
        `insert into tenants.policies (tenant, version, valid_from, seq, policy, hash) values ('acme', $1, now(), 1, $2, $3)
         on conflict (tenant, version) do update set policy = excluded.policy, hash = excluded.hash`,
        [version, JSON.stringify(policy), hash],
      );
    const attacks: readonly [string, () => Promise<unknown>][] = [
      ['edited, with its old hash', () => put(current.version, off, policyHash(current))],
      ['edited, with a new hash', () => put(current.version, off)],
      ['followed by another', () => put(current.version + 1, { ...off, version: current.version + 1 })],
      ['rolled back', () => pool.query(`delete from tenants.policies where tenant = 'acme' and version > 1`)],
      ['deleted', () => pool.query(`delete from tenants.policies where tenant = 'acme'`)],
      ['another tenant’s', () => put(current.version, { ...off, tenant: 'initech' })],
    ];
    for (const [name, attack] of attacks) {
      await attack();
      for (const tenants of [world.tenants, world.reopened().tenants]) {
        await expect(tenants.find('acme'), name).rejects.toBeInstanceOf(TenantError);
        await expect(tenants.find('acme'), name).rejects.toMatchObject({ code: 'TENANT_POLICY_NOT_PINNED' });
        await expect(tenants.ensure('acme'), name).rejects.toBeInstanceOf(TenantError);
      }
      await pool.query(`delete from tenants.policies where tenant = 'acme'`);
      for (const row of rows) {
        await pool.query('insert into tenants.policies values ($1, $2, $3, $4, $5, $6, $7)', [
          row.tenant,
          row.version,
          row.valid_from,
          row.seq,
          JSON.stringify(row.policy),
          row.hash,
          row.statement === null ? null : JSON.stringify(row.statement),
        ]);
      }
      expect((await world.tenants.find('acme'))?.policy.customerApproval).toBe(true);
    }
  });

  it('is followed from an older pin, as after a crash between the commit and the pin', async () => {
    const path = join(world.dataDir, 'pins.json');
    const pins = readFileSync(path, 'utf8');
    const file = JSON.parse(pins);
    expect(file.policies.acme.version).toBeGreaterThan(1);
    file.policies.acme = { version: 1, hash: acme.tenant.policyHash };
    writeFileSync(path, JSON.stringify(file));
    expect((await world.tenants.find('acme'))?.policy.version).toBeGreaterThan(1);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(pins));
  });

  it.skipIf(!knowsPolicyStatements())(
    'is loosened by a statement that an admin’s key signed about exactly this change, once',
    async () => {
      const loosening = { quorum: 1 };
      const statement = await policyChange(loosening, acme.admin);
      expect(codeOf(await change(loosening, { by: admin, statement }))).toBe('ok');
      accepted(await change({ quorum: 2 }, { by: admin }));
      expect(codeOf(await change(loosening, { by: admin, statement }))).toBe('TENANT_STATEMENT_REJECTED');
    },
  );

  async function change(part: Partial<TenantPolicy>, given: { by: TenantActor; statement?: SignedStatement }) {
    const policy = { ...(await current()), ...part };
    return await world.tenants.changePolicy({ id: 'acme', policy, by: given.by, statement: given.statement ?? null });
  }

  async function current(): Promise<Tenant['policy']> {
    return (await world.tenants.find('acme'))?.policy ?? acme.tenant.policy;
  }

  async function policyChange(part: Partial<TenantPolicy>, key: TestKey): Promise<SignedStatement> {
    const before = await current();
    const after = policyDocument('acme', before.version + 1, { ...before, ...part });
    const given = { tenant: 'acme', subject: hashOf(after), policyHash: policyHash(before), keyId: key.keyId };
    return signedBy(key, aStatement({ ...given, type: 'policy.change' as Statement['type'], decision: 'approve' }));
  }
});

describe('the users of a tenant', () => {
  it('are known with when they held which role', async () => {
    const { adminId } = await aCustomer(world, 'globex');
    const by: TenantActor = { kind: 'customer_user', tenant: 'globex', person: adminId };
    const person = 'approver@globex.example';
    const given = { tenant: 'globex', person, by };
    accepted(await world.tenants.addUser({ ...given, name: 'Gus', roles: ['approver'] }));
    const added = world.now();
    world.clock.advance(1000);
    accepted(await world.tenants.changeUser({ ...given, roles: ['admin'] }));
    const changed = world.now();
    world.clock.advance(1000);
    accepted(await world.tenants.changeUser({ ...given, roles: ['admin', 'approver'] }));
    const again = world.now();
    expect((await world.tenants.user('globex', person, again))?.held).toEqual([
      { role: 'approver', since: added, until: changed },
      { role: 'admin', since: changed, until: null },
      { role: 'approver', since: again, until: null },
    ]);
    expect((await world.tenants.user('globex', person, instant(changed - 1)))?.roles).toEqual(['approver']);
    expect(await world.tenants.user('globex', person, instant(added - 1))).toBeNull();
    world.clock.advance(1000);
    accepted(await world.tenants.removeUser(given));
    expect(await world.tenants.user('globex', person, world.now())).toBeNull();
  });

  it('keep their last admin', async () => {
    const person = 'admin@globex.example';
    const by: TenantActor = { kind: 'customer_user', tenant: 'globex', person };
    expect(codeOf(await world.tenants.removeUser({ tenant: 'globex', person, by }))).toBe('TENANT_PERSON_INVALID');
    expect(codeOf(await world.tenants.changeUser({ tenant: 'globex', person, roles: ['approver'], by }))).toBe(
      'TENANT_PERSON_INVALID',
    );
  });

  it('INV-3: are nothing to another tenant, in no answer and by no command', async () => {
    const { tenants } = world;
    const own = 'admin@globex.example';
    const others = (await tenants.users('acme', world.now())).map(({ person }) => person);
    expect(others).toEqual(['admin@acme.example']);
    expect(await tenants.user('acme', own, world.now())).toBeNull();
    const by: TenantActor = { kind: 'customer_user', tenant: 'acme', person: 'admin@acme.example' };
    const foreign = { tenant: 'globex', person: own, by };
    const refused = [
      await tenants.addUser({ ...foreign, name: 'Mallory', roles: ['admin'] }),
      await tenants.changeUser({ ...foreign, roles: ['admin'] }),
      await tenants.removeUser(foreign),
      await tenants.changePolicy({ id: 'globex', policy: { ...defaultPolicy, quorum: 2 }, by, statement: null }),
    ];
    expect(refused.map(codeOf)).toEqual(Array(4).fill('TENANT_ACTOR_NOT_PERMITTED'));
    const pretended: TenantActor = { kind: 'customer_user', tenant: 'globex', person: 'admin@acme.example' };
    expect(codeOf(await tenants.removeUser({ ...foreign, by: pretended }))).toBe('TENANT_ACTOR_NOT_PERMITTED');
    // Whether somebody works for another customer cannot be read off a refusal.
    const sentences = await Promise.all(
      [own, 'nobody@globex.example'].map(async (person) => await tenants.removeUser({ tenant: 'globex', person, by })),
    );
    expect(new Set(sentences.map((result) => JSON.stringify(result))).size).toBe(1);
  });

  it('INV-3: act for the tenant that they signed in for, also if they work for two', async () => {
    const person = 'admin@acme.example';
    accepted(await world.tenants.addUser({ tenant: 'globex', person, name: 'Ada', roles: ['admin'], by: setup }));
    const remove = async (tenant: string) =>
      codeOf(
        await world.tenants.removeUser({ tenant: 'globex', person, by: { kind: 'customer_user', tenant, person } }),
      );
    expect(await remove('acme')).toBe('TENANT_ACTOR_NOT_PERMITTED');
    expect(await remove('globex')).toBe('ok');
  });

  it('refuse who is no e-mail address, has no role, or is there already', async () => {
    const add = async (person: string, roles: readonly ('admin' | 'approver')[], name = 'Gus') =>
      codeOf(await world.tenants.addUser({ tenant: 'globex', person, name, roles, by: setup }));
    expect(await add('Gus', ['admin'])).toBe('TENANT_PERSON_INVALID');
    expect(await add('gus@globex.example', [])).toBe('TENANT_PERSON_INVALID');
    expect(await add('gus@globex.example', ['admin', 'admin'])).toBe('TENANT_PERSON_INVALID');
    expect(await add('gus@globex.example', ['admin'], 'a\nb')).toBe('TENANT_PERSON_INVALID');
    expect(await add('admin@globex.example', ['admin'])).toBe('TENANT_PERSON_EXISTS');
    expect(
      codeOf(
        await world.tenants.addUser({
          tenant: 'nowhere',
          person: 'a@b.example',
          name: 'A',
          roles: ['admin'],
          by: setup,
        }),
      ),
    ).toBe('TENANT_UNKNOWN');
  });
});

function knowsPolicyStatements(): boolean {
  const statement = aStatement({
    type: 'policy.change' as Statement['type'],
    decision: 'approve',
    keyId: aKey().keyId,
  });
  const known = parseStatement(statement).ok;
  if (!known)
    process.stderr.write(
      'Skipped: the verifier does not know statements of type policy.change yet, so no policy can be loosened.\n',
    );
  return known;
}
