import { canonicalBytes, decodeBase64, leafHash, verifyInclusion } from '@gatehouse/verifier';
import { describe, expect, it } from 'vitest';
import { tenantMap } from './tenant-map.ts';

type Proof = {
  root: string;
  size: number;
  own: { position: number; commitment: string; logId: string; inclusion: string[] };
  neighbours: { position: number; commitment: string }[];
};

const entries = Array.from({ length: 13 }, (_, n) => ({
  tenantKey: `tenant ${n}`,
  logId: n.toString(16).padStart(32, '0'),
}));
const map = tenantMap('sample', new Uint8Array(16).fill(7), entries);

describe('the tenant map', () => {
  it('proves to each tenant its own log under the logged root, once', () => {
    for (const { tenantKey, logId } of entries) {
      const proof = map.proofFor(tenantKey) as Proof;
      const leaf = leafHash(canonicalBytes([proof.own.commitment, proof.own.logId]));
      expect(proof.own.logId).toBe(logId);
      expect(proof.root).toBe(map.root);
      const hashes = proof.own.inclusion.map((hash) => bytes(hash));
      expect(
        verifyInclusion({
          leafHash: leaf,
          index: proof.own.position,
          size: proof.size,
          proof: hashes,
          root: bytes(proof.root),
        }),
      ).toMatchObject({ ok: true });
      for (const one of proof.neighbours) {
        expect(one.commitment < proof.own.commitment).toBe(one.position < proof.own.position);
        expect(Math.abs(one.position - proof.own.position)).toBe(1);
      }
    }
  });

  it('has another root when a tenant is led to another log, and the same for any order of the same tenants', () => {
    const moved = entries.map((one, n) => (n === 4 ? { ...one, logId: 'f'.repeat(32) } : one));
    expect(tenantMap('sample', new Uint8Array(16).fill(7), moved).root).not.toBe(map.root);
    expect(tenantMap('sample', new Uint8Array(16).fill(7), entries.toReversed()).root).toBe(map.root);
  });

  it('gives no proof for a key that is not in it', () => {
    expect(() => map.proofFor('other')).toThrow(RangeError);
  });
});

function bytes(text: string): Uint8Array {
  const decoded = decodeBase64(text);
  if (decoded === null || !(decoded instanceof Uint8Array)) throw new Error('not base64');
  return decoded;
}
