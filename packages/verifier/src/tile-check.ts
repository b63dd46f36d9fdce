import { sameBytes } from './bytes.ts';
import type { Finding } from './finding.ts';
import { treeRoot } from './merkle.ts';
import type { Primitives } from './primitives.ts';
import { readHashes, type ReadFile, type Tile, tilePath, tileWidth } from './tile.ts';

/** A hash tile that differs from what the entries give, at its first hash that does. */
export type TileDifference = { readonly tile: Tile; readonly file: string; readonly offset: number };

/**
 * Compares every hash tile of a published tree with what the entries give, level by level, while the entries stream by.
 * It says that they differ, not which of the two is wrong: only the signed root can say that.
 */
export class TileCheck {
  readonly #primitives: Primitives;
  readonly #read: ReadFile;
  /** The hashes of the tile that is being filled, per level, and its index. */
  readonly #filling: { hashes: Uint8Array[]; index: number }[] = [];
  /** Tiles that are not there or cannot be read. */
  readonly findings: Finding[] = [];
  /** Tiles that differ. */
  readonly differences: TileDifference[] = [];

  constructor(primitives: Primitives, read: ReadFile) {
    this.#primitives = primitives;
    this.#read = read;
  }

  /** Takes the hash of the next leaf. */
  async append(hash: Uint8Array, level = 0): Promise<void> {
    const filling = (this.#filling[level] ??= { hashes: [], index: 0 });
    if (filling.hashes.push(hash) < tileWidth) return;
    await this.#compare({ level, index: filling.index, width: tileWidth }, filling.hashes);
    const root = treeRoot(this.#primitives, filling.hashes);
    this.#filling[level] = { hashes: [], index: filling.index + 1 };
    await this.append(root, level + 1);
  }

  /** Compares the partial tiles; call it after the last leaf. */
  async finish(): Promise<void> {
    for (const [level, { hashes, index }] of this.#filling.entries()) {
      if (hashes.length > 0) await this.#compare({ level, index, width: hashes.length }, hashes);
    }
  }

  async #compare(tile: Tile, expected: readonly Uint8Array[]): Promise<void> {
    const stored = await readHashes(this.#read, tile);
    if (!stored.ok) {
      this.findings.push(stored.finding);
      return;
    }
    const offset = stored.value.findIndex((hash, at) => !sameBytes(hash, expected[at] ?? hash));
    if (offset >= 0) this.differences.push({ tile, file: tilePath(tile), offset });
  }
}
