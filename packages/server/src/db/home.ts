import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Account, canEnter, runsAsRoot } from './account.ts';
import { DbError } from './errors.ts';

/** Where root keeps what an unprivileged PostgreSQL cannot reach inside the data directory. */
export const systemFolder = '/var/lib/gatehouse';

/** The longest path of a Unix socket: sun_path holds 108 bytes with its NUL on Linux, 104 on macOS. */
const longestSocketPath = process.platform === 'linux' ? 107 : 103;
const socketName = '.s.PGSQL.5432';

/**
 * Makes the data directory where it is missing. As root it stays enterable (0711) for the account that PostgreSQL runs
 * under; an empty folder that root owns (one made by mktemp) is opened the same way. What is inside keeps its own modes.
 */
export function prepareDataDir(dataDir: string): string {
  makeFolders(resolve(dataDir), runsAsRoot() ? 0o711 : 0o700);
  const real = realpathSync(dataDir);
  const found = statSync(real);
  if (runsAsRoot() && found.uid === 0 && readdirSync(real).length === 0) chmodSync(real, (found.mode & 0o777) | 0o111);
  return real;
}

/** Node's own recursive mkdir never returns where the kernel answers ENOENT below an existing folder (/proc). */
function makeFolders(folder: string, mode: number): void {
  if (existsSync(folder)) return;
  makeFolders(dirname(folder), mode);
  mkdirSync(folder, { mode });
}

/**
 * The folder of the embedded cluster: `DIR/pg`, or, where the account cannot enter DIR, a folder below
 * `/var/lib/gatehouse` that the pointer file `DIR/pg` names from then on.
 */
export function clusterHome(dataDir: string, account: Account): string {
  const inside = join(dataDir, 'pg');
  if (statSync(inside, { throwIfNoEntry: false })?.isFile()) return followPointer(inside);
  if (canEnter(account, dataDir)) return makeHome(inside);
  if (existsSync(inside)) {
    throw new DbError(
      'DATA_DIR_UNUSABLE',
      `The user that owns the database in ${inside} (user id ${account.uid}) cannot enter the folders above it: give them back the right to be entered (chmod o+x). Nothing was changed.`,
    );
  }
  const outside = join(systemFolder, randomBytes(8).toString('hex'));
  makeHome(outside);
  writeFileSync(inside, `${outside}\n`, { mode: 0o600, flush: true });
  return outside;
}

/** The cluster's folder where one was made before, or null. Makes nothing. */
export function existingHome(dataDir: string): string | null {
  const inside = join(dataDir, 'pg');
  const found = statSync(inside, { throwIfNoEntry: false });
  if (found === undefined) return null;
  return found.isFile() ? followPointer(inside) : inside;
}

function followPointer(pointer: string): string {
  const home = readFileSync(pointer, 'utf8').trim();
  if (home.startsWith('/') && statSync(home, { throwIfNoEntry: false })?.isDirectory()) return home;
  throw new DbError(
    'CLUSTER_CORRUPT',
    `${pointer} says that the database is in ${JSON.stringify(home)}, which is not a folder: put the folder back from where it was moved. Nothing was changed.`,
  );
}

function makeHome(home: string): string {
  mkdirSync(home, { recursive: true, mode: 0o711 });
  return home;
}

/** Makes a folder that only `account` (and root) can open. */
export function makePrivateFolder(folder: string, account: Account): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (runsAsRoot()) chownSync(folder, account.uid, account.gid);
  return folder;
}

/** Where the server's socket lies, and how to take it away when the server has ended. */
export type SocketFolder = { readonly folder: string; readonly remove: () => void };

/** A private, empty folder for the socket: in the cluster's folder, or a short one where that path is too long. */
export function makeSocketFolder(home: string, account: Account): SocketFolder {
  const inside = join(home, 'run');
  rmSync(inside, { recursive: true, force: true });
  if (fits(inside)) return lend(makePrivateFolder(inside, account));
  for (const base of [tmpdir(), '/tmp']) {
    if (fits(join(base, 'gatehouse-XXXXXX')) && canEnter(account, base)) {
      return lend(makePrivateFolder(mkdtempSync(join(base, 'gatehouse-')), account));
    }
  }
  throw new DbError(
    'DATA_DIR_UNUSABLE',
    `The path ${inside} is too long for a Unix socket (${longestSocketPath} bytes) and no temporary folder can be used: name a shorter folder with --data.`,
  );
}

function fits(folder: string): boolean {
  return Buffer.byteLength(join(folder, socketName)) <= longestSocketPath;
}

function lend(folder: string): SocketFolder {
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
