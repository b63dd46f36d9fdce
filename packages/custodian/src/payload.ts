import { createCipheriv, createHmac, createSecretKey } from 'node:crypto';
import {
  canonicalBytes,
  type Entry,
  type Envelope,
  type Finding,
  type JsonObject,
  openEnvelope,
  parseEnvelope,
  payloadAad,
  payloadBytesMost,
} from '@gatehouse/verifier';
import { CustodianError, type CustodianErrorCode } from './errors.ts';
import type { Random } from './random.ts';

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
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(dek), nonce).setAAD(payloadAad(origin, kid, cmt));
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
 * Opens an envelope with its sealing key and checks that it is the payload that the entry commits to (LOG-SPEC 5.5), both
 * by the verifier, so that nothing opens here that would not hold there. Throws `ENVELOPE_NOT_OF_ENTRY`,
 * `ENVELOPE_MALFORMED` or `ENVELOPE_FAILS`.
 */
export function openPayload(
  { origin, entry, envelope }: { readonly origin: string; readonly entry: Entry; readonly envelope: Envelope },
  key: Uint8Array,
): Opened {
  const formed = parseEnvelope(envelope);
  if (!formed.ok) throw faultOf(formed.finding);
  const opened = openEnvelope(key, origin, entry, formed.value);
  if (!opened.ok) throw faultOf(opened.finding);
  const { content, opening } = opened.value;
  return { payload: content, bytes: opening.payload, salt: opening.salt };
}

function faultOf({ code, message }: Finding): CustodianError {
  return new CustodianError(codeOf(code), message);
}

/** The verifier tells apart more than a caller of the custodian can act on. */
function codeOf(code: Finding['code']): CustodianErrorCode {
  switch (code) {
    case 'ENVELOPE_OTHER_KID':
    case 'PAYLOAD_NOT_COMMITTED':
    case 'COMMITMENT_FAILS':
      return 'ENVELOPE_NOT_OF_ENTRY';
    case 'ENVELOPE_SEALED':
      return 'ENVELOPE_FAILS';
    default:
      return 'ENVELOPE_MALFORMED';
  }
}

function commitmentOf(salt: Uint8Array, bytes: Uint8Array): Buffer {
  return createHmac('sha256', createSecretKey(salt)).update(bytes).digest();
}
