import {
  type Directory,
  keyAt,
  keyHolds,
  parseSignedStatement,
  replayDirectory,
  type SignedStatement,
  statementHash,
  type StatementType,
  verifyStatement,
} from '@gatehouse/verifier';
import type { Database } from '../db/index.ts';
import type { Log } from '../log/index.ts';
import type { CustomerTrust } from '../tenants/index.ts';
import {
  type DirectoryId,
  directoryOfTenant,
  type DirectoryRefusal,
  type DirectoryResult,
  IdentityError,
  type LoadedDirectory,
  tenantOf,
} from './directory.ts';
import * as store from './directory-store.ts';
import { type DirectoryPin, openPinFile } from './pins.ts';

/** What the directories stand on. `dataDir` holds the pins, outside the database; `deployment` is the root log's verifier key. */
export type DirectoriesOptions = {
  readonly database: Database;
  readonly log: Log;
  readonly dataDir: string;
  readonly deployment: string;
};

/**
 * The key directories. A statement is believed because of its signature and the pinned genesis; the database holds
 * an index of statements, and what does not follow from the pin closes the directory (fault, no access).
 */
export interface Directories extends CustomerTrust {
  /** Starts a directory with the statement of its first key, pins it, and logs `directory.genesis` in `logId`. */
  genesis(command: {
    readonly directory: DirectoryId;
    readonly logId: string;
    readonly signed: SignedStatement;
  }): Promise<DirectoryResult>;
  /** Enrols a key by a statement of a key with the role `directory`; logged as `directory.enrolled`. */
  enrol(command: { readonly directory: DirectoryId; readonly signed: SignedStatement }): Promise<DirectoryResult>;
  /** Removes a key; logged as `directory.removed`. Its sessions end with their next use. */
  remove(command: { readonly directory: DirectoryId; readonly signed: SignedStatement }): Promise<DirectoryResult>;
  /** Replays the directory from its pin. IdentityError if it does not exist, is not pinned or does not follow from the pin. */
  load(directory: DirectoryId): Promise<LoadedDirectory>;
  /** The signed statements in order, as stored: what an offline verifier replays. Not checked here. */
  statements(directory: DirectoryId): Promise<readonly SignedStatement[]>;
  /** Where to look for a key, by the index; `load` that directory before believing it. */
  directoryOfKey(keyId: string): Promise<DirectoryId | null>;
}

