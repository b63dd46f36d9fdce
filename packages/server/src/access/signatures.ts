import {
  keyAt,
  parseSignedStatement,
  type SignedStatement,
  type Statement,
  verifyStatement,
} from '@gatehouse/verifier';
import { directoryOfTenant, type LoadedDirectory, type Principal } from '../identity/index.ts';
import type { AccessOptions } from './context.ts';
import { firstDifference, type Signer } from './documents.ts';
import { done, refusedAtDoor, refusedByVerifier, type Result } from './refusal.ts';
import { nonceUsed } from './store.ts';

/** The directory in which that party's keys are: the operator's for personnel, the customer's own for its users. */
function directoryOf(principal: Principal): 'operator' | `tenant:${string}` {
  return principal.kind === 'personnel' ? 'operator' : directoryOfTenant(principal.tenant);
}

/** What a draft for this principal states about its signer. */
export async function signerOf(options: AccessOptions, principal: Principal, logId: string): Promise<Signer> {
  const directory = await options.directories.load(directoryOf(principal));
  return {
    keyId: principal.keyId,
    directoryPosition: directory.directory.position,
    nonce: Buffer.from(options.random(16)).toString('base64url'),
    rootSeen: await options.log.newestRoot(logId),
  };
}

/**
 * Proves that this principal signed exactly `expected`: the document member by member, then the signature against the
 * key in the directory replayed from its pinned genesis, then that it was never used before. The database is not asked
 * who may sign.
 */
export async function checkSigned(
  options: AccessOptions,
  principal: Principal,
  signed: unknown,
  expected: Statement,
): Promise<Result<SignedStatement>> {
  const parsed = parseSignedStatement(signed);
  if (!parsed.ok) return refusedByVerifier(parsed.finding);
  const { document } = parsed.value;
  const difference = firstDifference(document, expected);
  if (difference !== null) {
    const shown = [difference.found, difference.expected].map((value) => JSON.stringify(value).slice(0, 120));
    return refusedAtDoor('matter_changed', difference.member, ...shown);
  }
  const directory = await options.directories.load(directoryOf(principal));
  const key = keyOf(directory, document);
  if (key === null || key.person !== principal.person) {
    return refusedAtDoor('not_permitted', `the key ${document.keyId} is not an enrolled key of yours.`);
  }
  const verified = await verifyStatement(parsed.value, key.jwk);
  if (!verified.ok) return refusedByVerifier(verified.finding);
  if (await nonceUsed(options.database.pool, document.nonce)) return refusedAtDoor('statement_replayed');
  return done(parsed.value);
}

/** The signer's key if it was enrolled when the document was signed and still is. */
function keyOf({ directory }: LoadedDirectory, document: Statement) {
  if (document.directoryPosition === null) return null;
  const then = keyAt(directory, document.keyId, document.directoryPosition);
  return then === null ? null : keyAt(directory, document.keyId);
}
