import { concat } from './bytes.ts';
import { type Checked, fails, holds } from './finding.ts';

/** Hashes in a full tile and entries in a full entry bundle (C2SP tlog-tiles). */
export const tileWidth = 256;

/** A tile of a published tree: `width` of its 256 hashes (or entries, level -1) are there. */
export type Tile = { readonly level: number; readonly index: number; readonly width: number };

/** An index in groups of three digits, all but the last with an x before: 1234067 is x001/x234/067. */
export function tileIndexPath(index: number): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0');
  const groups = digits.match(/.../g) ?? [];
  return groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join('/');
}

/** The path of a hash tile below the log's prefix; a width below 256 names the partial tile. */
export function tilePath({ level, index, width }: Tile): string {
  return `tile/${level < 0 ? 'entries' : level}/${tileIndexPath(index)}${width < tileWidth ? `.p/${width}` : ''}`;
}

/** The path of an entry bundle. */
export function entryBundlePath(index: number, width: number = tileWidth): string {
  return tilePath({ level: -1, index, width });
}

/** The hash tiles of a tree of `size` leaves, partial ones last on each level; with `since`, only those that differ from that size. */
export function tilesOf(size: number, since = 0): readonly Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0, count = size, before = since; count > 0; level++) {
    for (let index = Math.floor(before / tileWidth); index * tileWidth < count; index++) {
      const width = Math.min(tileWidth, count - index * tileWidth);
      if (index * tileWidth + width > before) tiles.push({ level, index, width });
    }
    count = Math.floor(count / tileWidth);
    before = Math.floor(before / tileWidth);
  }
  return tiles;
}

/** The hashes of a tile, one after the other. */
export function encodeTile(hashes: readonly Uint8Array[]): Uint8Array {
  return concat(...hashes);
}

/** The hashes of a tile that must hold exactly `width`. */
export function decodeTile(bytes: Uint8Array, width: number): Checked<readonly Uint8Array[]> {
  if (bytes.length !== width * 32) {
    return fails('TILE_LENGTH', `The tile has ${bytes.length} bytes; ${width} hashes have ${width * 32}.`);
  }
  return holds(Array.from({ length: width }, (_, at) => bytes.subarray(at * 32, at * 32 + 32)));
}

/** An entry bundle: for each entry its length in 2 bytes, most significant first, then its bytes. */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concat(
    ...entries.flatMap((entry) => {
      if (entry.length > 65_535)
        throw new RangeError(`An entry has ${entry.length} bytes; a bundle holds at most 65,535 of one.`);
      return [Uint8Array.of(entry.length >> 8, entry.length & 255), entry];
    }),
  );
}

/** The entries of a bundle that must hold exactly `count`; no bytes may be left over. */
export function decodeEntryBundle(bytes: Uint8Array, count: number): Checked<readonly Uint8Array[]> {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    if (at + 2 + length > bytes.length) {
      return fails(
        'ENTRY_BUNDLE_TRUNCATED',
        `The entry bundle ends inside its entry ${entries.length}; expected ${count} whole entries.`,
      );
    }
    entries.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (entries.length === count) return holds(entries);
  return fails(
    'ENTRY_BUNDLE_COUNT',
    `The entry bundle holds ${entries.length} entries; the published size says ${count}.`,
  );
}

/** Reads one file of a log by its path below the log's prefix; null when there is none. */
export type ReadFile = (path: string) => Promise<Uint8Array | null>;

/**
 * Reads a tile or entry bundle; a partial one that is gone is taken from the full one, as tlog-tiles allows (LOG-SPEC
 * 8.3). `full` says that the bytes are of the full tile, of which only the first `width` count.
 */
async function readTile(
  read: ReadFile,
  tile: Tile,
): Promise<Checked<{ readonly bytes: Uint8Array; readonly path: string; readonly full: boolean }>> {
  const path = tilePath(tile);
  const bytes = await read(path);
  if (bytes !== null) return holds({ bytes, path, full: tile.width === tileWidth });
  const fullPath = tilePath({ ...tile, width: tileWidth });
  const fullBytes = tile.width === tileWidth ? null : await read(fullPath);
  if (fullBytes !== null) return holds({ bytes: fullBytes, path: fullPath, full: true });
  return fails('FILE_MISSING', `The file ${path} of the published size is not there.`, { file: path });
}

/** The hashes of a tile, read with {@link readTile}; a finding names the file. */
export async function readHashes(read: ReadFile, tile: Tile): Promise<Checked<readonly Uint8Array[]>> {
  const found = await readTile(read, tile);
  if (!found.ok) return found;
  const hashes = decodeTile(found.value.bytes, found.value.full ? tileWidth : tile.width);
  if (hashes.ok) return holds(hashes.value.slice(0, tile.width));
  return { ok: false, finding: { ...hashes.finding, file: found.value.path } };
}

/** The entries of a bundle, read with {@link readTile}; a finding names the file. */
export async function readEntries(
  read: ReadFile,
  index: number,
  width: number,
): Promise<Checked<{ readonly entries: readonly Uint8Array[]; readonly path: string }>> {
  const found = await readTile(read, { level: -1, index, width });
  if (!found.ok) return found;
  const { path, full, bytes } = found.value;
  const entries = decodeEntryBundle(bytes, full ? tileWidth : width);
  if (entries.ok) return holds({ entries: entries.value.slice(0, width), path });
  return { ok: false, finding: { ...entries.finding, file: path } };
}