/** Opens the directories; their tables exist since migration 0002. */
export function openDirectories({ database, log, dataDir, deployment }: DirectoriesOptions): Directories {
  const { pool } = database;
  const pins = openPinFile(dataDir);
  const replayed = new Map<DirectoryId, { readonly of: string; readonly loaded: LoadedDirectory }>();

  async function load(id: DirectoryId): Promise<LoadedDirectory> {
    const stored = await store.storedDirectory(pool, id);
    const pin = (await pins.read()).directories.get(id);
    if (pin === undefined) throw faultWithoutPin(id, stored);
    const texts = stored?.statements ?? [];
    const of = `${pin.genesis}\n${pin.position}\n${pin.head}\n${stored?.logId}\n${texts.join('\n')}`;
    const known = replayed.get(id);
    if (known?.of === of) return known.loaded;
    const statements = texts.map(signedFrom);
    const directory = await replay(id, pin, statements);
    const loaded = { id, logId: stored?.logId ?? '', directory };
    if (pin.position < directory.position) await advance(id, statements);
    replayed.set(id, { of, loaded });
    return loaded;
  }

  /** The directory that follows from the pin and reaches at least as far as it did when last looked at. */
  async function replay(
    id: DirectoryId,
    pin: DirectoryPin,
    statements: readonly SignedStatement[],
  ): Promise<Directory> {
    if (statements.length < pin.position) {
      throw fault(
        'DIRECTORY_STATEMENTS_CUT',
        id,
        `${id} has ${statements.length} statements; ${pin.position} were seen before`,
      );
    }
    const result = await replayDirectory({ genesisHash: pin.genesis, statements, tenant: tenantOf(id), deployment });
    if (!result.ok) {
      const { code, index, message } = result.finding;
      const detail = `${id}, statement ${index ?? '?'}: ${code}: ${message}`;
      if (code === 'DIRECTORY_GENESIS_NOT_PINNED') throw fault('DIRECTORY_PIN_MISMATCH', id, detail);
      throw fault('DIRECTORY_STATEMENTS_REJECTED', id, detail);
    }
    const last = statements[pin.position - 1];
    if (last === undefined || statementHash(last.document) !== pin.head) {
      throw fault(
        'DIRECTORY_STATEMENTS_CUT',
        id,
        `${id} has another statement at ${pin.position - 1} than the one seen before, ${pin.head}`,
      );
    }
    return result.directory;
  }

  /** Remembers outside the database how far the directory reaches. Never moves back. */
  async function advance(id: DirectoryId, statements: readonly SignedStatement[]): Promise<void> {
    const last = statements.at(-1);
    if (last === undefined) return;
    const head = statementHash(last.document);
    await pins.change((before) => {
      const pin = before.directories.get(id);
      if (pin === undefined || pin.position >= statements.length) return before;
      return {
        ...before,
        directories: new Map(before.directories).set(id, { ...pin, position: statements.length, head }),
      };
    });
  }

  /** Appends one more statement to an existing directory, if it follows. */
  async function extend(id: DirectoryId, signed: SignedStatement, kind: Kind): Promise<DirectoryResult> {
    const wrong = faultOfType(signed, kind.statement);
    if (wrong !== null) return refuse('DIRECTORY_STATEMENT_REJECTED', wrong);
    const { logId, directory: before } = await load(id);
    const statements = [...(await directories.statements(id)), signed];
    const next = await replayDirectory({
      genesisHash: before.genesisHash,
      statements,
      tenant: tenantOf(id),
      deployment,
    });
    if (!next.ok)
      return refuse('DIRECTORY_STATEMENT_REJECTED', `The statement was not accepted: ${next.finding.message}`);
    const enrolled = next.directory.keys.slice(before.keys.length).map(({ keyId }) => keyId);
    const position = before.position;
    const result = await append({ id, logId, signed, position, entry: kind.entry, enrolled }, async () => undefined);
    if (result.ok) await advance(id, statements);
    return result;
  }

  async function append(
    next: {
      readonly id: DirectoryId;
      readonly logId: string;
      readonly signed: SignedStatement;
      readonly position: number;
      readonly entry: Kind['entry'];
      readonly enrolled: readonly string[];
    },
    beforeCommit: () => Promise<void>,
  ): Promise<DirectoryResult> {
    const { id, logId, signed, position, entry, enrolled } = next;
    const person = signed.document.who;
    const draft = {
      type: entry,
      payload: { statement: JSON.parse(JSON.stringify(signed)) },
      compartment: 'actor' as const,
      ...(person === null ? {} : { person }),
    };
    try {
      const appended = await log.append(logId, draft, async (client, at) => {
        if (position === 0 && !(await store.insertDirectory(client, id, logId)))
          throw new Refused('DIRECTORY_EXISTS', existsSentence(id));
        const hash = statementHash(signed.document);
        if (!(await store.insertStatement(client, { directory: id, position, hash, seq: at.seq, signed }))) {
          throw new Refused(
            'DIRECTORY_CHANGED_MEANWHILE',
            'Another statement came first. Look at the directory, and sign again for its new position.',
          );
        }
        for (const keyId of enrolled) {
          if (!(await store.insertKey(client, keyId, id))) {
            throw new Refused(
              'DIRECTORY_KEY_ELSEWHERE',
              `The key ${keyId} is in another directory. One key speaks for one person of one party: make a new key.`,
            );
          }
        }
        await beforeCommit();
      });
      if (appended.kind === 'refused') throw new Error(`the log refused ${entry}: ${appended.reason}`);
      return { ok: true, position: position + 1, seq: appended.seq };
    } catch (error) {
      const refused = refusedIn(error);
      if (refused === null) throw error;
      return { ok: false, refusal: refused };
    }
  }

  const directories: Directories = {
    load,
    directoryOfKey: (keyId) => store.directoryOfKey(pool, keyId),
    enrol: ({ directory, signed }) =>
      extend(directory, signed, { statement: 'directory.enrolment', entry: 'directory.enrolled' }),
    remove: ({ directory, signed }) =>
      extend(directory, signed, { statement: 'directory.removal', entry: 'directory.removed' }),

    async statements(id) {
      return ((await store.storedDirectory(pool, id))?.statements ?? []).map(signedFrom);
    },

    async genesis({ directory: id, logId, signed }) {
      const wrong = faultOfType(signed, 'directory.genesis');
      if (wrong !== null) return refuse('DIRECTORY_STATEMENT_REJECTED', wrong);
      const hash = statementHash(signed.document);
      const began = await replayDirectory({
        genesisHash: hash,
        statements: [signed],
        tenant: tenantOf(id),
        deployment,
      });
      if (!began.ok)
        return refuse('DIRECTORY_STATEMENT_REJECTED', `The genesis was not accepted: ${began.finding.message}`);
      const pin = (await pins.read()).directories.get(id);
      // The same genesis again completes one that was cut short after its pin; any other would exchange the directory.
      if (pin !== undefined && pin.genesis !== hash) return refuse('DIRECTORY_EXISTS', existsSentence(id));
      const enrolled = began.directory.keys.map(({ keyId }) => keyId);
      return await append({ id, logId, signed, position: 0, entry: 'directory.genesis', enrolled }, async () => {
        await pins.change((before) =>
          before.directories.has(id)
            ? before
            : {
                ...before,
                directories: new Map(before.directories).set(id, { genesis: hash, position: 1, head: hash }),
              },
        );
      });
    },

    async verifyCustomer({ tenant, role, signed }) {
      try {
        const { directory } = await load(directoryOfTenant(tenant));
        return await verifyHolder(directory, tenant, role, signed);
      } catch (error) {
        if (error instanceof IdentityError) return { ok: false, message: error.message };
        throw error;
      }
    },

    async policyPin(tenant) {
      return (await pins.read()).policies.get(tenant) ?? null;
    },

    pinPolicy: (tenant, pin) =>
      pins.change((before) => {
        const pinned = before.policies.get(tenant);
        if (pinned !== undefined && pinned.version >= pin.version) return before;
        return { ...before, policies: new Map(before.policies).set(tenant, { version: pin.version, hash: pin.hash }) };
      }),
  };
  return directories;
}

