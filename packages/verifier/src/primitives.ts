/**
 * A public key as RFC 7517 writes it, reduced to the members that RFC 7638 hashes. Ed25519 for statements, notes
 * and checkpoints; P-256 only for passkeys (ES256).
 */
export type PublicJwk =
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string };

/**
 * The two things that verification needs from its platform (DESIGN section 2). Everything else in this package is
 * plain computation, so node and the browser run the same rules.
 */
export interface Primitives {
  /** SHA-256 of `bytes`; synchronous, because a log has millions of them. */
  hash(bytes: Uint8Array): Uint8Array;
  /**
   * Whether `signature` is by `key` over `message`. Ed25519: 64 bytes, RFC 8032. P-256: ECDSA with SHA-256, 64 bytes
   * r || s. False for a malformed key or signature; it never throws.
   */
  verifySignature(key: PublicJwk, message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}
