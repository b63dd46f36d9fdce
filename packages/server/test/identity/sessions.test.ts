import { randomUUID } from 'node:crypto';
import { instant } from '@gatehouse/terms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directoryOfTenant, type Principal, type SignedIn } from '../../src/identity/index.ts';
import { aKey, anEnrolment, aProof, aRemoval, signInUrl, type TestKey } from '../signing.ts';
import { accepted, aCustomer, anOperator, codeOf, later, openWorld, type World } from './world.ts';

const minute = 60_000;
const hour = 60 * minute;
let world: World;
let officer: TestKey;
let engineer: TestKey;
let admin: TestKey;
let globexAdmin: TestKey;
let enrol: Awaited<ReturnType<typeof anOperator>>['enrol'];

beforeAll(async () => {
  world = await openWorld();
  ({ officer, enrol } = await anOperator(world));
  engineer = await enrol('engineer@operator.example', ['engineer']);
  admin = (await aCustomer(world, 'acme')).admin;
  globexAdmin = (await aCustomer(world, 'globex')).admin;
});
afterAll(async () => await world.close());

describe('signing in with a key', () => {
  it('says who the key speaks for, by the directory that holds it', async () => {
    expect((await session(engineer)).principal).toEqual({
      kind: 'personnel',
      person: 'engineer@operator.example',
      roles: ['engineer'],
      keyId: engineer.keyId,
      via: 'key_proof',
    });
    expect((await session(admin)).principal).toEqual({
      kind: 'customer_user',
      tenant: 'acme',
      person: 'admin@acme.example',
      roles: ['admin'],
      keyId: admin.keyId,
      via: 'key_proof',
    });
  });

  it('gives a token of 256 random bits and keeps only its hash', async () => {
    const { token } = await session(engineer);
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const { rows } = await world.database.pool.query(
      "select 1 from identity.sessions where encode(token_hash, 'escape') like '%' || $1 || '%'",
      [token],
    );
    expect(rows).toEqual([]);
  });

  it('takes a proof once, also when it comes twice at the same moment or after a restart', async () => {
    const proof = await aProof(engineer, { at: world.now() });
    const both = await Promise.all([signIn(proof), signIn(proof)]);
    expect(both.map(codeOf).sort()).toEqual(['PROOF_REPLAYED', 'ok']);
    world.clock.advance(59_000);
    expect(codeOf(await signIn(proof))).toBe('PROOF_REPLAYED');
    const after = await world.reopened().identity.signIn({ proof, method: 'POST', url: signInUrl, now: world.now() });
    expect(codeOf(after)).toBe('PROOF_REPLAYED');
    world.clock.advance(2000);
    expect(codeOf(await signIn(proof))).toBe('PROOF_STALE');
  });

  it('takes the same jti from two keys: they are two proofs', async () => {
    const jti = randomUUID();
    expect(codeOf(await signIn(await aProof(engineer, { at: world.now(), jti })))).toBe('ok');
    expect(codeOf(await signIn(await aProof(admin, { at: world.now(), jti })))).toBe('ok');
    expect(codeOf(await signIn(await aProof(admin, { at: world.now(), jti })))).toBe('PROOF_REPLAYED');
  });

  it('refuses a proof for another method or address', async () => {
    expect(codeOf(await signIn(await aProof(engineer, { at: world.now(), method: 'GET' })))).toBe('PROOF_WRONG_TARGET');
    expect(codeOf(await signIn(await aProof(engineer, { at: world.now(), url: `${signInUrl}/other` })))).toBe(
      'PROOF_WRONG_TARGET',
    );
  });

  it('refuses a key that nobody enrolled', async () => {
    expect(codeOf(await signIn(await aProof(aKey(), { at: world.now() })))).toBe('KEY_UNKNOWN');
  });

  it('refuses a key that only the index knows: a row put into the database enrols nobody', async () => {
    const mine = aKey();
    await world.database.pool.query('insert into identity.keys (key_id, directory) values ($1, $2)', [
      mine.keyId,
      directoryOfTenant('acme'),
    ]);
    expect(codeOf(await signIn(await aProof(mine, { at: world.now() })))).toBe('KEY_UNKNOWN');
  });

  it('makes nobody another tenant’s user by a row that says so', async () => {
    const { pool } = world.database;
    await pool.query('update identity.keys set directory = $2 where key_id = $1', [
      admin.keyId,
      directoryOfTenant('globex'),
    ]);
    expect(codeOf(await signIn(await aProof(admin, { at: world.now() })))).toBe('KEY_UNKNOWN');
    await pool.query('update identity.keys set directory = $2 where key_id = $1', [
      admin.keyId,
      directoryOfTenant('acme'),
    ]);
    expect(codeOf(await signIn(await aProof(admin, { at: world.now() })))).toBe('ok');
  });

  it('gives only roles that both the key directory and the person’s record hold', async () => {
    const { pool } = world.database;
    await pool.query(`update tenants.users set roles = '["admin","approver"]' where person = 'admin@acme.example'`);
    expect((await session(admin)).principal.roles).toEqual(['admin']);
    await pool.query(`update tenants.users set roles = '["approver"]' where person = 'admin@acme.example'`);
    expect((await session(admin)).principal.roles).toEqual([]);
    await pool.query(`update tenants.users set roles = '["admin"]' where person = 'admin@acme.example'`);
  });
});

