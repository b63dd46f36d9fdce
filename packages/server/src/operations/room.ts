import { statfs } from 'node:fs/promises';

/** One segment of PostgreSQL's write-ahead log: with less than that the next entry of a log may not be writable. */
const roomLeastBytes = 16 * 1024 * 1024;

/** Holds while the disk below `folder` has room for more entries. Says nothing about a database that lies elsewhere. */
export async function hasRoom(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize >= roomLeastBytes;
}
