import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyIdOf, parsePublicJwk } from '@gatehouse/verifier';
import type { TestKey } from './signing.ts';

/** The key of a sample person, read as the CLI reads it: from `DIR/profiles/EMAIL/key.json`. */
export function keyOfProfile(dataDir: string, person: string): TestKey {
  const jwk = JSON.parse(readFileSync(join(dataDir, 'profiles', person, 'key.json'), 'utf8'));
  const { kty, crv, x } = jwk;
  const parsed = parsePublicJwk({ kty, crv, x });
  if (!parsed.ok) throw new Error(parsed.finding.message);
  return { privateKey: createPrivateKey({ key: jwk, format: 'jwk' }), jwk: parsed.value, keyId: keyIdOf(parsed.value) };
}