describe('a session', () => {
  it.each([
    [15 * minute - 1, 'ok'],
    [15 * minute, 'SESSION_ENDED'],
    [15 * minute + 1, 'SESSION_ENDED'],
  ])('unused for %i ms is %s', async (idle, expected) => {
    const { token } = await session(engineer);
    expect(codeOf(await world.identity.authenticate(token, later(world, idle)))).toBe(expected);
  });

  it.each([
    [8 * hour - 1, 'ok'],
    [8 * hour, 'SESSION_ENDED'],
    [8 * hour + 1, 'SESSION_ENDED'],
  ])('in use all the time is, after %i ms, %s', async (age, expected) => {
    const { token, endsAt } = await session(engineer);
    const began = world.now();
    expect(endsAt).toBe(began + 8 * hour);
    for (let used = 14 * minute; used < age; used += 14 * minute) {
      expect(codeOf(await world.identity.authenticate(token, instant(began + used)))).toBe('ok');
    }
    expect(codeOf(await world.identity.authenticate(token, instant(began + age)))).toBe(expected);
  });

  it('does not come back when the clock does', async () => {
    const { token } = await session(engineer);
    expect(codeOf(await world.identity.authenticate(token, later(world, 15 * minute)))).toBe('SESSION_ENDED');
    expect(codeOf(await world.identity.authenticate(token, later(world, 14 * minute)))).toBe('SESSION_ENDED');
  });

  it.each([
    [59_999, 'ok'],
    [60_000, 'ok'],
    [60_001, 'SESSION_ENDED'],
  ])('last used %i ms ahead of a clock that went back is %s', async (ahead, expected) => {
    const { token } = await session(engineer);
    expect(codeOf(await world.identity.authenticate(token, later(world, 5 * minute)))).toBe('ok');
    expect(codeOf(await world.identity.authenticate(token, later(world, 5 * minute - ahead)))).toBe(expected);
  });

  it.each(['', 'x', 'A'.repeat(43), 'A'.repeat(44), `${'A'.repeat(42)}\n`, 'é'.repeat(43), 'A'.repeat(1_000_000)])(
    'is not opened by a token that is none (%#)',
    async (token) => {
      expect(codeOf(await world.identity.authenticate(token, world.now()))).toBe('TOKEN_INVALID');
    },
  );

  it('ends by signing out, once and for all', async () => {
    const { token } = await session(engineer);
    await world.identity.signOut(token, world.now());
    await world.identity.signOut(token, world.now());
    expect(codeOf(await world.identity.authenticate(token, world.now()))).toBe('SESSION_ENDED');
  });

  it('ends at once when its key is removed, and the key opens no other', async () => {
    const key = await enrol('leaver@operator.example', ['engineer']);
    const { token } = await session(key);
    expect(codeOf(await world.identity.authenticate(token, world.now()))).toBe('ok');
    const { position } = (await world.directories.load('operator')).directory;
    accepted(
      await world.directories.remove({ directory: 'operator', signed: aRemoval(officer, key.keyId, { position }) }),
    );
    expect(codeOf(await world.identity.authenticate(token, world.now()))).toBe('SESSION_ENDED');
    expect(codeOf(await signIn(await aProof(key, { at: world.now() })))).toBe('KEY_UNKNOWN');
  });

  it('ends at once when employment ends or a lock is set', async () => {
    const key = await enrol('locked@operator.example', ['engineer']);
    const by = { kind: 'setup' } as const;
    const first = await session(key);
    accepted(await world.personnel.setLock({ id: 'locked@operator.example', locked: true, reason: 'lost device', by }));
    expect(codeOf(await world.identity.authenticate(first.token, world.now()))).toBe('SESSION_ENDED');
    accepted(await world.personnel.setLock({ id: 'locked@operator.example', locked: false, reason: 'found', by }));
    expect(codeOf(await world.identity.authenticate(first.token, world.now()))).toBe('SESSION_ENDED');
    const second = await session(key);
    accepted(await world.personnel.change({ id: 'locked@operator.example', change: { employed: false }, by }));
    expect(codeOf(await world.identity.authenticate(second.token, world.now()))).toBe('SESSION_ENDED');
    expect(codeOf(await signIn(await aProof(key, { at: world.now() })))).toBe('KEY_UNKNOWN');
  });

  it('speaks for the key’s person, whatever the session’s row says', async () => {
    const { token } = await session(engineer);
    await world.database.pool.query(
      `update identity.sessions set person = 'security@operator.example' where key_id = $1`,
      [engineer.keyId],
    );
    expect(codeOf(await world.identity.authenticate(token, world.now()))).toBe('SESSION_ENDED');
  });

  it('is closed by a fault when the key directory cannot be believed', async () => {
    const { token } = await session(admin);
    const { pool } = world.database;
    const { rows } = await pool.query<{ signed: object }>(
      "select signed from identity.statements where directory = 'tenant:acme' and position = 0",
    );
    await pool.query("update identity.statements set signed = '{}' where directory = 'tenant:acme' and position = 0");
    await expect(world.identity.authenticate(token, world.now())).rejects.toMatchObject({ name: 'IdentityError' });
    await expect(signIn(await aProof(admin, { at: world.now() }))).rejects.toMatchObject({ name: 'IdentityError' });
    expect(codeOf(await signIn(await aProof(globexAdmin, { at: world.now() })))).toBe('ok');
    await pool.query("update identity.statements set signed = $1 where directory = 'tenant:acme' and position = 0", [
      JSON.stringify(rows[0]?.signed),
    ]);
    expect(codeOf(await world.identity.authenticate(token, world.now()))).toBe('ok');
  });
});

