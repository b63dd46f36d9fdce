import { describe, expect, it } from 'vitest';
import { keyAt, keyHolds, keysOf, replayDirectory, type SignedStatement } from '../src/index.ts';
import { aGenesis, anEnrolment, aPerson, aRemoval, aStatement, deployment, hashOfStatement } from './people.ts';

const admin = aPerson('admin@acme.example');
const approver = aPerson('approver@acme.example');
const second = aPerson('second@acme.example');
const operator = aPerson('operator@operator.example');
const tenant = 'acme';

const genesis = aGenesis(admin, { tenant, roles: ['directory', 'admin'] });
const enrolled = anEnrolment(admin, approver, { tenant, roles: ['approver'], at: 1 });
const replay = (statements: readonly SignedStatement[], pin = hashOfStatement(genesis)) =>
  replayDirectory({ genesisHash: pin, statements, tenant, deployment });
const codeOf = async (statements: readonly SignedStatement[]) => {
  const replayed = await replay(statements);
  return replayed.ok ? 'ok' : replayed.finding.code;
};

describe('a key directory', () => {
  it('holds the keys that its first key enrolled, from the position after their statement', async () => {
    const replayed = await replay([genesis, enrolled]);
    if (!replayed.ok) throw new Error(replayed.finding.message);
    const { directory } = replayed;
    expect(directory.position).toBe(2);
    expect(keyHolds(directory, approver.keyId, 'approver')).toBe(true);
    expect(keyHolds(directory, approver.keyId, 'directory')).toBe(false);
    expect(keyAt(directory, approver.keyId, 1)).toBeNull();
    expect(keyAt(directory, approver.keyId, 3)).toBeNull();
    expect(keysOf(directory, approver.name)).toHaveLength(1);
  });

  it('forgets a removed key from the position after its removal, and remembers that it was valid before', async () => {
    const replayed = await replay([genesis, enrolled, aRemoval(admin, approver, { tenant, at: 2 })]);
    if (!replayed.ok) throw new Error(replayed.finding.message);
    expect(keyAt(replayed.directory, approver.keyId)).toBeNull();
    expect(keyAt(replayed.directory, approver.keyId, 2)).not.toBeNull();
  });

  it('refuses a key that the operator added without a signature of the customer', async () => {
    expect(await codeOf([genesis, anEnrolment(operator, operator, { tenant, roles: ['approver'], at: 1 })])).toBe(
      'DIRECTORY_SIGNER_UNKNOWN',
    );
    const forged = {
      document: enrolled.document,
      signature: { ...enrolled.signature, signature: genesis.signature.signature },
    };
    expect(await codeOf([genesis, forged as SignedStatement])).toBe('SIGNATURE_FAILS');
    const changed = {
      ...enrolled,
      document: {
        ...enrolled.document,
        scope: { jwk: operator.jwk, person: 'approver@acme.example', roles: ['approver'] },
      },
    };
    expect(await codeOf([genesis, changed])).toBe('SIGNATURE_FAILS');
  });

  it('refuses a directory whose genesis is not the pinned one', async () => {
    const other = aGenesis(operator, { tenant, roles: ['directory'] });
    expect(await codeOf([other])).toBe('DIRECTORY_GENESIS_NOT_PINNED');
    expect(await codeOf([enrolled])).toBe('DIRECTORY_GENESIS_NOT_PINNED');
    expect(await codeOf([])).toBe('DIRECTORY_EMPTY');
    expect(await codeOf([genesis, genesis])).toBe('DIRECTORY_GENESIS_PLACE');
  });

  it('refuses statements of another tenant or deployment', async () => {
    expect(
      await codeOf([genesis, anEnrolment(admin, approver, { tenant: 'globex', roles: ['approver'], at: 1 })]),
    ).toBe('DIRECTORY_OTHER_TENANT');
    const elsewhere = anEnrolment(admin, approver, {
      tenant,
      roles: ['approver'],
      at: 1,
      deployment: 'other+00000000+AAAA',
    });
    expect(await codeOf([genesis, elsewhere])).toBe('DIRECTORY_OTHER_DEPLOYMENT');
    const replayed = await replayDirectory({
      genesisHash: hashOfStatement(genesis),
      statements: [genesis],
      tenant: null,
    });
    expect(replayed).toMatchObject({ finding: { code: 'DIRECTORY_OTHER_TENANT', index: 0 } });
  });

  it('notices statements that were reordered, left out, or put in twice', async () => {
    const third = anEnrolment(admin, second, { tenant, roles: ['approver'], at: 2 });
    expect(await codeOf([genesis, enrolled, third])).toBe('ok');
    expect(await codeOf([genesis, third, enrolled])).toBe('DIRECTORY_POSITION');
    expect(await codeOf([genesis, third])).toBe('DIRECTORY_POSITION');
    expect(await codeOf([genesis, enrolled, enrolled])).toBe('NONCE_REPLAYED');
    expect(await codeOf([genesis, enrolled, anEnrolment(admin, approver, { tenant, roles: ['admin'], at: 2 })])).toBe(
      'DIRECTORY_KEY_DUPLICATE',
    );
  });

  it('lets only keys with the role of the directory change it, and only while they are in it', async () => {
    expect(
      await codeOf([genesis, enrolled, anEnrolment(approver, second, { tenant, roles: ['approver'], at: 2 })]),
    ).toBe('DIRECTORY_SIGNER_ROLE');
    const other = anEnrolment(admin, second, { tenant, roles: ['directory'], at: 1 });
    const removed = aRemoval(second, admin, { tenant, at: 2 });
    expect(
      await codeOf([genesis, other, removed, anEnrolment(admin, approver, { tenant, roles: ['approver'], at: 3 })]),
    ).toBe('DIRECTORY_SIGNER_REMOVED');
    expect(await codeOf([genesis, aRemoval(admin, second, { tenant, at: 1 })])).toBe('DIRECTORY_KEY_UNKNOWN');
    expect(await codeOf([genesis, aStatement(admin, { type: 'access.request', decision: 'ask', tenant })])).toBe(
      'DIRECTORY_FOREIGN_STATEMENT',
    );
  });

  it('waits for as many signatures as its genesis asks for', async () => {
    const strict = aGenesis(admin, { tenant, roles: ['directory'], quorum: 2 });
    const other = anEnrolment(admin, second, { tenant, roles: ['directory'], at: 1 });
    const first = anEnrolment(admin, approver, { tenant, roles: ['approver'], at: 2 });
    const again = anEnrolment(admin, approver, { tenant, roles: ['approver'], at: 3 });
    const confirmed = anEnrolment(second, approver, { tenant, roles: ['approver'], at: 3 });
    const holdsAfter = async (statements: readonly SignedStatement[]) => {
      const replayed = await replay(statements, hashOfStatement(strict));
      return replayed.ok && keyHolds(replayed.directory, approver.keyId, 'approver');
    };
    expect(await holdsAfter([strict, other, first])).toBe(false);
    expect(await holdsAfter([strict, other, first, again])).toBe(false);
    expect(await holdsAfter([strict, other, first, confirmed])).toBe(true);
  });
});
