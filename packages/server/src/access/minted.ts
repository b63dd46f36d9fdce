import type { StoredCredential } from './credential.ts';

/**
 * The one-time tokens that this process has minted and that may still be used, by the hash of their check values. A row
 * that somebody else put into the database is none of them and proves nothing. A restart forgets all: tokens live for
 * minutes, and their holder mints another.
 */
export class MintedTokens {
  readonly #minted = new Map<string, { readonly storedKey: Buffer; readonly expiresAt: number }>();

  /** Remembers a token until it expires. */
  add(id: string, { storedKey }: StoredCredential, expiresAt: number, now: number): void {
    for (const [old, token] of this.#minted) if (token.expiresAt <= now - keptAfterMs) this.#minted.delete(old);
    this.#minted.set(id, { storedKey: Buffer.from(storedKey), expiresAt });
  }

  /** Holds if this process minted the token, with these check values. */
  has(id: string, { storedKey }: StoredCredential): boolean {
    return this.#minted.get(id)?.storedKey.equals(storedKey) ?? false;
  }
}

/** An expired token is known a while longer, so that its holder is told that it expired. */
const keptAfterMs = 3_600_000;
