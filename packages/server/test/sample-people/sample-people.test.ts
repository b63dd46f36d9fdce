import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyHolds } from '@gatehouse/verifier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directoryOfTenant } from '../../src/identity/index.ts';
import { setUpSamplePeople } from '../../src/sample-people/index.ts';
import { accepted, openWorld, type World } from '../identity/world.ts';
import { aProof, aRemoval, signInUrl, testDeployment } from '../signing.ts';
import { keyOfProfile } from '../profile.ts';

const everybody = [
  'admin@acme.example',
  'admin@globex.example',
  'approver@acme.example',
  'auditor@audit.example',
  'engineer2@operator.example',
  'engineer@operator.example',
  'legal2@operator.example',
  'legal@operator.example',
  'manager@operator.example',
  'procurement@operator.example',
  'security2@operator.example',
  'security@operator.example',
  'support@contractor.example',
];
let world: World;
let first: { readonly changes: number };

beforeAll(async () => {
  world = await openWorld();
  first = await setUp();
});
afterAll(async () => await world.close());

describe('the sample people', () => {
  it('are the 13 of the documentation, each with a key that only its owner may read', () => {
    expect(first.changes).toBeGreaterThan(0);
    const profiles = join(world.dataDir, 'profiles');
    expect(readdirSync(profiles).sort()).toEqual(everybody);
    for (const person of everybody) {
      expect(statSync(join(profiles, person)).mode & 0o777).toBe(0o700);
      expect(statSync(join(profiles, person, 'key.json')).mode & 0o777).toBe(0o600);
      expect(JSON.parse(readFileSync(join(profiles, person, 'key.json'), 'utf8'))).toMatchObject({
        kty: 'OKP',
        crv: 'Ed25519',
      });
    }
  });

  it.each(everybody)('let %s sign in', async (person) => {
    const proof = await aProof(keyOfProfile(world.dataDir, person), { at: world.now() });
    const signedIn = accepted(await world.identity.signIn({ proof, method: 'POST', url: signInUrl, now: world.now() }));
    expect(signedIn.principal.person).toBe(person);
    expect(signedIn.principal.roles.length).toBe(1);
  });

  it('work under their manager and are eligible for troubleshooting, to read, for four hours', async () => {
    const facts = await world.personnel.factsAbout('engineer@operator.example', world.now());
    expect(facts?.line).toEqual(['manager@operator.example']);
    expect(facts?.standing.eligibilities).toMatchObject([
      { purpose: 'troubleshoot.*', modes: ['read'], maxDurationMs: 4 * 3_600_000 },
    ]);
    const manager = await world.personnel.factsAbout('manager@operator.example', world.now());
    expect(manager?.standing.eligibilities).toEqual([]);
  });

  it('belong to acme, which signs each access itself, and globex, which does not', async () => {
    expect((await world.tenants.find('acme'))?.terms).toMatchObject({ customerApproval: true, quorum: 1 });
    expect((await world.tenants.find('globex'))?.terms.customerApproval).toBe(false);
    const { directory } = await world.directories.load(directoryOfTenant('acme'));
    expect(keyHolds(directory, keyOfProfile(world.dataDir, 'approver@acme.example').keyId, 'approver')).toBe(true);
    expect(keyHolds(directory, keyOfProfile(world.dataDir, 'admin@acme.example').keyId, 'approver')).toBe(false);
    expect((await world.directories.load('operator')).directory.keys).toHaveLength(10);
  });

  it('are made once: a second start changes nothing', async () => {
    const before = await sizes();
    expect(await setUp()).toEqual({ changes: 0 });
    expect(await sizes()).toEqual(before);
  });

  it('are not enrolled again after their key was removed', async () => {
    const before = (await world.directories.load('operator')).directory;
    const profile = keyOfProfile(world.dataDir, 'engineer2@operator.example');
    const officer = keyOfProfile(world.dataDir, 'security@operator.example');
    const signed = aRemoval(officer, profile.keyId, { position: before.position });
    accepted(await world.directories.remove({ directory: 'operator', signed }));
    expect(await setUp()).toEqual({ changes: 0 });
    expect(keyHolds((await world.directories.load('operator')).directory, profile.keyId, 'engineer')).toBe(false);
  });

  it('are completed after a first start that was cut short between a pin and its commit', async () => {
    const other = await openWorld();
    try {
      await setUpIn(other);
      const path = join(other.dataDir, 'pins.json');
      const pins = JSON.parse(readFileSync(path, 'utf8'));
      pins.directories['tenant:globex'] = {
        ...pins.directories['tenant:globex'],
        position: 1,
        head: pins.directories['tenant:globex'].genesis,
      };
      writeFileSync(path, JSON.stringify(pins));
      for (const table of ['keys', 'statements'])
        await other.database.pool.query(`delete from identity.${table} where directory = 'tenant:globex'`);
      await other.database.pool.query(`delete from identity.directories where id = 'tenant:globex'`);
      expect(await setUpIn(other)).toEqual({ changes: 1 });
      expect((await other.directories.load(directoryOfTenant('globex'))).directory.keys).toHaveLength(1);
    } finally {
      await other.close();
    }
  });

  it('turn approval ON at acme also where a source opened it before with the default', async () => {
    const other = await openWorld();
    try {
      await other.tenants.ensure('acme');
      await setUpIn(other);
      expect((await other.tenants.find('acme'))?.policy).toMatchObject({ customerApproval: true, version: 2 });
      expect(await setUpIn(other)).toEqual({ changes: 0 });
    } finally {
      await other.close();
    }
  });
});

async function setUp() {
  return await setUpIn(world);
}

async function setUpIn(where: World) {
  const { dataDir, clock, personnel, tenants, directories } = where;
  return await setUpSamplePeople({
    dataDir,
    deployment: testDeployment,
    clock,
    random: (size) => randomBytes(size),
    personnel,
    tenants,
    directories,
  });
}

async function sizes() {
  const { rows } = await world.database.pool.query(
    'select (select count(*) from people.records) as people, (select count(*) from identity.statements) as statements, (select count(*) from tenants.users) as users',
  );
  return rows[0];
}
