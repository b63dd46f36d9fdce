import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { codeOf, DbError, messageOf } from './errors.ts';

/** A held lock. Releasing twice does nothing. */
export interface DirectoryLock {
  release(): void;
}

/**
 * Takes `folder` for this process alone, or refuses with `DATA_DIR_IN_USE`.
 *
 * The lock is the kernel's (an fcntl lock, taken through an empty SQLite file), so it is never stale: it ends with the
 * process, however that ends, and another program in another container on the same machine sees it. A lock file with a
 * process id in it has neither property. `gatehouse.lock` must never be opened by other code of this process: closing any
 * descriptor of the file would drop the lock (POSIX).
 */
export function lockDirectory(folder: string): DirectoryLock {
  const holderFile = join(folder, 'gatehouse.pid');
  const held = takeKernelLock(folder, holderFile);
  writeFileSync(holderFile, `${process.pid}\n`, { mode: 0o600 });
  let released = false;
  return {
    release: () => {
      if (released) return;
      released = true;
      rmSync(holderFile, { force: true });
      held.close();
    },
  };
}

function takeKernelLock(folder: string, holderFile: string): DatabaseSync {
  let file: DatabaseSync | undefined;
  try {
    file = new DatabaseSync(privateLockFile(folder), { timeout: 0 });
    file.exec('pragma locking_mode = exclusive; begin exclusive');
    return file;
  } catch (cause) {
    file?.close();
    if (isBusy(cause)) {
      throw new DbError(
        'DATA_DIR_IN_USE',
        `Another Gatehouse (process ${holderIn(holderFile)}) is using ${folder}: stop it first, or name another folder with --data.`,
        { cause },
      );
    }
    throw new DbError(
      'DATA_DIR_UNUSABLE',
      `The data directory ${folder} cannot be used (${messageOf(cause)}): name a folder that this user can write, with --data.`,
      { cause },
    );
  }
}

/** Unreadable for others, who could otherwise hold a shared lock on it and keep us from starting. */
function privateLockFile(folder: string): string {
  const path = join(folder, 'gatehouse.lock');
  mkdirSync(folder, { recursive: true });
  if (existsSync(path)) return path;
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  return path;
}

/** SQLITE_BUSY (5) and its extended codes. */
function isBusy(error: unknown): boolean {
  return (
    codeOf(error) === 'ERR_SQLITE_ERROR' &&
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    (error.errcode & 0xff) === 5
  );
}

function holderIn(holderFile: string): string {
  try {
    return readFileSync(holderFile, 'utf8').trim() || 'unknown';
  } catch (error) {
    // The holder may be between taking the lock and writing its number, or belong to another user.
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'EACCES') return 'unknown';
    throw error;
  }
}
