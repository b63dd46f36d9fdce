import { decodeBase64, encodeBase64 } from './base64.ts';
import { concat, hex, utf8 } from './bytes.ts';
import { type Checked, fails, holds, show } from './finding.ts';
import type { Primitives } from './primitives.ts';

/** 1: Ed25519 over the text; 4: Ed25519 cosignature/v1; 6: ML-DSA-44, recognised but not verified by this version. */
export type VkeyType = 1 | 4 | 6;

/** A verifier key of C2SP signed-note: who signs, and with which key. `keyId` is 8 lower-case hex digits. */
export type Vkey = {
  readonly name: string;
  readonly keyId: string;
  readonly type: VkeyType;
  readonly publicKey: Uint8Array;
};

const keyLengths = { 1: 32, 4: 32, 6: 1312 } as const;

/** The key id of signed-note: the first 4 bytes of SHA-256(name || 0x0A || type || public key), in hex. */
export function noteKeyId({ hash }: Primitives, name: string, type: number, publicKey: Uint8Array): string {
  return hex(hash(concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey)).subarray(0, 4));
}

/** The key with its id computed. Throws for a name that signed-note forbids: names are our own configuration. */
export function makeVkey(primitives: Primitives, name: string, type: VkeyType, publicKey: Uint8Array): Vkey {
  if (!/^[^\s+]+$/u.test(name)) throw new TypeError(`${show(name)} cannot name a key: no spaces, no "+", not empty.`);
  if (publicKey.length !== keyLengths[type])
    throw new TypeError(`A key of type ${type} has ${keyLengths[type]} bytes, not ${publicKey.length}.`);
  return { name, type, publicKey, keyId: noteKeyId(primitives, name, type, publicKey) };
}

/** The text form, `name+keyid+base64(type || public key)`. */
export function formatVkey(key: Vkey): string {
  return `${key.name}+${key.keyId}+${encodeBase64(concat(Uint8Array.of(key.type), key.publicKey))}`;
}

/** Parses the text form and checks that the key id is that of name and key (C2SP signed-note; lower-case hex, LOG-SPEC 2.1). */
export function parseVkey(primitives: Primitives, text: string): Checked<Vkey> {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text);
  const bytes = decodeBase64(match?.[3] ?? '');
  const [name, keyId] = [match?.[1], match?.[2]];
  if (name === undefined || keyId === undefined || bytes === null) {
    return fails('VKEY_MALFORMED', `${show(text)} is no verifier key; expected name+8 hex digits+base64.`);
  }
  const type = bytes[0];
  if (type !== 1 && type !== 4 && type !== 6) {
    return fails('VKEY_MALFORMED', `The verifier key of ${name} has type ${type ?? 'none'}; known are 1, 4 and 6.`);
  }
  const publicKey = bytes.subarray(1);
  if (publicKey.length !== keyLengths[type]) {
    return fails(
      'VKEY_MALFORMED',
      `The verifier key of ${name} has ${publicKey.length} bytes; type ${type} has ${keyLengths[type]}.`,
    );
  }
  const computed = noteKeyId(primitives, name, type, publicKey);
  if (computed !== keyId) {
    return fails(
      'VKEY_MALFORMED',
      `The verifier key of ${name} says key id ${keyId}; its name and key give ${computed}.`,
    );
  }
  return holds({ name, keyId, type, publicKey });
}
