import { canonicalJson, isObject } from './canonical-json.ts';
import { type Directory, type DirectoryKey, directoryRole, keyAt } from './directory.ts';
import { type Checked, fails, type Finding, holds, show } from './finding.ts';
import { keyIdOf, parsePublicJwk } from './key-id.ts';
import type { Primitives } from './primitives.ts';
import { parseSignedStatement, type SignatureContext, type SignedStatement, verifyStatement } from './signature.ts';
import { type Statement, statementHash } from './statement.ts';

/** What a replay starts from. `tenant` (null: the operator's) and `deployment`, if given, are what the statements must be for. */
export type DirectoryClaim = {
  /** base64 statement hash of the genesis, pinned outside the database or compared out of band. */
  readonly genesisHash: string;
  readonly statements: readonly SignedStatement[];
  readonly tenant?: string | null;
  readonly deployment?: string;
  readonly context?: SignatureContext;
};

/** The directory, or the first statement that does not follow from the pinned genesis. */
export type DirectoryReplay =
  | { readonly ok: true; readonly directory: Directory }
  | { readonly ok: false; readonly finding: Finding };

/** A change that waits for more signatures. */
type Votes = Map<string, Set<string>>;

/**
 * Replays a key directory: the genesis is the pinned one and signed by the key that it enrols; every further statement
 * stands at the position that it names and is signed by an earlier key with the role `directory`, or by as many as the
 * genesis demands. So nobody who only writes to the database can add a key (the attack of POLICY section 3).
 */
export async function replayDirectory(primitives: Primitives, claim: DirectoryClaim): Promise<DirectoryReplay> {
  const first = await openGenesis(primitives, claim);
  if (!first.ok) return { ok: false, finding: { index: 0, ...first.finding } };
  let directory = first.value;
  const seen = new Set([claim.statements[0]?.document.nonce]);
  const votes: Votes = new Map();
  for (const [position, statement] of claim.statements.entries()) {
    if (position === 0) continue;
    const next = await applyStatement(primitives, { directory, statement, seen, votes, context: claim.context ?? {} });
    if (!next.ok) return { ok: false, finding: { index: position, ...next.finding } };
    directory = next.value;
  }
  return { ok: true, directory };
}

async function openGenesis(primitives: Primitives, claim: DirectoryClaim): Promise<Checked<Directory>> {
  const first = claim.statements[0];
  if (first === undefined)
    return fails('DIRECTORY_EMPTY', 'The directory has no statements; expected at least its genesis.');
  const parsed = parseSignedStatement(first);
  if (!parsed.ok) return parsed;
  const { document } = parsed.value;
  const hash = statementHash(primitives, document);
  if (hash !== claim.genesisHash) {
    return fails(
      'DIRECTORY_GENESIS_NOT_PINNED',
      `The genesis of the directory is ${hash}; pinned is ${claim.genesisHash}. Somebody exchanged the whole directory.`,
    );
  }
  if (document.type !== 'directory.genesis') {
    return fails(
      'DIRECTORY_GENESIS_PLACE',
      `The directory begins with a ${document.type}; expected directory.genesis.`,
    );
  }
  if (claim.tenant !== undefined && document.tenant !== claim.tenant) {
    return fails(
      'DIRECTORY_OTHER_TENANT',
      `The directory is that of ${show(document.tenant)}; expected ${show(claim.tenant)}.`,
    );
  }
  if (claim.deployment !== undefined && document.deployment !== claim.deployment) {
    return fails(
      'DIRECTORY_OTHER_DEPLOYMENT',
      `The directory is for the deployment ${show(document.deployment)}; expected ${show(claim.deployment)}.`,
    );
  }
  const key = readKey(primitives, document, 1);
  if (!key.ok) return key;
  const verified = await verifyStatement(primitives, first, key.value.jwk, claim.context);
  if (!verified.ok) return verified;
  if (!key.value.roles.includes(directoryRole)) {
    return fails(
      'DIRECTORY_SIGNER_ROLE',
      'The first key does not have the role "directory"; nobody could ever change this directory.',
    );
  }
  const { tenant, deployment, quorum } = document;
  return holds({ genesisHash: hash, tenant, deployment, quorum: quorum ?? 1, position: 1, keys: [key.value] });
}

type Step = {
  readonly directory: Directory;
  readonly statement: SignedStatement;
  readonly seen: Set<string | undefined>;
  readonly votes: Votes;
  readonly context: SignatureContext;
};

async function applyStatement(primitives: Primitives, step: Step): Promise<Checked<Directory>> {
  const { directory, statement, seen, votes, context } = step;
  const parsed = parseSignedStatement(statement);
  if (!parsed.ok) return parsed;
  const { document } = parsed.value;
  const place = checkPlace(directory, document, seen);
  if (place !== null) return { ok: false, finding: place };
  const signer = checkSigner(directory, document);
  if (!signer.ok) return signer;
  const verified = await verifyStatement(primitives, statement, signer.value.jwk, context);
  if (!verified.ok) return verified;
  seen.add(document.nonce);
  const changed =
    document.type === 'directory.enrolment' ? enrol(primitives, directory, document) : remove(directory, document);
  if (!changed.ok) return changed;
  const change = canonicalJson([document.type, document.scope]);
  const voters = votes.get(change) ?? new Set();
  votes.set(change, voters.add(document.keyId));
  const still = [...voters].filter((keyId) => keyAt(directory, keyId) !== null).length;
  const position = directory.position + 1;
  if (still < signaturesNeeded(directory)) return holds({ ...directory, position });
  votes.delete(change);
  return holds({ ...directory, position, keys: changed.value });
}