describe('a portal code', () => {
  it('opens one session, for its tenant, that says where it came from', async () => {
    const code = await portalCode(await session(admin), 'acme');
    const opened = accepted(await world.identity.redeemPortalCode(code, later(world, 59_999)));
    expect(opened.principal).toMatchObject({
      kind: 'customer_user',
      tenant: 'acme',
      person: 'admin@acme.example',
      via: 'portal_code',
    });
    expect(codeOf(await world.identity.authenticate(opened.token, later(world, minute)))).toBe('ok');
    expect(codeOf(await world.identity.redeemPortalCode(code, world.now()))).toBe('PORTAL_CODE_INVALID');
  });

  it.each([60_000, 60_001])('is over after %i ms', async (age) => {
    const code = await portalCode(await session(admin), 'acme');
    expect(codeOf(await world.identity.redeemPortalCode(code, later(world, age)))).toBe('PORTAL_CODE_INVALID');
  });

  it('is redeemed by one of two who try at once', async () => {
    const code = await portalCode(await session(admin), 'acme');
    const both = await Promise.all([1, 2].map(() => world.identity.redeemPortalCode(code, world.now())));
    expect(both.map(codeOf).sort()).toEqual(['PORTAL_CODE_INVALID', 'ok']);
  });

  it('is not given for another tenant, to personnel, or to a session that came from a code', async () => {
    const { identity } = world;
    const ask = async (principal: Principal, tenant: string) =>
      codeOf(await identity.issuePortalCode(principal, tenant, world.now()));
    expect(await ask((await session(admin)).principal, 'globex')).toBe('PORTAL_NOT_PERMITTED');
    expect(await ask((await session(engineer)).principal, 'acme')).toBe('PORTAL_NOT_PERMITTED');
    const code = await portalCode(await session(admin), 'acme');
    const viaCode = accepted(await identity.redeemPortalCode(code, world.now()));
    expect(await ask(viaCode.principal, 'acme')).toBe('PORTAL_NOT_PERMITTED');
  });

  it('is worth nothing once the key of whoever asked for it was removed', async () => {
    const directory = directoryOfTenant('acme');
    const key = aKey();
    const person = 'approver@acme.example';
    const added = await world.tenants.addUser({
      tenant: 'acme',
      person,
      name: 'Arno',
      roles: ['approver'],
      by: { kind: 'setup' },
    });
    accepted(added);
    const { position } = (await world.directories.load(directory)).directory;
    const signed = anEnrolment(admin, key, { person, roles: ['approver'], position, tenant: 'acme' });
    accepted(await world.directories.enrol({ directory, signed }));
    const code = await portalCode(await session(key), 'acme');
    const removal = aRemoval(admin, key.keyId, { position: position + 1, tenant: 'acme' });
    accepted(await world.directories.remove({ directory, signed: removal }));
    expect(codeOf(await world.identity.redeemPortalCode(code, world.now()))).toBe('PORTAL_CODE_INVALID');
  });

  it.each(['', 'x', 'A'.repeat(43)])('that is none opens nothing (%#)', async (code) => {
    expect(codeOf(await world.identity.redeemPortalCode(code, world.now()))).toBe('PORTAL_CODE_INVALID');
  });
});

async function signIn(proof: string): Promise<SignedIn> {
  return await world.identity.signIn({ proof, method: 'POST', url: signInUrl, now: world.now() });
}

async function session(key: TestKey): Promise<Extract<SignedIn, { ok: true }>> {
  return accepted(await signIn(await aProof(key, { at: world.now() })));
}

async function portalCode(signedIn: Extract<SignedIn, { ok: true }>, tenant: string): Promise<string> {
  return accepted(await world.identity.issuePortalCode(signedIn.principal, tenant, world.now())).code;
}
