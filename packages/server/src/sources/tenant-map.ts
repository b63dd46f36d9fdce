import { canonicalBytes, encodeBase64, inclusionProof, leafHash, sha256, treeRoot } from '@gatehouse/verifier';
import type { JsonObject } from '@gatehouse/terms';

/** A tenant key with the log that belongs to it. */
export type MapEntry = { readonly tenantKey: string; readonly logId: string };

/** A tenant map, and what each tenant's log must hold of it. */
export type TenantMap = { readonly root: string; readonly size: number; proofFor(tenantKey: string): JsonObject };

/**
 * Builds the sorted, salted map of a source: tenant key → log. A leaf is the JSON list of SHA-256 over (source, salt, key)
 * and the log id, in order of the first; its Merkle tree (RFC 6962) has the root that is logged. A tenant's proof holds its
 * own leaf with inclusion, and its two neighbours: in a sorted list that also shows that its key is there once.
 */
export function tenantMap(source: string, salt: Uint8Array, entries: readonly MapEntry[]): TenantMap {
  const salted = entries
    .map((entry) => ({ ...entry, commitment: commitmentOf(source, salt, entry.tenantKey) }))
    .toSorted((a, b) => (a.commitment < b.commitment ? -1 : 1));
  const leaves = salted.map((entry) => leafOf(entry.commitment, entry.logId));
  const root = encodeBase64(treeRoot(leaves));
  const proof = (position: number): JsonObject => {
    const entry = salted[position];
    if (entry === undefined) return {};
    return {
      position,
      commitment: entry.commitment,
      logId: entry.logId,
      inclusion: inclusionProof(leaves, position).map((hash) => encodeBase64(hash)),
    };
  };
  return {
    root,
    size: salted.length,
    proofFor: (tenantKey) => {
      const position = salted.findIndex((entry) => entry.tenantKey === tenantKey);
      if (position < 0) throw new RangeError('A proof was asked for a key that is not in the map.');
      const neighbours = [position - 1, position + 1].filter((at) => at >= 0 && at < salted.length);
      return {
        root,
        size: salted.length,
        salt: encodeBase64(salt),
        tenantKey,
        own: proof(position),
        neighbours: neighbours.map((at) => proof(at)),
      };
    },
  };
}

function commitmentOf(source: string, salt: Uint8Array, tenantKey: string): string {
  return encodeBase64(sha256(canonicalBytes({ source, salt: encodeBase64(salt), tenantKey })));
}

function leafOf(commitment: string, logId: string): Uint8Array {
  return leafHash(canonicalBytes([commitment, logId]));
}