/** The quorum, as long as that many keys can sign at all: a genesis enrols one key, which must be able to add the others. */
function signaturesNeeded({ keys, quorum }: Directory): number {
  const able = keys.filter(({ until, roles }) => until === null && roles.includes(directoryRole)).length;
  return Math.min(quorum, able);
}

function checkPlace(directory: Directory, document: Statement, seen: ReadonlySet<string | undefined>): Finding | null {
  const { type, tenant, deployment, directoryPosition, nonce } = document;
  if (type !== 'directory.enrolment' && type !== 'directory.removal') {
    const code = type === 'directory.genesis' ? 'DIRECTORY_GENESIS_PLACE' : 'DIRECTORY_FOREIGN_STATEMENT';
    return {
      code,
      message: `A ${type} stands at position ${directory.position} of the directory; expected an enrolment or a removal.`,
    };
  }
  if (tenant !== directory.tenant) {
    return {
      code: 'DIRECTORY_OTHER_TENANT',
      message: `A statement for ${show(tenant)} stands in the directory of ${show(directory.tenant)}.`,
    };
  }
  if (deployment !== directory.deployment) {
    return {
      code: 'DIRECTORY_OTHER_DEPLOYMENT',
      message: `A statement for the deployment ${show(deployment)} stands in a directory of ${show(directory.deployment)}.`,
    };
  }
  if (seen.has(nonce))
    return {
      code: 'NONCE_REPLAYED',
      message: `The nonce ${nonce} was used before in this directory; a statement counts once.`,
    };
  if (directoryPosition !== directory.position) {
    return {
      code: 'DIRECTORY_POSITION',
      message: `The statement was signed for position ${show(directoryPosition)} and stands at ${directory.position}: statements were reordered, removed or put in.`,
    };
  }
  return null;
}

function checkSigner(directory: Directory, { keyId, type }: Statement): Checked<DirectoryKey> {
  const known = directory.keys.find((key) => key.keyId === keyId);
  if (known === undefined) {
    return fails(
      'DIRECTORY_SIGNER_UNKNOWN',
      `The ${type} is signed by ${keyId}, which the directory never held: somebody else tried to change the keys.`,
    );
  }
  if (known.until !== null)
    return fails('DIRECTORY_SIGNER_REMOVED', `The ${type} is signed by ${keyId}, which was removed before.`);
  if (!known.roles.includes(directoryRole)) {
    return fails(
      'DIRECTORY_SIGNER_ROLE',
      `The ${type} is signed by ${keyId} of ${known.person}, which does not have the role "directory".`,
    );
  }
  return holds(known);
}

function enrol(primitives: Primitives, directory: Directory, document: Statement): Checked<readonly DirectoryKey[]> {
  const key = readKey(primitives, document, directory.position + 1);
  if (!key.ok) return key;
  if (directory.keys.some(({ keyId }) => keyId === key.value.keyId)) {
    return fails(
      'DIRECTORY_KEY_DUPLICATE',
      `The key ${key.value.keyId} is or was in the directory; a key is enrolled once and never comes back.`,
    );
  }
  return holds([...directory.keys, key.value]);
}

function remove(directory: Directory, { scope }: Statement): Checked<readonly DirectoryKey[]> {
  const keyId = isObject(scope) ? scope['keyId'] : undefined;
  const key = typeof keyId === 'string' ? keyAt(directory, keyId) : null;
  if (key === null)
    return fails(
      'DIRECTORY_KEY_UNKNOWN',
      `The removal names the key ${show(keyId)}, which the directory does not hold.`,
    );
  const until = directory.position + 1;
  return holds(directory.keys.map((other) => (other === key ? { ...key, until } : other)));
}

/** The key that an enrolment or genesis names in its scope: `{ jwk, person, roles }`; further members are for people. */
function readKey(primitives: Primitives, { scope }: Statement, from: number): Checked<DirectoryKey> {
  if (!isObject(scope))
    return fails('DIRECTORY_SCOPE', 'The scope of the directory statement is not an object of jwk, person and roles.');
  const { person, roles } = scope;
  const jwk = parsePublicJwk(scope['jwk']);
  if (!jwk.ok) return jwk;
  if (typeof person !== 'string' || person === '' || person.length > 320) {
    return fails(
      'DIRECTORY_SCOPE',
      `The directory statement enrols a key for ${show(person)}; expected the name of a person.`,
    );
  }
  if (
    !Array.isArray(roles) ||
    roles.length > 32 ||
    !roles.every((role) => typeof role === 'string' && /^[a-z_]{1,32}$/.test(role))
  ) {
    return fails(
      'DIRECTORY_SCOPE',
      `The directory statement gives the roles ${show(roles)}; expected at most 32 names such as "approver".`,
    );
  }
  return holds({
    keyId: keyIdOf(primitives, jwk.value),
    jwk: jwk.value,
    person,
    roles: roles as readonly string[],
    from,
    until: null,
  });
}
