import { createDecipheriv } from 'node:crypto';
import { decodeBase64 } from './base64.ts';
import type { JsonObject } from './canonical-json.ts';
import type { Entry } from './entry.ts';
import type { Envelope } from './envelope.ts';
import { type Checked, fails, holds } from './finding.ts';
import { nodePrimitives } from './node-primitives.ts';
import { type Opening, payloadAad, verifyOpening } from './payload.ts';

/** A payload that was opened: its content, and the opening that proves it to others. */
export type OpenedPayload = { readonly content: JsonObject; readonly opening: Opening };

/** RFC 3394 default initial value. */
const wrapValue = Buffer.alloc(8, 0xa6);

/**
 * Opens a sealed payload with the sealing key of its envelope (LOG-SPEC 5.5): unwrap, decrypt, check the commitment and
 * the form. Node only: AES is not one of the two ports, and a browser shows openings. Custodian and tests use this.
 */
export function openEnvelope(
  sealingKey: Uint8Array,
  origin: string,
  entry: Entry,
  envelope: Envelope,
): Checked<OpenedPayload> {
  const { seq, kid, cmt } = entry;
  if (kid === undefined || cmt === undefined)
    return fails('PAYLOAD_NOT_COMMITTED', `Entry ${seq} has no payload.`, { index: seq });
  if (envelope.kid !== kid) {
    return fails(
      'ENVELOPE_OTHER_KID',
      `The envelope of entry ${seq} is of the compartment ${envelope.kid}; the entry says ${kid}.`,
      { index: seq },
    );
  }
  const plain = decrypt(sealingKey, envelope, payloadAad(origin, kid, cmt));
  if (plain === null || plain.length < 32) {
    return fails(
      'ENVELOPE_SEALED',
      `The envelope of entry ${seq} does not open: another key, changed data, or sealed for another entry.`,
      { index: seq },
    );
  }
  const opening = { salt: plain.subarray(0, 32), payload: plain.subarray(32) };
  const content = verifyOpening(nodePrimitives, entry, opening);
  return content.ok ? holds({ content: content.value, opening }) : content;
}

function decrypt(sealingKey: Uint8Array, envelope: Envelope, aad: Uint8Array): Uint8Array | null {
  const [wrap, nonce, data] = [decodeBase64(envelope.wrap), decodeBase64(envelope.nonce), decodeBase64(envelope.data)];
  if (wrap?.length !== 40 || nonce?.length !== 12 || data === null || data.length < 16 || sealingKey.length !== 32)
    return null;
  try {
    const unwrap = createDecipheriv('id-aes256-wrap', sealingKey, wrapValue);
    const dek = Buffer.concat([unwrap.update(wrap), unwrap.final()]);
    const decipher = createDecipheriv('aes-256-gcm', dek, nonce, { authTagLength: 16 });
    decipher.setAAD(aad);
    decipher.setAuthTag(data.subarray(-16));
    return Buffer.concat([decipher.update(data.subarray(0, -16)), decipher.final()]);
  } catch {
    return null; // authentication failed: OpenSSL says so only by throwing
  }
}
