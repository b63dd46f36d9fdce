import { keyIdOf, verifyStatement, draftStatement } from '@gatehouse/verifier';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openProfile } from '../src/profile.ts';

const person = 'engineer@operator.example';
let dataDir: string;
let file: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-cli-'));
  file = join(dataDir, 'profiles', person, 'key.json');
  await mkdir(join(dataDir, 'profiles', person), { recursive: true });
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  await writeFile(file, JSON.stringify(jwk), { mode: 0o600 });
});

afterEach(() => rm(dataDir, { recursive: true }));

describe('a profile', () => {
  it('signs statements that verify against its public key', async () => {
    const profile = openProfile(dataDir, person);
    const signed = profile.sign(
      draftStatement({
        type: 'access.request',
        decision: 'ask',
        keyId: profile.keyId,
        deployment: 'd+1+AQ==',
        nonce: 'A'.repeat(22),
      }),
    );
    expect(profile.keyId).toBe(keyIdOf(profile.publicJwk));
    expect(await verifyStatement(signed, profile.publicJwk)).toMatchObject({ ok: true });
  });

  it.each([0o644, 0o640, 0o604, 0o660, 0o777])(
    'with a key of mode %o is refused, because others can read it',
    async (mode) => {
      await chmod(file, mode);
      expect(() => openProfile(dataDir, person)).toThrow(expect.objectContaining({ code: 'key_exposed' }));
    },
  );

  it('that is not there, or holds no key, is refused in a sentence', async () => {
    expect(() => openProfile(dataDir, 'nobody@operator.example')).toThrow(
      expect.objectContaining({ code: 'profile_unknown' }),
    );
    await writeFile(file, '{"kty":"oct","k":"AAAA"}');
    expect(() => openProfile(dataDir, person)).toThrow(expect.objectContaining({ code: 'key_malformed' }));
  });

  it.each(['../engineer', 'a/b', '.hidden', '', 'x'.repeat(321)])('cannot be named %j', (name) => {
    expect(() => openProfile(dataDir, name)).toThrow(expect.objectContaining({ code: 'profile_invalid', exitCode: 2 }));
  });
});
