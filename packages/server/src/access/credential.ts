import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

/** RFC 7677 asks for 4,096 at least. The token carries 256 random bits, so more iterations would buy nothing. */
const ITERATIONS = 4096;
const SALT_BYTES = 16;
const TOKEN_BYTES = 32;

/** How long a minted token may wait for its one use. */
export const credentialLifetimeMs = 5 * 60 * 1000;

/** What is kept of a one-time token: enough to check it over SCRAM-SHA-256, not enough to use it (RFC 5802, section 3). */
export type StoredCredential = {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
};

/** Draws `count` random bytes. An argument, so that tests can steer it. */
export type Random = (count: number) => Uint8Array;

/**
 * Makes a one-time token for one connection. The token itself is returned once and kept nowhere; it is base64url and so
 * needs no escaping in a connection string. RFC 5802 section 3, RFC 7677.
 */
export async function mintCredential(random: Random): Promise<{ token: string; stored: StoredCredential }> {
  const token = Buffer.from(random(TOKEN_BYTES)).toString('base64url');
  const salt = random(SALT_BYTES);
  const salted = await promisify(pbkdf2)(token, salt, ITERATIONS, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return {
    token,
    stored: {
      salt,
      iterations: ITERATIONS,
      storedKey: createHash('sha256').update(clientKey).digest(),
      serverKey: createHmac('sha256', salted).update('Server Key').digest(),
    },
  };
}

/** A new id for a request, which is also its grant and its `ref` in the log: 16 random bytes, unpadded base64url. */
export function mintRequestId(random: Random): string {
  for (;;) {
    const id = Buffer.from(random(16)).toString('base64url');
    // An id that begins with a dash would look like an option on a command line.
    if (/^[A-Za-z0-9]/.test(id)) return id;
  }
}
