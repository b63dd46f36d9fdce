import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encodeBase64,
  keyIdOf,
  parsePublicJwk,
  parseSignedStatement,
  type PublicJwk,
  type SignedStatement,
  type Statement,
  statementMessage,
} from '@gatehouse/verifier';

/** A sample person's folder with a software key, so that scripts can act for them. Real keys never come near a server. */
export type Profile = {
  readonly person: string;
  readonly folder: string;
  readonly jwk: PublicJwk;
  readonly keyId: string;
  sign(document: Statement): SignedStatement;
};

/** The profile of `person` below `DIR/profiles`, with a new key if there is none. Folder 0700, key 0600. */
export async function openProfile(dataDir: string, person: string): Promise<Profile> {
  const folder = join(dataDir, 'profiles', person);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const path = join(folder, 'key.json');
  const privateKey = keyFrom(path, await writtenOnce(path, newKeyText));
  const { kty, crv, x } = privateKey.export({ format: 'jwk' });
  const jwk = parsePublicJwk({ kty: kty ?? null, crv: crv ?? null, x: x ?? null });
  if (!jwk.ok)
    throw new Error(`${path} holds another key than Ed25519. Remove the profile, and start with a new data directory.`);
  const keyId = keyIdOf(jwk.value);
  return {
    person,
    folder,
    jwk: jwk.value,
    keyId,
    sign: (document) => {
      const signature = encodeBase64(sign(null, statementMessage(document), privateKey));
      return { document, signature: { kind: 'ed25519', keyId, signature } };
    },
  };
}

/**
 * The genesis statement of a profile: made once and kept, so that a first start that is cut short goes on with the
 * same directory instead of beginning another beside its pin.
 */
export async function genesisOf(profile: Profile, make: () => Statement): Promise<SignedStatement> {
  const path = join(profile.folder, 'genesis.json');
  const text = await writtenOnce(path, () => JSON.stringify(profile.sign(make())));
  const parsed = parseSignedStatement(JSON.parse(text));
  if (!parsed.ok) throw new Error(`${path} holds no signed statement: ${parsed.finding.message}`);
  return parsed.value;
}

/** What the file holds, written whole and durable the first time: a crash leaves all of it or nothing. */
async function writtenOnce(path: string, make: () => string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  const text = make();
  await rm(`${path}.new`, { force: true });
  const file = await open(`${path}.new`, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  // `link` refuses to replace: a key that is there already is never written over.
  await link(`${path}.new`, path);
  await rm(`${path}.new`);
  return text;
}

function newKeyText(): string {
  return JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }));
}

function keyFrom(path: string, text: string): KeyObject {
  try {
    return createPrivateKey({ key: JSON.parse(text), format: 'jwk' });
  } catch (cause) {
    throw new Error(`${path} holds no private key. Remove the profile, and start with a new data directory.`, {
      cause,
    });
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
