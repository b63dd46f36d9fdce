import {
  encodeEntryBundle,
  encodeTile,
  entryBundlePath,
  leafHash,
  readEntries,
  readFolder,
  readHashes,
  tilePath,
  tileWidth,
  treeRoot,
} from '@gatehouse/verifier';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAllDurably } from './durable-files.ts';
import { damaged, valueOf } from './damaged.ts';

/** Where a tree's leaves come from: the committed ones, in order. */
export type ReadLeaves = (from: number, to: number) => Promise<readonly string[]>;

/** A tree to publish: `folder` is its prefix, `since` the size that its files show already. */
export type TreeToWrite = {
  readonly folder: string;
  readonly leaves: ReadLeaves;
  readonly since: number;
  readonly size: number;
};

/** Bundles that are made at once: 16,384 entries bound the memory of a first publication. */
const bundlesAtOnce = 64;

/**
 * Writes the entry bundles and hash tiles that size `size` needs and size `since` has not, then reads them back and checks that the
 * tiles are those of the entries. Idempotent: the same committed entries give the same files, so a crash in between is
 * mended by doing it again. The checkpoint comes after (LOG-SPEC 8.3).
 */
export async function writeTree(tree: TreeToWrite): Promise<void> {
  // What was published is never written again: a database that was rolled back would overwrite what shows it.
  if (tree.since >= tree.size) return;
  const roots = await writeLeafTiles(tree);
  let [since, size] = [Math.floor(tree.since / tileWidth), Math.floor(tree.size / tileWidth)];
  for (let level = 1, hashes = roots; size > since; level++) {
    hashes = await writeUpperTiles(tree.folder, { level, since, size, hashes });
    [since, size] = [Math.floor(since / tileWidth), Math.floor(size / tileWidth)];
  }
}

/** Removes the partial tiles of tiles that are full now; clients fall back to the full ones (LOG-SPEC 8.3). */
export async function removePartials({ folder, since, size }: Omit<TreeToWrite, 'leaves'>): Promise<void> {
  const reach = { from: Math.floor(since / tileWidth), to: Math.floor(size / tileWidth) };
  for (let index = reach.from; index < reach.to; index++) {
    await rm(join(folder, `${entryBundlePath(index)}.p`), { recursive: true, force: true });
  }
  for (let level = 0, from = since, to = size; to >= tileWidth; level++) {
    [from, to] = [Math.floor(from / tileWidth), Math.floor(to / tileWidth)];
    for (let index = from; index < to; index++) {
      const path = tilePath({ level, index, width: tileWidth });
      await rm(join(folder, `${path}.p`), { recursive: true, force: true });
    }
  }
}

/** Writes bundles and level 0; returns the roots of the level 0 tiles that became full. */
async function writeLeafTiles({ folder, leaves, since, size }: TreeToWrite): Promise<Uint8Array[]> {
  const roots: Uint8Array[] = [];
  const last = Math.ceil(size / tileWidth);
  for (let first = Math.floor(since / tileWidth); first < last; first += bundlesAtOnce) {
    const from = first * tileWidth;
    const to = Math.min(size, from + bundlesAtOnce * tileWidth);
    const entries = (await leaves(from, to)).map((leaf) => Buffer.from(leaf, 'utf8'));
    if (entries.length !== to - from) throw damaged(`${folder} has ${entries.length} leaves from ${from} to ${to}`);
    const files: { path: string; bytes: Uint8Array }[] = [];
    for (let at = from; at < to; at += tileWidth) {
      const width = Math.min(tileWidth, to - at);
      const part = entries.slice(at - from, at - from + width);
      const hashes = part.map((entry) => leafHash(entry));
      const index = at / tileWidth;
      files.push({ path: entryBundlePath(index, width), bytes: encodeEntryBundle(part) });
      files.push({ path: tilePath({ level: 0, index, width }), bytes: encodeTile(hashes) });
      if (width === tileWidth) roots.push(treeRoot(hashes));
    }
    await writeAllDurably(folder, files);
    await checkLeafTiles(folder, from, to);
  }
  return roots;
}

/** Reads back what was written: each hash of level 0 must be that of the stored entry. */
async function checkLeafTiles(folder: string, from: number, to: number): Promise<void> {
  const read = readFolder(folder);
  for (let at = from; at < to; at += tileWidth) {
    const [index, width] = [at / tileWidth, Math.min(tileWidth, to - at)];
    const { entries, path } = valueOf(await readEntries(read, index, width));
    const hashes = valueOf(await readHashes(read, { level: 0, index, width }));
    const wrong = entries.findIndex(
      (entry, place) => !Buffer.from(leafHash(entry)).equals(hashes[place] ?? Buffer.alloc(0)),
    );
    if (wrong >= 0)
      throw damaged(`${join(folder, path)} was read back with another entry ${at + wrong} than its tile says`);
  }
}

/** One level above: `hashes` are its new ones, from `since` to `size`. Returns the roots of the tiles that became full. */
async function writeUpperTiles(
  folder: string,
  at: { readonly level: number; readonly since: number; readonly size: number; readonly hashes: readonly Uint8Array[] },
): Promise<Uint8Array[]> {
  const { level, since, size } = at;
  const first = Math.floor(since / tileWidth) * tileWidth;
  const tile = { level, index: first / tileWidth, width: since - first };
  const before = tile.width === 0 ? [] : valueOf(await readHashes(readFolder(folder), tile));
  const hashes = [...before, ...at.hashes];
  if (hashes.length !== size - first) throw damaged(`${folder} has not all hashes of level ${level}`);
  const files: { path: string; bytes: Uint8Array }[] = [];
  const roots: Uint8Array[] = [];
  for (let from = 0; from < hashes.length; from += tileWidth) {
    const part = hashes.slice(from, from + tileWidth);
    files.push({
      path: tilePath({ level, index: (first + from) / tileWidth, width: part.length }),
      bytes: encodeTile(part),
    });
    if (part.length === tileWidth) roots.push(treeRoot(part));
  }
  await writeAllDurably(folder, files);
  return roots;
}