type Kind = {
  readonly statement: StatementType;
  readonly entry: 'directory.genesis' | 'directory.enrolled' | 'directory.removed';
};

/** Carries a refusal out of a transaction that must not commit. */
class Refused extends Error {
  readonly refusal: DirectoryRefusal;
  constructor(code: DirectoryRefusal['code'], message: string) {
    super(message);
    this.refusal = { code, message };
  }
}

function refusedIn(error: unknown): DirectoryRefusal | null {
  if (error instanceof Refused) return error.refusal;
  return error instanceof Error ? refusedIn(error.cause) : null;
}

async function verifyHolder(
  directory: Directory,
  tenant: string,
  role: string,
  signed: SignedStatement,
): Promise<{ readonly ok: true; readonly person: string } | { readonly ok: false; readonly message: string }> {
  const { document } = signed;
  const key = keyAt(directory, document.keyId);
  if (key === null || !keyHolds(directory, document.keyId, role)) {
    return {
      ok: false,
      message: `its key ${document.keyId} does not hold the role "${role}" in the customer's key directory`,
    };
  }
  if (document.tenant !== tenant)
    return { ok: false, message: `it is for the tenant ${JSON.stringify(document.tenant)}` };
  if (document.deployment !== directory.deployment) return { ok: false, message: 'it is for another deployment' };
  const verified = await verifyStatement(signed, key.jwk);
  return verified.ok ? { ok: true, person: key.person } : { ok: false, message: verified.finding.message };
}

function faultOfType(signed: SignedStatement, expected: StatementType): string | null {
  const parsed = parseSignedStatement(signed);
  if (!parsed.ok) return `The statement was not accepted: ${parsed.finding.message}`;
  const { type } = parsed.value.document;
  return type === expected ? null : `The statement is a ${type}; expected a ${expected}.`;
}

/** A row that is no statement is given to the replay as it is, which names it. */
function signedFrom(text: string): SignedStatement {
  return JSON.parse(text);
}

function faultWithoutPin(id: DirectoryId, stored: store.StoredDirectory | null): IdentityError {
  if (stored === null) {
    return new IdentityError(
      'DIRECTORY_UNKNOWN',
      `There is no key directory ${JSON.stringify(id)}: no key was ever enrolled. Begin one with a genesis statement.`,
    );
  }
  return fault(
    'DIRECTORY_PIN_MISSING',
    id,
    `${id} has ${stored.statements.length} statements in the database and no pin in pins.json`,
  );
}

const faultSentences: {
  readonly [code in
    | 'DIRECTORY_PIN_MISSING'
    | 'DIRECTORY_PIN_MISMATCH'
    | 'DIRECTORY_STATEMENTS_REJECTED'
    | 'DIRECTORY_STATEMENTS_CUT']: string;
} = {
  DIRECTORY_PIN_MISSING: 'is in the database but not pinned outside of it',
  DIRECTORY_PIN_MISMATCH: 'begins with another genesis than the pinned one',
  DIRECTORY_STATEMENTS_REJECTED: 'holds a statement that does not follow from the pinned genesis',
  DIRECTORY_STATEMENTS_CUT: 'lacks statements that were there before',
};

function fault(code: keyof typeof faultSentences, id: DirectoryId, detail: string): IdentityError {
  return new IdentityError(
    code,
    `The key directory ${JSON.stringify(id)} ${faultSentences[code]}, so no key in it is believed. Compare it with the log, and restore the database or pins.json.`,
    { detail },
  );
}

function existsSentence(id: DirectoryId): string {
  return `The key directory ${JSON.stringify(id)} has begun already. Enrol further keys by a statement of one that is in it.`;
}

function refuse(code: DirectoryRefusal['code'], message: string): DirectoryResult {
  return { ok: false, refusal: { code, message } };
}
