import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SignedStatement } from '@gatehouse/verifier';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { directoryOfTenant, IdentityError, openDirectories } from '../../src/identity/index.ts';
import { aGenesis, aKey, anEnrolment, aRemoval, aStatement, signedBy, type TestKey } from '../signing.ts';
import { accepted, aCustomer, anOperator, codeOf, entryText, openWorld, type World } from './world.ts';

let world: World;
let officer: TestKey;
let admin: TestKey;
let approver: TestKey;
const acme = directoryOfTenant('acme');
const adminId = 'admin@acme.example';
const approverId = 'approver@acme.example';

beforeAll(async () => {
  world = await openWorld();
  officer = (await anOperator(world)).officer;
  admin = (await aCustomer(world, 'acme', { customerApproval: true })).admin;
  await aCustomer(world, 'globex');
  approver = aKey();
  const signed = anEnrolment(admin, approver, { person: approverId, roles: ['approver'], position: 1, tenant: 'acme' });
  accepted(await world.directories.enrol({ directory: acme, signed }));
});
afterAll(async () => await world.close());

describe('a key directory', () => {
  it('answers which key holds which role for whom, from its signed statements', async () => {
    const { directory } = await world.directories.load(acme);
    expect(directory.position).toBe(2);
    expect(directory.keys.map(({ keyId, person, roles }) => ({ keyId, person, roles }))).toEqual([
      { keyId: admin.keyId, person: adminId, roles: ['admin', 'directory'] },
      { keyId: approver.keyId, person: approverId, roles: ['approver'] },
    ]);
  });

  it('has each statement in its own log, with nothing personal in the entry', async () => {
    const { logId } = await world.directories.load(acme);
    const { rows } = await world.database.pool.query<{ seq: string }>(
      'select seq from identity.statements where directory = $1 order by position',
      [acme],
    );
    const types: string[] = [];
    for (const { seq } of rows) {
      const text = await entryText(world, logId, Number(seq));
      types.push(JSON.parse(text).type);
      expect(text).not.toContain('acme');
      expect(text).not.toContain(admin.keyId);
    }
    expect(types).toEqual(['directory.genesis', 'directory.enrolled']);
  });

  it('is the same for a program that starts anew', async () => {
    const { directory } = await world.reopened().directories.load(acme);
    expect(directory.keys).toHaveLength(2);
  });

  it('begins once: a second genesis is refused, whoever signs it', async () => {
    const { logId } = await world.directories.load(acme);
    const mine = aKey();
    const signed = aGenesis(mine, { person: adminId, tenant: 'acme' });
    expect(codeOf(await world.directories.genesis({ directory: acme, logId, signed }))).toBe('DIRECTORY_EXISTS');
    const again = (await world.directories.statements(acme))[0] as SignedStatement;
    expect(codeOf(await world.directories.genesis({ directory: acme, logId, signed: again }))).toBe('DIRECTORY_EXISTS');
    expect((await world.directories.load(acme)).directory.genesisHash).not.toBe('');
  });

  it.each<[string, () => SignedStatement, RegExp]>([
    [
      'a key of the operator enrolling itself at the customer',
      () => anEnrolment(officer, aKey(), { person: approverId, roles: ['approver'], position: 2, tenant: 'acme' }),
      /never held/,
    ],
    ['an unknown key enrolling itself', () => selfEnrolled(), /never held/],
    [
      'an approver, who may sign accesses but not the directory',
      () =>
        anEnrolment(approver, aKey(), { person: 'x@acme.example', roles: ['approver'], position: 2, tenant: 'acme' }),
      /role "directory"/,
    ],
    [
      'the admin’s statement with another signature under it',
      () => signedBy({ ...aKey(), keyId: admin.keyId }, enrolment().document),
      /does not verify/,
    ],
    [
      'the admin’s statement with another person put in',
      () => ({ ...enrolment(), document: { ...enrolment().document, who: 'mallory@acme.example' } }),
      /does not verify/,
    ],
    ['a statement for another tenant', () => enrolment({ tenant: 'globex' }), /globex/],
    [
      'a statement for another deployment',
      () => enrolment({ deployment: 'other.example/root+00000000+AQ==' }),
      /deployment/,
    ],
    ['a statement for a position that has passed', () => enrolment({ position: 1 }), /position/],
    ['a statement for a position to come', () => enrolment({ position: 3 }), /position/],
    [
      'a removal in place of an enrolment',
      () => aRemoval(admin, approver.keyId, { position: 2, tenant: 'acme' }),
      /expected a directory.enrolment/,
    ],
    [
      'an approval in place of an enrolment',
      () =>
        signedBy(
          admin,
          aStatement({ type: 'access.customer_decision', decision: 'approve', keyId: admin.keyId, tenant: 'acme' }),
        ),
      /expected a directory.enrolment/,
    ],
    [
      'a key that is enrolled already',
      () => anEnrolment(admin, approver, { person: 'x@acme.example', roles: ['admin'], position: 2, tenant: 'acme' }),
      /comes back/,
    ],
    ['no statement at all', () => ({}) as SignedStatement, /not accepted/],
  ])('does not take %s', async (_, make, sentence) => {
    const result = await world.directories.enrol({ directory: acme, signed: make() });
    expect(codeOf(result)).toBe('DIRECTORY_STATEMENT_REJECTED');
    expect(result).toMatchObject({ refusal: { message: expect.stringMatching(sentence) } });
    expect((await world.directories.load(acme)).directory.position).toBe(2);
  });

  it('does not take the same statement twice', async () => {
    const [, second] = await world.directories.statements(acme);
    const result = await world.directories.enrol({ directory: acme, signed: second as SignedStatement });
    expect(codeOf(result)).toBe('DIRECTORY_STATEMENT_REJECTED');
  });

  it('does not take a key that another party’s directory holds', async () => {
    const signed = anEnrolment(admin, officer, {
      person: approverId,
      roles: ['approver'],
      position: 2,
      tenant: 'acme',
    });
    expect(codeOf(await world.directories.enrol({ directory: acme, signed }))).toBe('DIRECTORY_KEY_ELSEWHERE');
    expect((await world.directories.load(acme)).directory.position).toBe(2);
  });

  it('takes one of two statements for the same position, and says to the other that it came second', async () => {
    const make = (name: string) =>
      anEnrolment(admin, aKey(), { person: `${name}@acme.example`, roles: ['approver'], position: 2, tenant: 'acme' });
    const results = await Promise.all(
      ['x', 'y'].map((name) => world.directories.enrol({ directory: acme, signed: make(name) })),
    );
    expect(results.map(codeOf).sort()).toEqual(['DIRECTORY_CHANGED_MEANWHILE', 'ok']);
    const [, , third] = (await world.directories.load(acme)).directory.keys;
    const signed = aRemoval(admin, third?.keyId ?? '', { position: 3, tenant: 'acme' });
    accepted(await world.directories.remove({ directory: acme, signed }));
  });

  it('does not let a removed key enrol, and does not let it back', async () => {
    const { directory } = await world.directories.load(acme);
    const removed = directory.keys.find((key) => key.until !== null);
    const back = { ...aKey(), jwk: removed?.jwk ?? admin.jwk };
    const signed = anEnrolment(admin, back, {
      person: approverId,
      roles: ['approver'],
      position: directory.position,
      tenant: 'acme',
    });
    expect(codeOf(await world.directories.enrol({ directory: acme, signed }))).toBe('DIRECTORY_STATEMENT_REJECTED');
  });
});

