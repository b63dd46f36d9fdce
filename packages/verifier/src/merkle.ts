import { sameBytes, utf8 } from './bytes.ts';
import { type Checked, fails, holds } from './finding.ts';
import type { Primitives } from './primitives.ts';

/** The leaves from `start` (inclusive) to `end` (exclusive) of a tree. */
export type Range = { readonly start: number; readonly end: number };

/** Inputs are put together in place and hashed at once: a log has millions, and an allocation each would cost as much as the hash. */
const leafScratch = new Uint8Array(1 + 4096);
const nodeScratch = new Uint8Array(65).fill(1, 0, 1);

/** SHA-256(0x00 || data): the hash of one leaf (RFC 6962, 2.1). */
export function leafHash({ hash }: Primitives, data: Uint8Array): Uint8Array {
  const bytes =
    data.length < leafScratch.length ? leafScratch.subarray(0, data.length + 1) : new Uint8Array(data.length + 1);
  bytes.set(data, 1);
  return hash(bytes);
}

/** SHA-256(0x01 || left || right): the hash of an inner node (RFC 6962, 2.1). Both are 32 bytes. */
export function nodeHash({ hash }: Primitives, left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeScratch.set(left, 1);
  nodeScratch.set(right, 33);
  return hash(nodeScratch);
}

/** The root of the empty tree: SHA-256 of nothing. */
export function emptyRoot({ hash }: Primitives): Uint8Array {
  return hash(utf8(''));
}

/** MTH of leaves whose hashes are given (RFC 6962, 2.1). */
export function treeRoot(primitives: Primitives, leafHashes: readonly Uint8Array[]): Uint8Array {
  const frontier = new Frontier(primitives);
  for (const hash of leafHashes) frontier.append(hash);
  return frontier.root();
}

/** The largest power of two below `size`; `size` is at least 2 and at most 2^53-1. */
export function splitPoint(size: number): number {
  if (size <= 0x80000000) return 1 << (31 - Math.clz32(size - 1));
  let split = 0x40000000;
  while (split * 2 < size) split *= 2;
  return split;
}

/** What to keep of a {@link Frontier} in order to go on later. */
export type FrontierState = { readonly size: number; readonly subtrees: readonly Uint8Array[] };

/**
 * The right edge of a growing tree: the roots of its full subtrees, largest first. Appending costs two hashes on
 * average, and the state of a log of any size is at most 53 hashes.
 */
export class Frontier {
  readonly #primitives: Primitives;
  readonly #subtrees: Uint8Array[];
  #size: number;

  constructor(primitives: Primitives, state: FrontierState = { size: 0, subtrees: [] }) {
    const expected = fullSubtrees(0, state.size).length;
    if (state.subtrees.length !== expected) {
      throw new TypeError(
        `A tree of ${state.size} leaves has ${expected} full subtrees, not ${state.subtrees.length}.`,
      );
    }
    this.#primitives = primitives;
    this.#subtrees = [...state.subtrees];
    this.#size = state.size;
  }

