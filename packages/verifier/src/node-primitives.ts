import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import type { Primitives, PublicJwk } from './primitives.ts';

/** Importing a key costs more than using it; a log or a directory uses few keys very often. */
const importedKeys = new Map<string, KeyObject>();
const importedKeysMost = 1024;

function importKey(key: PublicJwk): KeyObject {
  const name = key.kty === 'OKP' ? key.x : `${key.x}.${key.y}`;
  const known = importedKeys.get(name);
  if (known !== undefined) return known;
  const imported = createPublicKey({ key: { ...key }, format: 'jwk' });
  if (importedKeys.size >= importedKeysMost) importedKeys.clear();
  importedKeys.set(name, imported);
  return imported;
}

/** The primitives of Node: one-shot `crypto.hash` (faster than `createHash` for short inputs) and `crypto.verify`. */
export const nodePrimitives: Primitives = {
  hash: (bytes) => hash('sha256', bytes, 'buffer'),
  verifySignature(key, message, signature) {
    if (signature.length !== 64) return false;
    try {
      const imported = importKey(key);
      return key.kty === 'OKP'
        ? verify(null, message, imported, signature)
        : verify('sha256', message, { key: imported, dsaEncoding: 'ieee-p1363' }, signature);
    } catch {
      return false; // a point that is not on the curve: no signature by it can be good
    }
  },
};