describe('an operator who writes to the database', () => {
  let rows: readonly { position: number; hash: string; seq: string; signed: unknown }[];
  let pins: string;
  const pinPath = () => join(world.dataDir, 'pins.json');

  beforeEach(async () => {
    rows = (
      await world.database.pool.query('select * from identity.statements where directory = $1 order by position', [
        acme,
      ])
    ).rows;
    pins = readFileSync(pinPath(), 'utf8');
  });
  afterEach(async () => {
    await query('delete from identity.statements where directory = $1', [acme]);
    for (const row of rows) await insert(row);
    writeFileSync(pinPath(), pins);
    await expect(world.directories.load(acme)).resolves.toBeDefined();
  });

  it('closes the directory by swapping a public key in its genesis', async () => {
    await edit(0, (signed) => ({
      ...signed,
      document: { ...signed.document, scope: { ...scopeOf(signed), jwk: aKey().jwk } },
    }));
    await expectFault('DIRECTORY_PIN_MISMATCH');
  });

  it('closes the directory by swapping a public key in an enrolment', async () => {
    await edit(1, (signed) => ({
      ...signed,
      document: { ...signed.document, scope: { ...scopeOf(signed), jwk: aKey().jwk } },
    }));
    await expectFault('DIRECTORY_STATEMENTS_REJECTED', /does not verify/);
  });

  it('closes the directory by giving an enrolled key another role', async () => {
    await edit(1, (signed) => ({
      ...signed,
      document: { ...signed.document, scope: { ...scopeOf(signed), roles: ['approver', 'admin'] } },
    }));
    await expectFault('DIRECTORY_STATEMENTS_REJECTED', /does not verify/);
  });

  it('closes the directory by adding an own key under a signature of their own', async () => {
    const mine = aKey();
    const position = rows.length;
    const signed = anEnrolment(mine, mine, { person: approverId, roles: ['approver'], position, tenant: 'acme' });
    await insert({ position, hash: 'forged', seq: '99', signed });
    await expectFault('DIRECTORY_STATEMENTS_REJECTED', /never held/);
  });

  it('closes the directory by exchanging all of it for one of their own', async () => {
    const mine = aKey();
    await query('delete from identity.statements where directory = $1', [acme]);
    const own = [
      aGenesis(mine, { person: adminId, tenant: 'acme' }),
      ...[1, 2, 3].map((position) =>
        anEnrolment(mine, aKey(), { person: approverId, roles: ['approver'], position, tenant: 'acme' }),
      ),
    ];
    for (const [position, signed] of own.entries())
      await insert({ position, hash: `own${position}`, seq: '1', signed });
    await expectFault('DIRECTORY_PIN_MISMATCH');
  });

  it('closes the directory by reordering its statements', async () => {
    await query(
      'update identity.statements set position = position + 100 where directory = $1 and position in (1, 2)',
      [acme],
    );
    await query(
      'update identity.statements set position = 103 - position where directory = $1 and position in (101, 102)',
      [acme],
    );
    await expectFault('DIRECTORY_STATEMENTS_REJECTED', /reordered/);
  });

  it.each([1, 2, 3])('closes the directory by deleting statement %i of four', async (position) => {
    await query('delete from identity.statements where directory = $1 and position = $2', [acme, position]);
    await expectFault('DIRECTORY_STATEMENTS_CUT');
  });

  it('closes the directory by deleting all of it', async () => {
    await query('delete from identity.statements where directory = $1', [acme]);
    await expectFault('DIRECTORY_STATEMENTS_CUT');
  });

  it('begins no directory in its place after deleting every trace of it', async () => {
    const { logId } = await world.directories.load(acme);
    const keys = (await world.database.pool.query('select key_id from identity.keys where directory = $1', [acme]))
      .rows;
    for (const table of ['keys', 'statements'])
      await query(`delete from identity.${table} where directory = $1`, [acme]);
    await query('delete from identity.directories where id = $1', [acme]);
    const signed = aGenesis(aKey(), { person: adminId, tenant: 'acme' });
    expect(codeOf(await world.directories.genesis({ directory: acme, logId, signed }))).toBe('DIRECTORY_EXISTS');
    await expectFault('DIRECTORY_STATEMENTS_CUT');
    await query('insert into identity.directories (id, log_id) values ($1, $2)', [acme, logId]);
    for (const { key_id } of keys) await query('insert into identity.keys values ($1, $2)', [key_id, acme]);
  });

  it('moves no directory to another deployment', async () => {
    const { database, log, dataDir } = world;
    const moved = openDirectories({ database, log, dataDir, deployment: 'other.example/log/root+00000000+AQ==' });
    await expect(moved.load(acme)).rejects.toMatchObject({ code: 'DIRECTORY_STATEMENTS_REJECTED' });
  });

  it('closes the directory by putting in what is no statement', async () => {
    await edit(1, () => ({ nothing: true }) as unknown as SignedStatement);
    await expectFault('DIRECTORY_STATEMENTS_REJECTED');
  });

  it('closes every directory by removing the pins, and opens none by it', async () => {
    writeFileSync(pinPath(), '{"v":1,"directories":{},"policies":{}}');
    await expectFault('DIRECTORY_PIN_MISSING');
    const statements = await world.directories.statements(acme);
    const logId = await world.log.openTenantLog();
    const signed = aGenesis(aKey(), { person: adminId, tenant: 'acme' });
    expect(codeOf(await world.directories.genesis({ directory: acme, logId, signed }))).toBe('DIRECTORY_EXISTS');
    expect(await world.directories.statements(acme)).toEqual(statements);
  });

  it('closes the directory by pinning another genesis', async () => {
    writeFileSync(pinPath(), pins.replaceAll(genesisPin(), `${'B'.repeat(43)}=`));
    await expectFault('DIRECTORY_PIN_MISMATCH');
  });

  it('closes the directory by making the pins unreadable', async () => {
    writeFileSync(pinPath(), pins.slice(0, 40));
    await expectFault('PINS_UNREADABLE');
  });

  async function expectFault(code: string, detail = /./): Promise<void> {
    for (const { directories } of [world, world.reopened()]) {
      const fault = await directories.load(acme).then(
        () => null,
        (error: unknown) => error,
      );
      expect(fault).toBeInstanceOf(IdentityError);
      expect(fault).toMatchObject({ code, detail: expect.stringMatching(detail) });
      const signed = anEnrolment(admin, aKey(), {
        person: approverId,
        roles: ['approver'],
        position: rows.length,
        tenant: 'acme',
      });
      await expect(directories.enrol({ directory: acme, signed })).rejects.toMatchObject({ code });
      expect(await directories.verifyCustomer({ tenant: 'acme', role: 'approver', signed })).toMatchObject({
        ok: false,
      });
    }
    await expect(world.directories.load('operator'))
      .resolves.toBeDefined()
      .catch((error: unknown) => {
        if (code !== 'DIRECTORY_PIN_MISSING' && code !== 'PINS_UNREADABLE') throw error;
      });
  }

  async function edit(position: number, change: (signed: SignedStatement) => SignedStatement): Promise<void> {
    const signed = change((await world.directories.statements(acme))[position] as SignedStatement);
    await query('update identity.statements set signed = $3 where directory = $1 and position = $2', [
      acme,
      position,
      JSON.stringify(signed),
    ]);
  }

  async function insert(row: { position: number; hash: string; seq: string; signed: unknown }): Promise<void> {
    await query(
      'insert into identity.statements (directory, position, hash, seq, signed) values ($1, $2, $3, $4, $5)',
      [acme, row.position, row.hash, row.seq, JSON.stringify(row.signed)],
    );
  }

  async function query(text: string, values: readonly unknown[]): Promise<void> {
    await world.database.pool.query(text, [...values]);
  }

  function genesisPin(): string {
    return JSON.parse(pins).directories[acme].genesis;
  }
});

function enrolment(given: { tenant?: string; deployment?: string; position?: number } = {}): SignedStatement {
  return anEnrolment(admin, aKey(), {
    person: 'x@acme.example',
    roles: ['approver'],
    position: 2,
    tenant: 'acme',
    ...given,
  });
}

function selfEnrolled(): SignedStatement {
  const mine = aKey();
  return anEnrolment(mine, mine, { person: approverId, roles: ['approver'], position: 2, tenant: 'acme' });
}

function scopeOf(signed: SignedStatement): object {
  const { scope } = signed.document;
  return typeof scope === 'object' && scope !== null ? scope : {};
}
