import { concat, hex, textOf, u64, utf8 } from './bytes.ts';
import { decodeBase64, encodeBase64, encodeBase64Url } from './base64.ts';
import { type Checked, fails, holds, show } from './finding.ts';
import type { Primitives, PublicJwk } from './primitives.ts';
import type { Vkey } from './vkey.ts';

/** One signature line of a note. */
export type NoteSignature = { readonly name: string; readonly keyId: string; readonly signature: Uint8Array };

/** A signed note (C2SP signed-note v1.0.0), taken apart but not verified. `text` ends in a newline. */
export type Note = { readonly text: string; readonly signatures: readonly NoteSignature[] };

/** A signature line whose key is trusted and whose signature holds; `time` (POSIX seconds) only for cosignatures. */
export type VerifiedSignature = { readonly key: Vkey; readonly time?: bigint };

const noteBytesMost = 1_000_000;
const signatureLinesMost = 100;

/** Takes a note apart: the text, then after its LAST empty line 1 to 100 signature lines (LOG-SPEC 2.2). Verifies nothing. */
export function parseNote(bytes: Uint8Array): Checked<Note> {
  if (bytes.length > noteBytesMost) {
    return fails('NOTE_TOO_LARGE', `The note has ${bytes.length} bytes; at most ${noteBytesMost} are read.`);
  }
  const whole = textOf(bytes);
  if (whole === null) return fails('NOT_UTF8', 'The note is not UTF-8.');
  // oxlint-disable-next-line no-control-regex -- signed-note forbids exactly these characters
  const control = /[\u0000-\u0009\u000b-\u001f]/.exec(whole);
  if (control !== null) {
    return fails(
      'NOTE_CONTROL_CHARACTER',
      `The note has the control character ${show(control[0])}; only newlines are allowed.`,
    );
  }
  const split = whole.lastIndexOf('\n\n');
  if (split < 0)
    return fails('NOTE_WITHOUT_EMPTY_LINE', 'The note has no empty line between its text and its signatures.');
  if (!whole.endsWith('\n')) return fails('NOTE_MALFORMED', 'The note does not end in a newline.');
  const lines = whole.slice(split + 2, -1).split('\n');
  if (lines.length > signatureLinesMost) {
    return fails(
      'NOTE_TOO_LARGE',
      `The note has ${lines.length} signature lines; at most ${signatureLinesMost} are read.`,
    );
  }
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignatureLine(line);
    if (!signature.ok) return signature;
    signatures.push(signature.value);
  }
  return holds({ text: whole.slice(0, split + 1), signatures });
}

function parseSignatureLine(line: string): Checked<NoteSignature> {
  const match = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
  const bytes = decodeBase64(match?.[2] ?? '');
  if (match?.[1] === undefined || bytes === null || bytes.length < 5) {
    return fails(
      'NOTE_MALFORMED',
      `The line ${show(line)} is no signature line; expected "— name base64(key id || signature)".`,
    );
  }
  return holds({ name: match[1], keyId: hex(bytes.subarray(0, 4)), signature: bytes.subarray(4) });
}

/**
 * Verifies a note against trusted keys. Unknown (name, key id) pairs are ignored; a trusted pair whose signature fails
 * rejects the whole note; of several lines with one pair the first counts (LOG-SPEC 2.2). May return no signature at
 * all: what is required is the caller's rule. Lines of 0x06 keys are ignored, this version does not verify ML-DSA-44.
 */
export async function verifyNote(
  primitives: Primitives,
  note: Note,
  trusted: readonly Vkey[],
): Promise<Checked<readonly VerifiedSignature[]>> {
  const verified: VerifiedSignature[] = [];
  const seen = new Set<Vkey>();
  for (const { name, keyId, signature } of note.signatures) {
    const key = trusted.find((candidate) => candidate.name === name && candidate.keyId === keyId);
    if (key === undefined || seen.has(key) || key.type === 6) continue;
    seen.add(key);
    const line = key.type === 1 ? readSignature(note, signature) : readCosignature(note, signature);
    const good =
      line !== null && (await primitives.verifySignature(ed25519Jwk(key.publicKey), line.message, line.signature));
    if (!good) {
      return fails(
        'NOTE_SIGNATURE_FAILS',
        `The signature of the trusted key ${name}+${keyId} does not verify; the whole note is rejected.`,
      );
    }
    verified.push(line.time === undefined ? { key } : { key, time: line.time });
  }
  return holds(verified);
}

type SignatureLine = { readonly message: Uint8Array; readonly signature: Uint8Array; readonly time?: bigint };

function readSignature(note: Note, signature: Uint8Array): SignatureLine {
  return { message: utf8(note.text), signature };
}

function readCosignature(note: Note, bytes: Uint8Array): SignatureLine | null {
  if (bytes.length !== 72) return null;
  const time = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  if (time > 0x7fff_ffff_ffff_ffffn) return null;
  return { message: cosignatureMessage(time, note.text), signature: bytes.subarray(8), time };
}

/** What a 0x01 key signs: the text of the note, with its final newline. */
export function noteMessage(text: string): Uint8Array {
  return utf8(text);
}

/** What a 0x04 key signs: `cosignature/v1`, the time, and the whole text (C2SP tlog-cosignature, LOG-SPEC 2.5). */
export function cosignatureMessage(time: bigint, text: string): Uint8Array {
  return utf8(`cosignature/v1\ntime ${time}\n${text}`);
}

/** The signature bytes of a cosignature line: the time in 8 bytes, then the signature over {@link cosignatureMessage}. */
export function cosignatureBytes(time: bigint, signature: Uint8Array): Uint8Array {
  return concat(u64(time), signature);
}

/** One signature line with its newline, as producers write it. */
export function formatSignatureLine(key: Pick<Vkey, 'name' | 'keyId'>, signature: Uint8Array): string {
  const id = Uint8Array.from(key.keyId.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  return `\u2014 ${key.name} ${encodeBase64(concat(id, signature))}\n`;
}

/** A note of a text that ends in a newline and its signature lines, in the order given. */
export function formatNote(text: string, signatureLines: readonly string[]): string {
  return `${text}\n${signatureLines.join('')}`;
}

/** A raw Ed25519 public key as a JWK. */
export function ed25519Jwk(publicKey: Uint8Array): PublicJwk {
  return { kty: 'OKP', crv: 'Ed25519', x: encodeBase64Url(publicKey) };
}
