import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import {
  decodeBase64Url,
  formatCheckpoint,
  formatNote,
  formatSignatureLine,
  formatVkey,
  makeVkey,
  noteMessage,
  type Checkpoint,
  type Vkey,
} from '@gatehouse/verifier';
import { writeDurably } from './durable-files.ts';
import { codeOf, LogError } from './errors.ts';
import type { Random } from './random.ts';

/** One log's key: signs its checkpoints and nothing else (LOG-SPEC 2.1). */
export interface LogKey {
  readonly vkey: Vkey;
  readonly vkeyText: string;
  /** The signed note of a checkpoint of this log. Whether it may be signed is {@link Signer}'s part. */
  sign(checkpoint: Pick<Checkpoint, 'size' | 'root'>): string;
}

/** The keys of all logs, derived from one seed: the key of an origin is the same for ever. */
export interface LogKeys {
  of(origin: string): LogKey;
}

/** PKCS #8 of an Ed25519 private key up to its 32 bytes (RFC 8410, section 7). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Reads the seed, or makes it when `mayCreate`: a deployment that has entries already must find its old one, because a
 * new seed would be another signer under the same names.
 */
export async function openLogKeys(file: string, random: Random, mayCreate: boolean): Promise<LogKeys> {
  const seed = await readSeed(file, random, mayCreate);
  const known = new Map<string, LogKey>();
  return {
    of(origin) {
      const key = known.get(origin) ?? deriveKey(seed, origin);
      known.set(origin, key);
      return key;
    },
  };
}

function deriveKey(seed: Uint8Array, origin: string): LogKey {
  const secret = Buffer.from(hkdfSync('sha256', seed, new Uint8Array(), `gatehouse/log-key/v1\n${origin}\n`, 32));
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Head, secret]), format: 'der', type: 'pkcs8' });
  const vkey = makeVkey(origin, 1, publicBytesOf(privateKey));
  return {
    vkey,
    vkeyText: formatVkey(vkey),
    sign({ size, root }) {
      const text = formatCheckpoint({ origin, size, root });
      return formatNote(text, [formatSignatureLine(vkey, sign(null, noteMessage(text), privateKey))]);
    },
  };
}

function publicBytesOf(privateKey: KeyObject): Uint8Array {
  const bytes = decodeBase64Url(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '');
  if (bytes?.length !== 32) throw new TypeError('The platform exported an Ed25519 key without its 32 bytes.');
  return bytes;
}

async function readSeed(file: string, random: Random, mayCreate: boolean): Promise<Uint8Array> {
  let seed: Uint8Array;
  try {
    seed = await readFile(file);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' && mayCreate) return createSeed(file, random);
    throw new LogError(
      'LOG_KEY_UNUSABLE',
      `The seed of the log keys, ${file}, cannot be read (${codeOf(cause) ?? 'unknown reason'}), but the database holds a log that was signed with it: put the file back.`,
      { cause },
    );
  }
  if (seed.length !== 32) {
    throw new LogError(
      'LOG_KEY_UNUSABLE',
      `The seed of the log keys, ${file}, has ${seed.length} bytes; expected 32. Put the right file back; nothing was changed.`,
    );
  }
  const mode = (await stat(file)).mode & 0o777;
  if ((mode & 0o077) === 0) return seed;
  throw new LogError(
    'LOG_KEY_UNUSABLE',
    `The seed of the log keys, ${file}, has mode ${mode.toString(8)}, so that other users can reach it; expected 600. Find out who read it, then set the mode.`,
  );
}

async function createSeed(file: string, random: Random): Promise<Uint8Array> {
  const seed = random(32);
  await writeDurably(file, seed, 0o600);
  return seed;
}
