import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import {
  draftStatement,
  encodeBase64,
  keyIdOf,
  parsePublicJwk,
  type PublicJwk,
  type SignedStatement,
  type Statement,
  statementHash,
  statementMessage,
} from '../src/index.ts';
import { valueOf } from './vectors.ts';

/** A person with a key, the same in every run. */
export type Person = {
  readonly name: string;
  readonly keyId: string;
  readonly jwk: PublicJwk;
  readonly privateKey: KeyObject;
};

/** The deployment of these tests. */
export const deployment = 'cloud.example/log/root+9842c71a+Ac8faio1eFO9/t1rdButXrYW/5oQGTtoZcw+fEKhaJ6U';

/** A person whose Ed25519 key is made from the name. */
export function aPerson(name: string): Person {
  const seed = createHash('sha256').update(name).digest();
  // RFC 8410: the DER prefix of a PKCS #8 Ed25519 key, before its 32 bytes.
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const jwk = valueOf(parsePublicJwk(createPublicKey(privateKey).export({ format: 'jwk' })));
  return { name, jwk, privateKey, keyId: keyIdOf(jwk) };
}

let nonces = 0;

/** A nonce that no other statement of the test run has. */
export function aNonce(): string {
  return createHash('sha256').update(String(nonces++)).digest().subarray(0, 16).toString('base64url');
}

/** Signs a document as it is. */
export function signDocument(person: Person, document: Statement): SignedStatement {
  const signature = encodeBase64(sign(null, statementMessage(document), person.privateKey));
  return { document, signature: { kind: 'ed25519', keyId: person.keyId, signature } };
}

/** A statement by a person; what is not given is null. */
export function aStatement(
  person: Person,
  given: Pick<Statement, 'type' | 'decision'> & Partial<Statement>,
): SignedStatement {
  return signDocument(person, draftStatement({ keyId: person.keyId, deployment, nonce: aNonce(), ...given }));
}

/** The first statement of a directory. */
export function aGenesis(
  person: Person,
  { tenant, roles, quorum }: { tenant: string | null; roles: readonly string[]; quorum?: number },
): SignedStatement {
  const scope = { jwk: person.jwk, person: person.name, roles };
  return aStatement(person, { type: 'directory.genesis', decision: 'enrol', tenant, scope, quorum: quorum ?? null });
}

/** Enrols a key at a position of a directory. */
export function anEnrolment(
  by: Person,
  person: Person,
  given: { tenant: string | null; roles: readonly string[]; at: number } & Partial<Statement>,
): SignedStatement {
  const { roles, at, ...rest } = given;
  const scope = { jwk: person.jwk, person: person.name, roles };
  return aStatement(by, { type: 'directory.enrolment', decision: 'enrol', scope, directoryPosition: at, ...rest });
}

/** Removes a key at a position of a directory. */
export function aRemoval(
  by: Person,
  person: Person,
  { tenant, at }: { tenant: string | null; at: number },
): SignedStatement {
  const scope = { keyId: person.keyId, person: person.name };
  return aStatement(by, { type: 'directory.removal', decision: 'remove', tenant, scope, directoryPosition: at });
}

/** The hash by which other statements name this one. */
export function hashOfStatement({ document }: SignedStatement): string {
  return statementHash(document);
}
