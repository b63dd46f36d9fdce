import type { SignedStatement } from '@gatehouse/verifier';
import type { Database } from '../db/index.ts';
import type { Log } from '../log/index.ts';
import type { CustomerSignatures } from '../tenants/index.ts';
import type { DirectoryId, DirectoryResult, LoadedDirectory } from './directory.ts';

/** What the directories stand on. `dataDir` holds the pins, outside the database. */
export type DirectoriesOptions = { readonly database: Database; readonly log: Log; readonly dataDir: string };

/**
 * The key directories. A statement is believed because of its signature and the pinned genesis; the database holds
 * an index of statements, and what does not follow from the pin closes the directory (fault, no access).
 */
export interface Directories extends CustomerSignatures {
  /** Starts a directory with the statement of its first key, pins it, and logs `directory.genesis` in `logId`. */
  genesis(command: {
    readonly directory: DirectoryId;
    readonly logId: string;
    readonly signed: SignedStatement;
  }): Promise<DirectoryResult>;
  /** Enrols a key by a statement of a key already in the directory; logged as `directory.enrolled`. */
  enrol(command: { readonly directory: DirectoryId; readonly signed: SignedStatement }): Promise<DirectoryResult>;
  /** Removes a key; logged as `directory.removed`. Its sessions end with the next request. */
  remove(command: { readonly directory: DirectoryId; readonly signed: SignedStatement }): Promise<DirectoryResult>;
  /** Replays the directory from its pin. Throws IdentityError if it does not exist, is not pinned or does not follow from the pin. */
  load(directory: DirectoryId): Promise<LoadedDirectory>;
  /** The signed statements in order: what an offline verifier replays. Not checked here. */
  statements(directory: DirectoryId): Promise<readonly SignedStatement[]>;
  /** Which directory a key claims to be in, by the index; `load` that directory before believing it. */
  directoryOfKey(keyId: string): Promise<DirectoryId | null>;
}

/** Opens the directories; their tables exist since migration 0002. */
export declare function openDirectories(options: DirectoriesOptions): Directories;
