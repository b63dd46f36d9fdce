import type { Primitives, PublicJwk } from './primitives.ts';
import { softwareSha256 } from './sha256.ts';

const algorithms = {
  OKP: { import: { name: 'Ed25519' }, verify: { name: 'Ed25519' } },
  EC: { import: { name: 'ECDSA', namedCurve: 'P-256' }, verify: { name: 'ECDSA', hash: 'SHA-256' } },
} as const;

/** The primitives of a browser: SHA-256 in software, signatures by WebCrypto (Ed25519 needs Chromium 137, Firefox 130, Safari 17 or later). */
export const browserPrimitives: Primitives = {
  hash: softwareSha256,
  async verifySignature(key: PublicJwk, message, signature) {
    if (signature.length !== 64) return false;
    const { subtle } = globalThis.crypto;
    const algorithm = algorithms[key.kty];
    try {
      const imported = await subtle.importKey('jwk', { ...key }, algorithm.import, false, ['verify']);
      return await subtle.verify(algorithm.verify, imported, Uint8Array.from(signature), Uint8Array.from(message));
    } catch {
      return false; // a point that is not on the curve: no signature by it can be good
    }
  },
};
