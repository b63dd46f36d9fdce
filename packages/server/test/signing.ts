import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto';
import {
  draftStatement,
  encodeBase64,
  encodeBase64Url,
  keyIdOf,
  parsePublicJwk,
  type PublicJwk,
  type SignedStatement,
  type Statement,
  statementMessage,
} from '@gatehouse/verifier';
import { SignJWT } from 'jose';

/** A software key as somebody outside holds it. */
export type TestKey = { readonly privateKey: KeyObject; readonly jwk: PublicJwk; readonly keyId: string };

/** The deployment that test statements are for, unless a test says otherwise. */
export const testDeployment = 'gatehouse.test/log/root+00000000+AQ==';

/** A new Ed25519 key. */
export function aKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const jwk = parsePublicJwk(JSON.parse(JSON.stringify(publicKey.export({ format: 'jwk' }))));
  if (!jwk.ok) throw new Error(jwk.finding.message);
  return { privateKey, jwk: jwk.value, keyId: keyIdOf(jwk.value) };
}

/** A statement with every member; `given` names those that the test is about. */
export function aStatement(given: Partial<Statement> & Pick<Statement, 'type' | 'decision' | 'keyId'>): Statement {
  return draftStatement({ deployment: testDeployment, nonce: encodeBase64Url(randomBytes(16)), ...given });
}

/** Signs a document with a key, whatever the document says about its key. */
export function signedBy(key: TestKey, document: Statement): SignedStatement {
  const signature = encodeBase64(sign(null, statementMessage(document), key.privateKey));
  return { document, signature: { kind: 'ed25519', keyId: key.keyId, signature } };
}

/** The statement that begins a directory with `key`, which may change it from then on. */
export function aGenesis(
  key: TestKey,
  given: { person: string; roles?: readonly string[]; tenant?: string | null } & Partial<Statement>,
): SignedStatement {
  const { person, roles = ['admin'], tenant = null, ...more } = given;
  const scope = { jwk: key.jwk, person, roles: [...roles, 'directory'] };
  return signedBy(
    key,
    aStatement({
      type: 'directory.genesis',
      decision: 'enrol',
      keyId: key.keyId,
      tenant,
      who: person,
      quorum: 1,
      scope,
      ...more,
    }),
  );
}

/** The statement by which `signer` enrols `key`, the directory having `position` statements. */
export function anEnrolment(
  signer: TestKey,
  key: TestKey,
  given: { person: string; roles: readonly string[]; position: number; tenant?: string | null } & Partial<Statement>,
): SignedStatement {
  const { person, roles, position, tenant = null, ...more } = given;
  const scope = { jwk: key.jwk, person, roles: [...roles] };
  return signedBy(
    signer,
    aStatement({
      type: 'directory.enrolment',
      decision: 'enrol',
      keyId: signer.keyId,
      tenant,
      who: person,
      scope,
      directoryPosition: position,
      ...more,
    }),
  );
}

/** The statement by which `signer` removes the key `keyId`. */
export function aRemoval(
  signer: TestKey,
  keyId: string,
  given: { position: number; tenant?: string | null } & Partial<Statement>,
): SignedStatement {
  const { position, tenant = null, ...more } = given;
  return signedBy(
    signer,
    aStatement({
      type: 'directory.removal',
      decision: 'remove',
      keyId: signer.keyId,
      tenant,
      scope: { keyId },
      directoryPosition: position,
      ...more,
    }),
  );
}

/** A DPoP proof (RFC 9449) by `key`. `at` is epoch milliseconds. */
export async function aProof(
  key: TestKey,
  given: { method?: string; url?: string; at: number; jti?: string; header?: object; claims?: object },
): Promise<string> {
  const { method = 'POST', url = signInUrl, at, jti = randomUUID(), header = {}, claims = {} } = given;
  return await new SignJWT({ htm: method, htu: url, iat: Math.floor(at / 1000), jti, ...claims })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'EdDSA', jwk: { ...key.jwk }, ...header })
    .sign(key.privateKey);
}

/** The address that proofs are made for. */
export const signInUrl = 'http://127.0.0.1:8080/api/v1/sessions';
