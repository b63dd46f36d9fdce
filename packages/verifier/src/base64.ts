const standard = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const urlSafe = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function valuesOf(alphabet: string): Int8Array {
  const values = new Int8Array(128).fill(-1);
  for (let value = 0; value < 64; value++) values[alphabet.charCodeAt(value)] = value;
  return values;
}
const standardValues = valuesOf(standard);
const urlSafeValues = valuesOf(urlSafe);

function encode(bytes: Uint8Array, alphabet: string): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += alphabet.charAt(group >> 18) + alphabet.charAt((group >> 12) & 63);
    if (left > 1) text += alphabet.charAt((group >> 6) & 63);
    if (left > 2) text += alphabet.charAt(group & 63);
  }
  return text;
}

/** Decodes text without padding; null for a foreign character, an impossible length, or unused bits that are not zero. */
function decode(text: string, values: Int8Array): Uint8Array | null {
  const spare = text.length % 4;
  if (spare === 1) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const value = code < 128 ? (values[code] ?? -1) : -1;
    if (value < 0) return null;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[length++] = (held >> bits) & 255;
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : null;
}

/** Encodes as RFC 4648 section 4: standard alphabet, padded, one line (LOG-SPEC 1.1). */
export function encodeBase64(bytes: Uint8Array): string {
  const text = encode(bytes, standard);
  return text + '='.repeat((4 - (text.length % 4)) % 4);
}

/** Decodes what {@link encodeBase64} wrote and nothing else: null unless `text` is the one encoding of its bytes (LOG-SPEC 1.1). */
export function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0) return null;
  const end = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  if ((4 - (end % 4)) % 4 !== text.length - end) return null;
  return decode(text.slice(0, end), standardValues);
}

/** Encodes as RFC 4648 section 5 without padding: ids, nonces, key ids, members of a JWK. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encode(bytes, urlSafe);
}

/** Decodes unpadded base64url; null unless `text` is the one encoding of its bytes. */
export function decodeBase64Url(text: string): Uint8Array | null {
  return decode(text, urlSafeValues);
}

/** Whether `text` is strict base64 of exactly 32 bytes; cheaper than decoding, for leaves by the million. */
export function isBase64Hash(text: unknown): text is string {
  return typeof text === 'string' && text.length === 44 && /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text);
}
