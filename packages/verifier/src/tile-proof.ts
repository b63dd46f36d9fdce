import { type Checked, holds } from './finding.ts';
import { consistencyRanges, fullSubtrees, inclusionRanges, nodeHash, type Range, treeRoot } from './merkle.ts';
import type { Primitives } from './primitives.ts';
import { type ReadFile, readHashes, tileWidth } from './tile.ts';

/** A published tree: where its tiles are read, and its size. */
export type TiledTree = { readonly read: ReadFile; readonly size: number };

/** The root of a subtree whose range is that of a node of the tree, from at most a few tiles. The tiles are not verified here. */
export async function rangeHash(primitives: Primitives, tree: TiledTree, range: Range): Promise<Checked<Uint8Array>> {
  const hashes = await subtreeHashes(primitives, tree, fullSubtrees(range.start, range.end));
  if (!hashes.ok) return hashes;
  return holds(hashes.value.reduceRight((right, left) => nodeHash(primitives, left, right)));
}

/** The roots of full subtrees, in order. */
export async function subtreeHashes(
  primitives: Primitives,
  tree: TiledTree,
  ranges: readonly Range[],
): Promise<Checked<readonly Uint8Array[]>> {
  const hashes: Uint8Array[] = [];
  for (const range of ranges) {
    const hash = await fullSubtreeHash(primitives, tree, range);
    if (!hash.ok) return hash;
    hashes.push(hash.value);
  }
  return holds(hashes);
}

async function fullSubtreeHash(
  primitives: Primitives,
  { read, size }: TiledTree,
  { start, end }: Range,
): Promise<Checked<Uint8Array>> {
  let [level, span] = [0, 1];
  while (span * tileWidth <= end - start) {
    span *= tileWidth;
    level++;
  }
  const first = start / span;
  const index = Math.floor(first / tileWidth);
  const width = Math.min(tileWidth, Math.floor(size / span) - index * tileWidth);
  const hashes = await readHashes(read, { level, index, width });
  if (!hashes.ok) return hashes;
  const offset = first - index * tileWidth;
  return holds(treeRoot(primitives, hashes.value.slice(offset, offset + (end - start) / span)));
}

/** Makes the inclusion proof of leaf `index` in a published tree from its tiles. */
export async function proveInclusion(
  primitives: Primitives,
  tree: TiledTree,
  index: number,
): Promise<Checked<readonly Uint8Array[]>> {
  return rangeHashes(primitives, tree, inclusionRanges(index, tree.size));
}

/** Makes the consistency proof from `oldSize` to a published tree from its tiles. */
export async function proveConsistency(
  primitives: Primitives,
  tree: TiledTree,
  oldSize: number,
): Promise<Checked<readonly Uint8Array[]>> {
  return rangeHashes(primitives, tree, consistencyRanges(oldSize, tree.size));
}

async function rangeHashes(
  primitives: Primitives,
  tree: TiledTree,
  ranges: readonly Range[],
): Promise<Checked<readonly Uint8Array[]>> {
  const hashes: Uint8Array[] = [];
  for (const range of ranges) {
    const hash = await rangeHash(primitives, tree, range);
    if (!hash.ok) return hash;
    hashes.push(hash.value);
  }
  return holds(hashes);
}
