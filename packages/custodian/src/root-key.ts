import { createCipheriv, createDecipheriv } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { codeOf, createDurably } from './durable-file.ts';
import { CustodianError } from './errors.ts';
import type { Random } from './random.ts';

/** The key that keeps private keys at rest: 32 bytes in a file of mode 0600. It never leaves this object. */
export interface RootKey {
  /** AES-256-GCM; `context` is bound in and must be the same to open. */
  keep(secret: Uint8Array, context: string): Uint8Array;
  /** What {@link keep} kept; null when the root key, the context or a byte is another. */
  fetch(kept: Uint8Array, context: string): Uint8Array | null;
}

/**
 * Reads the root key of `file`, or makes it when `mayCreate`. A file of another length or open to other users is refused, never repaired:
 * a key that others could read is no secret any more, and a new one in its place would lose everything kept under the old.
 */
export function openRootKey(file: string, random: Random, mayCreate: boolean): RootKey {
  const key = readRootKey(file) ?? (mayCreate ? createRootKey(file, random) : null);
  if (key === null) {
    throw new CustodianError(
      'ROOT_KEY_UNUSABLE',
      `The root key ${file} is missing, but there are private keys kept under it: put the file back from where it was moved.`,
    );
  }
  return {
    keep(secret, context) {
      const nonce = random(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context, 'utf8'));
      return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
    },
    fetch(kept, context) {
      if (kept.length < 28) return null;
      const decipher = createDecipheriv('aes-256-gcm', key, kept.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(Buffer.from(context, 'utf8')).setAuthTag(kept.subarray(-16));
      try {
        return Buffer.concat([decipher.update(kept.subarray(12, -16)), decipher.final()]);
      } catch {
        return null; // the one way that node:crypto reports a tag that does not fit
      }
    },
  };
}

function readRootKey(file: string): Uint8Array | null {
  let key: Uint8Array;
  try {
    key = readFileSync(file);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null;
    throw new CustodianError('ROOT_KEY_UNUSABLE', `The root key ${file} cannot be read: give this user its rights.`, {
      cause,
    });
  }
  if (key.length !== 32) {
    throw new CustodianError(
      'ROOT_KEY_UNUSABLE',
      `The root key ${file} has ${key.length} bytes; expected 32. Put the right file back; nothing was changed.`,
    );
  }
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw new CustodianError(
      'ROOT_KEY_UNUSABLE',
      `The root key ${file} has mode ${mode.toString(8)}, so that other users can reach it; expected 600. Find out who read it, then set the mode.`,
    );
  }
  return key;
}

function createRootKey(file: string, random: Random): Uint8Array {
  const key = random(32);
  createDurably(file, key);
  return key;
}