  /** The number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** The roots of the full subtrees, largest first: what to store in order to go on later. */
  get subtrees(): readonly Uint8Array[] {
    return [...this.#subtrees];
  }

  /** Adds one leaf by its hash. */
  append(hash: Uint8Array): void {
    let node = hash;
    for (let size = this.#size; size % 2 === 1; size = (size - 1) / 2) {
      const left = this.#subtrees.pop();
      if (left !== undefined) node = nodeHash(this.#primitives, left, node);
    }
    this.#subtrees.push(node);
    this.#size++;
  }

  /** The root of the tree as it is now. */
  root(): Uint8Array {
    let root = this.#subtrees.at(-1);
    if (root === undefined) return emptyRoot(this.#primitives);
    for (const left of this.#subtrees.slice(0, -1).reverse()) root = nodeHash(this.#primitives, left, root);
    return root;
  }

  /** An independent copy, so that a failed append can be thrown away. */
  copy(): Frontier {
    return new Frontier(this.#primitives, { size: this.#size, subtrees: this.#subtrees });
  }
}

/** The full subtrees of a range that starts where a subtree of its size may start, largest first. */
export function fullSubtrees(start: number, end: number): readonly Range[] {
  const ranges: Range[] = [];
  for (let from = start; from < end; ) {
    const left = end - from;
    const width = left === 1 ? 1 : splitPoint(left + 1);
    ranges.push({ start: from, end: from + width });
    from += width;
  }
  return ranges;
}

/** The subtrees whose roots are PATH(index, D[0:size]), from the leaf's side to the root's side (RFC 6962, 2.1.1). */
export function inclusionRanges(index: number, size: number): readonly Range[] {
  const ranges: Range[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    const left = index < middle;
    ranges.push(left ? { start: middle, end } : { start, end: middle });
    if (left) end = middle;
    else start = middle;
  }
  return ranges.reverse();
}

/** The subtrees whose roots are PROOF(oldSize, D[0:newSize]) (RFC 6962, 2.1.2); none when one tree is empty or both are equal. */
export function consistencyRanges(oldSize: number, newSize: number): readonly Range[] {
  if (oldSize === 0 || oldSize >= newSize) return [];
  const ranges: Range[] = [];
  let [start, end] = [0, newSize];
  while (oldSize !== end) {
    const middle = start + splitPoint(end - start);
    const left = oldSize <= middle;
    ranges.push(left ? { start: middle, end } : { start, end: middle });
    if (left) end = middle;
    else start = middle;
  }
  if (start > 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** PATH(index, leaves): proves that leaf `index` is in the tree of these leaves. Throws when there is no such leaf. */
export function inclusionProof(
  primitives: Primitives,
  leafHashes: readonly Uint8Array[],
  index: number,
): readonly Uint8Array[] {
  if (!(Number.isSafeInteger(index) && index >= 0 && index < leafHashes.length)) {
    throw new RangeError(`There is no leaf ${index} among ${leafHashes.length}.`);
  }
  return inclusionRanges(index, leafHashes.length).map(({ start, end }) =>
    treeRoot(primitives, leafHashes.slice(start, end)),
  );
}

/** PROOF(oldSize, leaves): proves that the tree of the first `oldSize` leaves is a prefix of the tree of all. */
export function consistencyProof(
  primitives: Primitives,
  leafHashes: readonly Uint8Array[],
  oldSize: number,
): readonly Uint8Array[] {
  if (!(Number.isSafeInteger(oldSize) && oldSize >= 0 && oldSize <= leafHashes.length)) {
    throw new RangeError(`There are only ${leafHashes.length} leaves; a proof from ${oldSize} cannot be made.`);
  }
  return consistencyRanges(oldSize, leafHashes.length).map(({ start, end }) =>
    treeRoot(primitives, leafHashes.slice(start, end)),
  );
}

/** What an inclusion proof claims. */
export type Inclusion = {
  readonly leafHash: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
};

/** Proves that the leaf stands at `index` of the tree with this size and root; a hash too few or too many fails (LOG-SPEC 1.5). */
export function verifyInclusion(
  primitives: Primitives,
  { leafHash, index, size, proof, root }: Inclusion,
): Checked<null> {
  if (index >= size) return fails('INDEX_BEYOND_SIZE', `Index ${index} is not below the tree size ${size}.`);
  const ranges = inclusionRanges(index, size);
  const shape = checkShape(proof, ranges.length, `leaf ${index} of ${size}`);
  if (!shape.ok) return shape;
  let node = leafHash;
  for (const [step, { start }] of ranges.entries()) {
    const sibling = proof[step] ?? node;
    node = start > index ? nodeHash(primitives, node, sibling) : nodeHash(primitives, sibling, node);
  }
  if (sameBytes(node, root)) return holds(null);
  return fails(
    'INCLUSION_PROOF_FAILS',
    `The proof for index ${index} of ${size} leads to another root than the signed one.`,
  );
}

/** What a consistency proof claims. */
export type Consistency = {
  readonly oldSize: number;
  readonly oldRoot: Uint8Array;
  readonly newSize: number;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
};

/** Proves that the old tree is a prefix of the new one: nothing was changed, removed or reordered (RFC 6962, 2.1.2). */
export function verifyConsistency(
  primitives: Primitives,
  { oldSize, oldRoot, newSize, newRoot, proof }: Consistency,
): Checked<null> {
  if (oldSize > newSize)
    return fails('LOG_SHRANK', `The tree had ${oldSize} leaves and now has ${newSize}; a log only grows.`);
  const shape = checkShape(proof, consistencyRanges(oldSize, newSize).length, `sizes ${oldSize} and ${newSize}`);
  if (!shape.ok) return shape;
  if (oldSize === newSize) {
    if (sameBytes(oldRoot, newRoot)) return holds(null);
    return fails(
      'TWO_ROOTS_FOR_ONE_SIZE',
      `Two different roots are signed for size ${oldSize}: the log shows two histories.`,
    );
  }
  if (oldSize === 0) {
    if (sameBytes(oldRoot, emptyRoot(primitives))) return holds(null);
    return fails('ROOT_OF_EMPTY_TREE', 'Size 0 has another root than SHA-256 of nothing.');
  }
  const hashes = proof.values();
  const rebuilt = rebuild({ primitives, hashes, oldRoot }, oldSize, newSize, true);
  if (sameBytes(rebuilt.old, oldRoot) && sameBytes(rebuilt.new, newRoot)) return holds(null);
  return fails(
    'HISTORY_REWRITTEN',
    `The tree of size ${oldSize} is no prefix of the tree of size ${newSize}: an earlier entry was changed.`,
  );
}

type Rebuilding = {
  readonly primitives: Primitives;
  readonly hashes: Iterator<Uint8Array>;
  readonly oldRoot: Uint8Array;
};

/** SUBPROOF of RFC 6962, 2.1.2, read backwards: the old and the new root of one subtree. The number of hashes is checked before. */
function rebuild(
  given: Rebuilding,
  oldSize: number,
  size: number,
  complete: boolean,
): { old: Uint8Array; new: Uint8Array } {
  const { primitives, hashes, oldRoot } = given;
  const take = (): Uint8Array => hashes.next().value ?? oldRoot;
  if (oldSize === size) {
    const node = complete ? oldRoot : take();
    return { old: node, new: node };
  }
  const split = splitPoint(size);
  if (oldSize <= split) {
    const left = rebuild(given, oldSize, split, complete);
    return { old: left.old, new: nodeHash(primitives, left.new, take()) };
  }
  const right = rebuild(given, oldSize - split, size - split, false);
  const left = take();
  return { old: nodeHash(primitives, left, right.old), new: nodeHash(primitives, left, right.new) };
}

function checkShape(proof: readonly Uint8Array[], expected: number, what: string): Checked<null> {
  if (proof.length !== expected) {
    return fails('PROOF_LENGTH', `The proof has ${proof.length} hashes; ${what} need exactly ${expected}.`);
  }
  const odd = proof.find((hash) => hash.length !== 32);
  if (odd !== undefined) return fails('PROOF_LENGTH', `A hash of the proof has ${odd.length} bytes; expected 32.`);
  return holds(null);
}
