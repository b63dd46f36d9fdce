import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  encodeBase64,
  keyIdOf,
  type PublicJwk,
  type SignedStatement,
  type Statement,
  statementMessage,
} from '@gatehouse/verifier';
import { CliFailure } from './failure.ts';

/** Somebody's key on this machine. The private key never leaves the process, and the server never sees it. */
export type Profile = {
  readonly person: string;
  readonly keyId: string;
  readonly publicJwk: PublicJwk;
  /** Signs a statement: Ed25519 over its message (DESIGN.md section 3). */
  readonly sign: (document: Statement) => SignedStatement;
  readonly privateKey: KeyObject;
};

/** Opens `DIR/profiles/EMAIL/key.json`. Refuses a key that others on the machine can read. */
export function openProfile(dataDir: string, person: string): Profile {
  if (!/^[^/\\\0]{1,320}$/.test(person) || person.startsWith('.')) {
    throw new CliFailure(
      'profile_invalid',
      `--as ${person} is not the name of a profile; expected an e-mail address.`,
      2,
    );
  }
  const file = join(dataDir, 'profiles', person, 'key.json');
  const jwk = readKey(file, person);
  const privateKey = privateKeyFrom(jwk, file);
  const publicJwk = { kty: 'OKP', crv: 'Ed25519', x: String(jwk['x']) } as const;
  const keyId = keyIdOf(publicJwk);
  return {
    person,
    keyId,
    publicJwk,
    privateKey,
    sign: (document) => ({
      document,
      signature: {
        kind: 'ed25519',
        keyId,
        signature: encodeBase64(sign(null, statementMessage(document), privateKey)),
      },
    }),
  };
}

function readKey(file: string, person: string): Record<string, unknown> {
  try {
    // World- or group-readable keys are no keys (SECURITY section 5, CLI).
    if ((statSync(file).mode & 0o077) !== 0) {
      throw new CliFailure(
        'key_exposed',
        `The key ${file} can be read by others on this machine; expected mode 0600. Run: chmod 600 ${file}`,
      );
    }
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    if (cause instanceof CliFailure) throw cause;
    throw new CliFailure(
      'profile_unknown',
      `There is no readable key of ${person} at ${file}. Give --data DIR of the server that made it.`,
    );
  }
}

function privateKeyFrom(jwk: Record<string, unknown>, file: string): KeyObject {
  try {
    const key = createPrivateKey({ key: jwk as never, format: 'jwk' });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Falls through to the one sentence: what exactly is wrong inside a private key is nobody's business.
  }
  throw new CliFailure('key_malformed', `The file ${file} is not an Ed25519 private key in JWK form.`);
}
