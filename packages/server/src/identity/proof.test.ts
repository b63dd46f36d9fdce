import { generateKeyPairSync } from 'node:crypto';
import { instant } from '@gatehouse/terms';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { aKey, aProof, signInUrl } from '../../test/signing.ts';
import { checkProof } from './proof.ts';

const now = 1_770_000_000_000;
const key = aKey();

describe('a proof of a key', () => {
  it('names the key that made it', async () => {
    expect(await checked(await aProof(key, { at: now }))).toMatchObject({ ok: true, proved: { keyId: key.keyId } });
  });

  it.each([
    ['http://127.0.0.1:8080/api/v1/sessions?x=1#y', true],
    ['HTTP://127.0.0.1:8080/api/v1/sessions', true],
    ['http://127.0.0.1:8080/api/v1/sessions/', false],
    ['http://127.0.0.1:8081/api/v1/sessions', false],
    ['https://127.0.0.1:8080/api/v1/sessions', false],
    ['http://127.0.0.1.evil.example:8080/api/v1/sessions', false],
    ['http://other.example/api/v1/sessions', false],
    ['/api/v1/sessions', false],
    ['', false],
  ])('made for %j counts here: %s', async (url, counts) => {
    const result = await checked(await aProof(key, { at: now, url }));
    expect(result.ok ? true : result.refusal.code).toBe(counts ? true : 'PROOF_WRONG_TARGET');
  });

  it.each(['GET', 'post', 'PUT', ''])('made for the method %j does not count for POST', async (method) => {
    expect(await code(await aProof(key, { at: now, method }))).toBe('PROOF_WRONG_TARGET');
  });

  it.each([
    [-61_000, 'PROOF_STALE'],
    [-60_000, 'ok'],
    [0, 'ok'],
    [60_000, 'ok'],
    [61_000, 'PROOF_STALE'],
  ])('made %i ms from now is %s', async (offset, expected) => {
    expect(await code(await aProof(key, { at: now + offset }))).toBe(expected);
  });

  it.each<[string, () => Promise<string>]>([
    ['is empty', async () => ''],
    ['is no token', async () => 'a.b.c'],
    ['is too long', async () => await aProof(key, { at: now, jti: 'j'.repeat(5000) })],
    ['has another typ', async () => await aProof(key, { at: now, header: { typ: 'JWT' } })],
    ['has no key', async () => await aProof(key, { at: now, header: { jwk: undefined } })],
    [
      'holds a private key',
      async () => await aProof(key, { at: now, header: { jwk: key.privateKey.export({ format: 'jwk' }) } }),
    ],
    [
      'was signed by another key than it holds',
      async () => await aProof(key, { at: now, header: { jwk: aKey().jwk } }),
    ],
    ['is signed with a shared secret', async () => await withSecret()],
    ['is unsigned', async () => unsigned(await aProof(key, { at: now }))],
    ['was changed after signing', async () => changed(await aProof(key, { at: now }))],
    ['holds an RSA key', async () => await withRsa()],
    ['has no jti', async () => await aProof(key, { at: now, claims: { jti: undefined } })],
    ['has a short jti', async () => await aProof(key, { at: now, jti: 'short' })],
    ['has a long jti', async () => await aProof(key, { at: now, jti: 'j'.repeat(257) })],
    ['has no htm', async () => await aProof(key, { at: now, claims: { htm: undefined } })],
    ['has no htu', async () => await aProof(key, { at: now, claims: { htu: 7 } })],
    ['has no iat', async () => await aProof(key, { at: now, claims: { iat: undefined } })],
    ['has an iat that is a text', async () => await aProof(key, { at: now, claims: { iat: '1' } })],
    ['asks for an extension that nobody knows', async () => await critical()],
  ])('is refused when it %s', async (_, make) => {
    expect(await code(await make())).toBe('PROOF_MALFORMED');
  });
});

async function checked(proof: string) {
  return await checkProof({ proof, method: 'POST', url: signInUrl, now: instant(now) });
}

async function code(proof: string): Promise<string> {
  const result = await checked(proof);
  return result.ok ? 'ok' : result.refusal.code;
}

function claims() {
  return { htm: 'POST', htu: signInUrl, iat: now / 1000, jti: 'j'.repeat(20) };
}

async function withSecret(): Promise<string> {
  const header = { typ: 'dpop+jwt', alg: 'HS256', jwk: { ...key.jwk } };
  return await new SignJWT(claims()).setProtectedHeader(header).sign(new Uint8Array(32));
}

async function withRsa(): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const header = { typ: 'dpop+jwt', alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) };
  return await new SignJWT(claims()).setProtectedHeader(header).sign(privateKey);
}

async function critical(): Promise<string> {
  const header = { typ: 'dpop+jwt', alg: 'EdDSA', jwk: { ...key.jwk }, crit: ['exp2'], exp2: 1 };
  return await new SignJWT(claims()).setProtectedHeader(header).sign(key.privateKey, { crit: { exp2: true } });
}

function unsigned(proof: string): string {
  const header = Buffer.from(JSON.stringify({ typ: 'dpop+jwt', alg: 'none', jwk: key.jwk })).toString('base64url');
  return `${header}.${proof.split('.')[1]}.`;
}

function changed(proof: string): string {
  const [header, , signature] = proof.split('.');
  return `${header}.${Buffer.from(JSON.stringify({ ...claims(), jti: 'k'.repeat(20) })).toString('base64url')}.${signature}`;
}
