import { createCipheriv, createDecipheriv, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { canonicalBytes, decodeBase64, type JsonObject, type JsonValue, parseCanonical } from '@gatehouse/verifier';
import { CustodianError } from './errors.ts';
import type { Random } from './random.ts';

/** A sealed payload (LOG-SPEC 5.4). Not part of the log; it is bound to its entry by `cmt`. */
export type Envelope = {
  readonly v: 1;
  readonly kid: string;
  readonly sk: string;
  readonly wrap: string;
  readonly nonce: string;
  readonly data: string;
};

/** A sealing key in memory, and what it may seal. */
export type SealingKey = {
  readonly origin: string;
  readonly kid: string;
  readonly sk: string;
  readonly key: Uint8Array;
};

/** A sealed payload with the commitment for its entry. `salt` opens the commitment to somebody later; it is inside the envelope too. */
export type Sealed = { readonly cmt: string; readonly salt: Uint8Array; readonly envelope: Envelope };

/** What came out of an envelope: the payload, its exact bytes and the salt, as an evidence bundle's opening needs them. */
export type Opened = { readonly payload: JsonObject; readonly bytes: Uint8Array; readonly salt: Uint8Array };

/** The bytes of a payload at most (LOG-SPEC 5.1). */
export const payloadBytesMost = 65_536;
/** A 32-byte key under RFC 3394 is 40 bytes; every other length is refused before it is used. */
const wrapBytes = 40;
const defaultIv = Buffer.from('a6a6a6a6a6a6a6a6', 'hex');

/** Seals `payload` under a sealing key with a fresh salt, data key and nonce (LOG-SPEC 5.1 to 5.4). Throws `PAYLOAD_TOO_LARGE`. */
export function sealPayload(payload: JsonObject, { origin, kid, sk, key }: SealingKey, random: Random): Sealed {
  const bytes = canonicalBytes(payload);
  if (bytes.length > payloadBytesMost) {
    throw new CustodianError(
      'PAYLOAD_TOO_LARGE',
      `The payload has ${bytes.length} bytes; at most ${payloadBytesMost} are sealed. Name longer content by its SHA-256.`,
    );
  }
  // One draw for all three, and keys as KeyObjects: Node 24 takes 15 us longer for each cipher given a key as bytes.
  const drawn = random(76);
  const [salt, dek, nonce] = [drawn.subarray(0, 32), drawn.subarray(32, 64), drawn.subarray(64, 76)];
  const cmt = commitmentOf(salt, bytes).toString('base64');
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(dek), nonce).setAAD(associatedData(origin, kid, cmt));
  const data = Buffer.concat([cipher.update(salt), cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  const wrapper = createCipheriv('id-aes256-wrap', createSecretKey(key), defaultIv);
  const wrap = Buffer.concat([wrapper.update(dek), wrapper.final()]);
  return {
    cmt,
    salt,
    envelope: {
      v: 1,
      kid,
      sk,
      wrap: wrap.toString('base64'),
      nonce: Buffer.from(nonce).toString('base64'),
      data: data.toString('base64'),
    },
  };
}

/**
 * Opens an envelope with its sealing key and checks that it is the payload that the entry commits to (LOG-SPEC 5.5).
 * Throws `ENVELOPE_NOT_OF_ENTRY`, `ENVELOPE_MALFORMED` or `ENVELOPE_FAILS`.
 */
export function openEnvelope(
  envelope: Envelope,
  of: { readonly origin: string; readonly kid: string; readonly cmt: string; readonly key: Uint8Array },
): Opened {
  if (envelope.kid !== of.kid) {
    throw new CustodianError(
      'ENVELOPE_NOT_OF_ENTRY',
      `The envelope is of compartment ${envelope.kid}, the entry of ${of.kid}; they belong to different entries.`,
    );
  }
  const wrap = bytesOf(envelope.wrap, 'wrap', (length) => length === wrapBytes);
  const nonce = bytesOf(envelope.nonce, 'nonce', (length) => length === 12);
  const data = bytesOf(envelope.data, 'data', (length) => length >= 50 && length <= payloadBytesMost + 48);
  const plain = decrypt(data, { dek: unwrap(wrap, of.key), nonce, aad: associatedData(of.origin, of.kid, of.cmt) });
  const [salt, bytes] = [plain.subarray(0, 32), plain.subarray(32)];
  const committed = decodeBase64(of.cmt);
  if (committed?.length !== 32 || !timingSafeEqual(commitmentOf(salt, bytes), committed)) {
    throw new CustodianError(
      'ENVELOPE_NOT_OF_ENTRY',
      'The envelope opens, but its payload is not the one that the entry commits to.',
    );
  }
  const payload = parseCanonical(bytes);
  if (!payload.ok || !isObject(payload.value)) {
    throw new CustodianError('ENVELOPE_MALFORMED', 'The payload is not a JSON object in RFC 8785 form.');
  }
  return { payload: payload.value, bytes, salt };
}

function commitmentOf(salt: Uint8Array, bytes: Uint8Array): Buffer {
  return createHmac('sha256', createSecretKey(salt)).update(bytes).digest();
}

function associatedData(origin: string, kid: string, cmt: string): Buffer {
  return Buffer.from(`gatehouse/payload/v1\n${origin}\n${kid}\n${cmt}\n`, 'utf8');
}

function unwrap(wrap: Uint8Array, key: Uint8Array): Uint8Array {
  try {
    const decipher = createDecipheriv('id-aes256-wrap', key, defaultIv);
    return Buffer.concat([decipher.update(wrap), decipher.final()]);
  } catch (cause) {
    throw new CustodianError('ENVELOPE_FAILS', 'The data key of the envelope does not unwrap with this sealing key.', {
      cause,
    });
  }
}

function decrypt(
  data: Uint8Array,
  { dek, nonce, aad }: { readonly dek: Uint8Array; readonly nonce: Uint8Array; readonly aad: Uint8Array },
): Uint8Array {
  try {
    const decipher = createDecipheriv('aes-256-gcm', dek, nonce, { authTagLength: 16 });
    decipher.setAAD(aad).setAuthTag(data.subarray(-16));
    return Buffer.concat([decipher.update(data.subarray(0, -16)), decipher.final()]);
  } catch (cause) {
    throw new CustodianError(
      'ENVELOPE_FAILS',
      'The envelope does not decrypt: a byte was changed, or it belongs to another entry, compartment or log.',
      { cause },
    );
  }
}

function bytesOf(text: string, member: string, fits: (length: number) => boolean): Uint8Array {
  const bytes = decodeBase64(text);
  if (bytes !== null && fits(bytes.length)) return bytes;
  throw new CustodianError(
    'ENVELOPE_MALFORMED',
    `The member "${member}" of the envelope is not strict base64 of the length that LOG-SPEC 5.4 says (${bytes?.length ?? 'not base64'}).`,
  );
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
