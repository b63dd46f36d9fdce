import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from './errors.ts';

/** The bytes of a file, or null when there is none. */
export async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}

/**
 * Writes a file so that after a power cut its name shows the old bytes or the new ones, whole: beside its name, flushed,
 * renamed, folder flushed. One writer per path.
 */
export async function writeDurably(path: string, bytes: Uint8Array, mode = 0o644): Promise<void> {
  await placeDurably(path, bytes, mode);
  await flushFolder(dirname(path));
}

/** {@link writeDurably} for many files; each folder is flushed once. */
export async function writeAllDurably(
  root: string,
  files: readonly { readonly path: string; readonly bytes: Uint8Array }[],
): Promise<void> {
  const folders = new Set<string>();
  for (const { path, bytes } of files) {
    await placeDurably(join(root, path), bytes, 0o644);
    folders.add(dirname(join(root, path)));
  }
  for (const folder of folders) await flushFolder(folder);
}

/** Makes the folders of `path`, each of them durable in its parent. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  const above = dirname(first);
  for (let at = dirname(folder); at.length >= above.length; at = dirname(at)) {
    await flushFolder(at);
    if (at === above) return;
  }
}

async function placeDurably(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const beside = `${path}.new`;
  await makeFolder(dirname(path));
  try {
    const file = await open(beside, 'w', mode);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
