import type { PublicJwk } from './primitives.ts';

/** A key that a directory holds or held. Positions count the directory's statements: one enrolled by statement 3 is valid from position 4 on. */
export type DirectoryKey = {
  readonly keyId: string;
  readonly jwk: PublicJwk;
  readonly person: string;
  readonly roles: readonly string[];
  /** The first position at which the key is valid. */
  readonly from: number;
  /** The first position at which it is not any more; null while it is. */
  readonly until: number | null;
};

/**
 * A key directory as its signed statements make it, from a genesis that is pinned elsewhere (DESIGN section 3). It
 * answers which key held which role for which person; a database row never does.
 */
export type Directory = {
  readonly genesisHash: string;
  /** The tenant whose directory it is; null for the operator's. */
  readonly tenant: string | null;
  readonly deployment: string;
  /** How many keys with the role `directory` must sign a change. */
  readonly quorum: number;
  /** The number of statements replayed: the newest position. */
  readonly position: number;
  readonly keys: readonly DirectoryKey[];
};

/** The role whose keys change the directory. */
export const directoryRole = 'directory';

/** The key with this id if it was valid at `position` (by default: now), else null. */
export function keyAt(directory: Directory, keyId: string, position: number = directory.position): DirectoryKey | null {
  const key = directory.keys.find((candidate) => candidate.keyId === keyId);
  if (key === undefined || position > directory.position) return null;
  return key.from <= position && (key.until === null || position < key.until) ? key : null;
}

/** Whether the key was valid at `position` (by default: now) and held `role`. */
export function keyHolds(directory: Directory, keyId: string, role: string, position?: number): boolean {
  return keyAt(directory, keyId, position)?.roles.includes(role) ?? false;
}

/** Every key that the directory ever held for `person`. */
export function keysOf(directory: Directory, person: string): readonly DirectoryKey[] {
  return directory.keys.filter((key) => key.person === person);
}

/** The directory as it stood at an earlier position: later keys are not there, later removals have not happened. */
export function directoryAt(directory: Directory, position: number): Directory {
  const keys = directory.keys
    .filter(({ from }) => from <= position)
    .map((key) => (key.until !== null && key.until > position ? { ...key, until: null } : key));
  return { ...directory, position: Math.min(position, directory.position), keys };
}
