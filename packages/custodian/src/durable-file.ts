import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a secret's file so that after a power cut there is either no file of that name or the whole one: beside its
 * name, flushed, then linked, then the folder flushed. Mode 0600. Throws `EEXIST` when the file is there, whoever made it.
 */
export function createDurably(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Not a secret: only keeps two writers of one name apart.
  const beside = `${path}.${randomBytes(6).toString('hex')}.new`;
  const file = openSync(beside, 'wx', 0o600);
  try {
    try {
      let at = 0;
      while (at < bytes.length) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkSync(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
  flushFolder(dirname(path));
}

/** Removes a file and makes its absence durable. False when there was none. */
export function removeDurably(path: string): boolean {
  try {
    rmSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
  flushFolder(dirname(path));
  return true;
}

/** The `code` of a system error, or null. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function flushFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
