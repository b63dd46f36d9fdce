import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReadFile } from './tile.ts';

/** Reads the files of a log that lies in a folder in tlog-tiles layout: an export, a mirror, the server's own files. */
export function readFolder(folder: string): ReadFile {
  return async (path) => {
    try {
      return await readFile(join(folder, ...path.split('/')));
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw cause;
    }
  };
}

function isMissing(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
