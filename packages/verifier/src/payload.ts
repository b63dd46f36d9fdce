import { decodeBase64, encodeBase64 } from './base64.ts';
import { concat, utf8 } from './bytes.ts';
import { isCount, isObject, type JsonObject, parseCanonical, parseJson } from './canonical-json.ts';
import type { Entry } from './entry.ts';
import { type Checked, fails, holds, show } from './finding.ts';
import type { Primitives } from './primitives.ts';

/** A payload and the salt of its commitment: what someone who may read it can show to others. */
export type Opening = { readonly payload: Uint8Array; readonly salt: Uint8Array };

/** The bytes of a payload at most (LOG-SPEC 5.1). */
export const payloadBytesMost = 65_536;

/** HMAC-SHA256 (RFC 2104) over the hash port. */
export function hmacSha256({ hash }: Primitives, key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(64);
  block.set(key.length > 64 ? hash(key) : key);
  const inner = hash(
    concat(
      block.map((byte) => byte ^ 0x36),
      message,
    ),
  );
  return hash(
    concat(
      block.map((byte) => byte ^ 0x5c),
      inner,
    ),
  );
}

/** The commitment that an entry makes to its payload, base64 HMAC-SHA256(salt, payload) (LOG-SPEC 5.2). */
export function commitment(primitives: Primitives, { payload, salt }: Opening): string {
  return encodeBase64(hmacSha256(primitives, salt, payload));
}

/** Proves that this is the payload that the entry committed to, and parses it (LOG-SPEC 5.5). */
export function verifyOpening(primitives: Primitives, entry: Entry, opening: Opening): Checked<JsonObject> {
  const place = { index: entry.seq };
  if (entry.cmt === undefined)
    return fails('PAYLOAD_NOT_COMMITTED', `Entry ${entry.seq} has no commitment; it has no payload.`, place);
  if (opening.salt.length !== 32)
    return fails('PAYLOAD_MALFORMED', `The salt has ${opening.salt.length} bytes; expected 32.`, place);
  if (commitment(primitives, opening) !== entry.cmt) {
    return fails(
      'COMMITMENT_FAILS',
      `The payload shown for entry ${entry.seq} is not the one that the entry committed to.`,
      place,
    );
  }
  if (opening.payload.length > payloadBytesMost) {
    return fails(
      'PAYLOAD_MALFORMED',
      `The payload has ${opening.payload.length} bytes; at most ${payloadBytesMost} are allowed.`,
      place,
    );
  }
  const parsed = parseCanonical(opening.payload);
  if (!parsed.ok)
    return {
      ok: false,
      finding: {
        ...parsed.finding,
        ...place,
        message: `In the payload of entry ${entry.seq}: ${parsed.finding.message}`,
      },
    };
  if (!isObject(parsed.value))
    return fails('PAYLOAD_MALFORMED', `The payload of entry ${entry.seq} is not a JSON object.`, place);
  return holds(parsed.value);
}

/** Parses the JSON form of an opening, `{ payload, salt }` in base64 (LOG-SPEC 6.1). */
export function parseOpening(value: unknown): Checked<Opening> {
  const { payload, salt } = isObject(value) ? value : {};
  const bytes = typeof payload === 'string' ? decodeBase64(payload) : null;
  const saltBytes = typeof salt === 'string' ? decodeBase64(salt) : null;
  if (bytes === null || saltBytes === null)
    return fails('PAYLOAD_MALFORMED', 'The opening is not an object of payload and salt in strict base64.');
  return holds({ payload: bytes, salt: saltBytes });
}

/** Parses openings as they travel: JSON lines `{"opening":{"payload","salt"},"seq":n}`, ascending by `seq`, like envelopes. */
export function parseOpenings(text: string): Checked<ReadonlyMap<number, Opening>> {
  const openings = new Map<number, Opening>();
  let before = -1;
  for (const [at, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const parsed = parseJson(line);
    const { seq, opening } = parsed.ok && isObject(parsed.value) ? parsed.value : {};
    if (!isCount(seq) || seq <= before) {
      return fails(
        'PAYLOAD_MALFORMED',
        `Line ${at + 1} of the openings has the seq ${show(seq)}; expected a number above ${before}.`,
      );
    }
    const read = parseOpening(opening);
    if (!read.ok) return { ok: false, finding: { ...read.finding, index: seq } };
    openings.set(seq, read.value);
    before = seq;
  }
  return holds(openings);
}

/** The associated data that ties a sealed payload to its log, its compartment and its commitment (LOG-SPEC 5.4). */
export function payloadAad(origin: string, kid: string, cmt: string): Uint8Array {
  return utf8(`gatehouse/payload/v1\n${origin}\n${kid}\n${cmt}\n`);
}
