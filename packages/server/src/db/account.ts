import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DbError } from './errors.ts';

/** The operating-system account that PostgreSQL runs under. */
export type Account = { readonly uid: number; readonly gid: number };

// A dedicated account is best; PostgreSQL's own is next; `nobody` exists everywhere.
const candidates = ['gatehouse', 'postgres', 'nobody'] as const;

/** Whether this process runs as root, under which PostgreSQL refuses to run. */
export function runsAsRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The account for a cluster: whoever owns its data directory already, else this user, else (as root) the first of
 * `gatehouse`, `postgres`, `nobody` that exists. Never root.
 */
export function accountFor(dataOwner: Account | null): Account {
  const own = { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
  if (dataOwner !== null && dataOwner.uid !== 0 && (runsAsRoot() || dataOwner.uid === own.uid)) return dataOwner;
  if (dataOwner !== null) {
    throw new DbError(
      'DATA_DIR_UNUSABLE',
      `The database files belong to user id ${dataOwner.uid} but this program runs as user id ${own.uid}: start it as that user${dataOwner.uid === 0 ? ', or give the files to an unprivileged one' : ' or as root'}.`,
    );
  }
  if (!runsAsRoot()) return own;
  for (const name of candidates) {
    const account = lookUp(name);
    if (account !== null && account.uid !== 0) return account;
  }
  throw new DbError(
    'NO_UNPRIVILEGED_USER',
    'PostgreSQL does not run as root and none of the users gatehouse, postgres, nobody exists: create one (useradd --system gatehouse), start as another user, or set DATABASE_URL.',
  );
}

/** What to add to a spawn so that the child runs under `account`. Nothing when it is ours already. */
export function spawnAs(account: Account): { uid?: number; gid?: number } {
  return runsAsRoot() ? { uid: account.uid, gid: account.gid } : {};
}

/**
 * Whether `account` can enter `path` and every folder above it, by their mode bits. Access lists are not read: where they
 * say otherwise PostgreSQL does not start, and says why.
 */
export function canEnter(account: Account, path: string): boolean {
  const folder = resolve(path);
  if (!entersFolder(account, folder)) return false;
  const parent = dirname(folder);
  return parent === folder || canEnter(account, parent);
}

function entersFolder(account: Account, folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return true; // about to be made by us
  if (found.uid === account.uid) return (found.mode & 0o100) !== 0;
  if (found.gid === account.gid) return (found.mode & 0o010) !== 0;
  return (found.mode & 0o001) !== 0;
}

function lookUp(name: string): Account | null {
  try {
    const ask = (flag: string): number =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: ask('-u'), gid: ask('-g') };
  } catch (error) {
    // `id` exits 1 for a user that does not exist.
    if (error instanceof Error && 'status' in error) return null;
    throw error;
  }
}
