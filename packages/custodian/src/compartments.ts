import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBase64 } from '@gatehouse/verifier';
import { codeOf, createDurably, removeDurably } from './durable-file.ts';
import { CustodianError } from './errors.ts';
import type { Random } from './random.ts';
import { openRootKey, type RootKey } from './root-key.ts';
import { publicKeyOf } from './x25519.ts';

/** What a custodian publishes about a compartment: enough to seal, nothing that opens. */
export type PublishedKey = {
  readonly v: 1;
  readonly kid: string;
  /** The custodian's name, as it stands in the wraps of a sealing key. */
  readonly custodian: string;
  /** The X25519 public key, base64 of 32 bytes. */
  readonly publicKey: string;
};

/** Where a custodian keeps its secrets. The root key should be on another volume than the folder, or in a backup of its own. */
export type CompartmentsOptions = {
  readonly folder: string;
  readonly rootKeyFile: string;
  readonly name: string;
  readonly random: Random;
};

/** The compartment key pairs of a custodian: one X25519 pair per kid (LOG-SPEC 5.3), each in a file of its own. */
export interface Compartments {
  /** Makes a key pair under a new random kid. Durable before it returns, so nothing is ever sealed to a key that a crash takes back. */
  create(): PublishedKey;
  /** The public half; null when there is no such compartment or it was destroyed. */
  publish(kid: string): PublishedKey | null;
  /** The private half, only for {@link unwrapSealingKey}; null as above. */
  privateKey(kid: string): Uint8Array | null;
  /** Destroys the private key at this custodian for good; false when there was none. The erasure entry must be durable before (LOG-SPEC 3.5). */
  destroy(kid: string): boolean;
}

/** Opens the folder of compartments, which is made when it is missing. */
export function openCompartments(options: CompartmentsOptions): Compartments {
  const { folder, name, random } = options;
  const rootKey = openRootKey(options.rootKeyFile, random, !holdsKeys(folder));
  const fileOf = (kid: string): string => join(folder, `${kid}.key`);
  const privateKey = (kid: string): Uint8Array | null =>
    isKid(kid) ? readPrivateKey(fileOf(kid), kid, rootKey) : null;
  const published = (kid: string, key: Uint8Array): PublishedKey => ({
    v: 1,
    kid,
    custodian: name,
    publicKey: encodeBase64(publicKeyOf(key)),
  });

  return {
    create() {
      const kid = Buffer.from(random(16)).toString('hex');
      const key = random(32);
      createDurably(fileOf(kid), rootKey.keep(key, contextOf(kid)));
      return published(kid, key);
    },
    publish(kid) {
      const key = privateKey(kid);
      return key === null ? null : published(kid, key);
    },
    privateKey,
    destroy: (kid) => isKid(kid) && removeDurably(fileOf(kid)),
  };
}

function isKid(kid: string): boolean {
  return /^[0-9a-f]{32}$/.test(kid);
}

function contextOf(kid: string): string {
  return `gatehouse/compartment/v1\n${kid}\n`;
}

function holdsKeys(folder: string): boolean {
  try {
    return readdirSync(folder).some((file) => file.endsWith('.key'));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return false;
    throw new CustodianError(
      'COMPARTMENT_UNUSABLE',
      `The folder of compartments ${folder} cannot be read: give this user its rights.`,
      { cause },
    );
  }
}

function readPrivateKey(file: string, kid: string, rootKey: RootKey): Uint8Array | null {
  let kept: Uint8Array;
  try {
    kept = readFileSync(file);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null;
    throw new CustodianError('COMPARTMENT_UNUSABLE', `The compartment ${file} cannot be read.`, { cause });
  }
  const key = rootKey.fetch(kept, contextOf(kid));
  if (key?.length === 32) return key;
  throw new CustodianError(
    'COMPARTMENT_UNUSABLE',
    `The compartment ${file} does not open with this root key: it was changed, renamed, or belongs to another root key.`,
  );
}
