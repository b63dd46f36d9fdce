import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  consistencyProof,
  createFrontier,
  inclusionProof,
  leafHash,
  sha256,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from './index.ts';
import { consistencyRanges, inclusionRanges, splitPoint } from './merkle.ts';

const most = 130;
const leaves = Array.from({ length: most }, (_, at) => leafHash(Uint8Array.of(at & 255, at >> 8)));
const roots = Array.from({ length: most + 1 }, (_, size) => treeRoot(leaves.slice(0, size)));
const rootOf = (size: number) => roots[size] ?? new Uint8Array();

/** MTH straight from RFC 6962, 2.1, as an oracle that shares no code with the frontier. */
function oracleRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const [only] = hashes;
  if (only === undefined) return sha256(new Uint8Array());
  if (hashes.length === 1) return only;
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return sha256(Uint8Array.of(1, ...oracleRoot(hashes.slice(0, split)), ...oracleRoot(hashes.slice(split))));
}

/** Proofs that differ from a right one in one bit, one hash, the order or the length. */
function mutations(proof: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const flipped = proof.map((_, at) =>
    proof.map((hash, place) => (place === at ? hash.map((byte, n) => (n === 0 ? byte ^ 1 : byte)) : hash)),
  );
  const swapped = proof.length > 1 ? [[...proof].reverse()] : [];
  return [
    ...flipped,
    ...swapped,
    proof.slice(1),
    [...proof, leaves[0] ?? new Uint8Array(32)],
    [new Uint8Array(31), ...proof.slice(1)],
  ];
}

describe('a Merkle tree', () => {
  it('has the root that RFC 6962 defines, at every size', () => {
    for (let size = 0; size <= most; size++) expect(rootOf(size)).toEqual(oracleRoot(leaves.slice(0, size)));
  });

  it('proves every leaf of every tree, and no leaf with a changed, reordered, shorter or longer proof', () => {
    for (let size = 1; size <= most; size++) {
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(leaves.slice(0, size), index);
        const claim = { leafHash: leaves[index] ?? new Uint8Array(), index, size, root: rootOf(size) };
        expect(verifyInclusion({ ...claim, proof }).ok).toBe(true);
        if (size % 7 !== 0) continue;
        for (const changed of mutations(proof)) expect(verifyInclusion({ ...claim, proof: changed }).ok).toBe(false);
        if (size > 1)
          expect(
            verifyInclusion({ ...claim, proof, leafHash: leaves[(index + 1) % size] ?? new Uint8Array() }).ok,
          ).toBe(false);
        expect(verifyInclusion({ ...claim, proof, index: size }).ok).toBe(false);
      }
    }
  });

  it('proves every prefix of every tree, and none with a changed, reordered, shorter or longer proof', () => {
    for (let newSize = 0; newSize <= most; newSize++) {
      for (let oldSize = 0; oldSize <= newSize; oldSize++) {
        const proof = consistencyProof(leaves.slice(0, newSize), oldSize);
        const claim = { oldSize, oldRoot: rootOf(oldSize), newSize, newRoot: rootOf(newSize) };
        expect(verifyConsistency({ ...claim, proof }).ok).toBe(true);
        if (newSize % 13 !== 0 || oldSize === 0 || oldSize === newSize) continue;
        for (const changed of mutations(proof)) expect(verifyConsistency({ ...claim, proof: changed }).ok).toBe(false);
        expect(verifyConsistency({ ...claim, proof, oldRoot: rootOf(oldSize - 1) }).ok).toBe(false);
      }
    }
  });

  it('refuses a smaller tree as the newer one, two roots of one size, and a made-up empty root', () => {
    const claim = { oldSize: 5, oldRoot: rootOf(5), newSize: 4, newRoot: rootOf(4), proof: [] };
    expect(verifyConsistency(claim)).toMatchObject({ finding: { code: 'LOG_SHRANK' } });
    expect(verifyConsistency({ ...claim, newSize: 5 })).toMatchObject({ finding: { code: 'TWO_ROOTS_FOR_ONE_SIZE' } });
    expect(verifyConsistency({ ...claim, oldSize: 0 })).toMatchObject({ finding: { code: 'ROOT_OF_EMPTY_TREE' } });
  });

  it('goes on from the stored state of its frontier as if it had never stopped', () => {
    fc.assert(
      fc.property(fc.nat(most), fc.nat(most), (a, b) => {
        const [stop, end] = [Math.min(a, b), Math.max(a, b)];
        const before = createFrontier();
        for (const hash of leaves.slice(0, stop)) before.append(hash);
        const after = createFrontier({ size: before.size, subtrees: before.subtrees });
        for (const hash of leaves.slice(stop, end)) after.append(hash);
        expect(after.root()).toEqual(rootOf(end));
        expect(before.root()).toEqual(rootOf(stop));
      }),
    );
  });

  it('refuses a frontier whose state does not belong to its size', () => {
    expect(() => createFrontier({ size: 3, subtrees: [] })).toThrow('3 leaves has 2 full subtrees');
  });

  it('needs no more hashes than a tree of that depth has, up to the largest size', () => {
    const size = fc.integer({ min: 2, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(size, size, (a, b) => {
        const [index, whole] = [Math.min(a, b) - 1, Math.max(a, b)];
        expect(splitPoint(whole)).toBeLessThan(whole);
        expect(splitPoint(whole) * 2).toBeGreaterThanOrEqual(whole);
        expect(inclusionRanges(index, whole).length).toBeLessThanOrEqual(53);
        expect(consistencyRanges(index, whole).length).toBeLessThanOrEqual(54);
      }),
    );
  });
});
