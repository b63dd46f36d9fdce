import { isUtf8 } from 'node:buffer';
import type { WireRefusal } from './ports.ts';
import { ProtocolViolation } from './protocol-violation.ts';

/** Message types and codes of the PostgreSQL frontend/backend protocol 3 (PostgreSQL documentation, "Message Formats"). */
export const messageType = {
  authentication: 0x52, // R
  backendKeyData: 0x4b, // K
  bindComplete: 0x32, // 2
  closeComplete: 0x33, // 3
  commandComplete: 0x43, // C
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyFail: 0x66, // f
  copyInResponse: 0x47, // G
  copyOutResponse: 0x48, // H
  copyBothResponse: 0x57, // W
  dataRow: 0x44, // D
  emptyQueryResponse: 0x49, // I
  errorResponse: 0x45, // E
  negotiateProtocolVersion: 0x76, // v
  noData: 0x6e, // n
  noticeResponse: 0x4e, // N
  notificationResponse: 0x41, // A
  parameterDescription: 0x74, // t
  parameterStatus: 0x53, // S
  parseComplete: 0x31, // 1
  portalSuspended: 0x73, // s
  readyForQuery: 0x5a, // Z
  rowDescription: 0x54, // T
  bind: 0x42, // B
  close: 0x43, // C
  describe: 0x44, // D
  execute: 0x45, // E
  flush: 0x48, // H
  functionCall: 0x46, // F
  parse: 0x50, // P
  password: 0x70, // p
  query: 0x51, // Q
  sync: 0x53, // S
  terminate: 0x58, // X
} as const;

/** Codes that stand where a startup packet has its protocol version. */
export const startupCode = {
  cancel: 80877102,
  ssl: 80877103,
  gssenc: 80877104,
  protocol30: 196608,
  protocol32: 196610,
} as const;

/** One typed message: type byte, length that counts itself, body. */
export function message(type: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const bodies = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part));
  const length = bodies.reduce((sum, body) => sum + body.length, 4);
  const bytes = Buffer.allocUnsafe(length + 1);
  bytes[0] = type;
  bytes.writeInt32BE(length, 1);
  let at = 5;
  for (const body of bodies) {
    bytes.set(body, at);
    at += body.length;
  }
  return bytes;
}

/** A string as the protocol carries it: UTF-8 and one NUL. A NUL inside would hide what follows, so it is replaced. */
export function zeroEnded(text: string): Buffer {
  return Buffer.from(`${text.replaceAll('\0', '\uFFFD')}\0`, 'utf8');
}

/** Four bytes, big-endian, signed. */
export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value, 0);
  return bytes;
}

/** An ErrorResponse that carries a refusal; FATAL tells the client that the connection ends. */
export function errorResponse(refusal: WireRefusal, severity: 'ERROR' | 'FATAL' = 'ERROR'): Buffer {
  const fields = [`S${severity}`, `V${severity}`, `C${refusal.sqlstate}`, `M${refusal.message}`];
  if (refusal.detail !== '') fields.push(`D${refusal.detail}`);
  if (refusal.hint !== '') fields.push(`H${refusal.hint}`);
  return message(messageType.errorResponse, ...fields.map(zeroEnded), Buffer.of(0));
}

/** A refusal of one sentence, for faults that need no DETAIL. */
export function refusal(
  sqlstate: string,
  sentence: string,
  more: { detail?: string; hint?: string } = {},
): WireRefusal {
  return { sqlstate, message: sentence, detail: more.detail ?? '', hint: more.hint ?? '' };
}

/** Decodes UTF-8 or throws a violation: a text that two programs read differently is not a text that can be logged. */
function decodeText(bytes: Buffer, start: number, end: number): string {
  if (!isUtf8(bytes.subarray(start, end))) {
    throw new ProtocolViolation('A text was expected in UTF-8, and these bytes are not.', '22021');
  }
  return bytes.toString('utf8', start, end);
}

/** Reads the fields of one message body in order; every read is checked against the end of the body. */
export class BodyReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** The NUL-ended text that comes next. */
  text(): string {
    const nul = this.#bytes.indexOf(0, this.#at);
    if (nul < 0 || nul >= this.#end) throw new ProtocolViolation('A text in a message has no end.');
    const text = decodeText(this.#bytes, this.#at, nul);
    this.#at = nul + 1;
    return text;
  }

  /** The next byte. */
  byte(): number {
    this.#need(1);
    const value = this.#bytes[this.#at] ?? 0;
    this.#at += 1;
    return value;
  }

  /** The next two bytes, unsigned. */
  uint16(): number {
    this.#need(2);
    const value = this.#bytes.readUInt16BE(this.#at);
    this.#at += 2;
    return value;
  }

  /** The next four bytes, signed. */
  int32(): number {
    this.#need(4);
    const value = this.#bytes.readInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  /** The next `length` bytes, not copied. */
  take(length: number): Buffer {
    if (length < 0) throw new ProtocolViolation('A length in a message is negative.');
    this.#need(length);
    const slice = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return slice;
  }

  /** How many bytes of the body were not read yet. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** Ends the reading: a body that holds more than its fields is refused (it would smuggle a second message). */
  done(): void {
    if (this.#at !== this.#end) throw new ProtocolViolation('A message is longer than its fields.');
  }

  #need(length: number): void {
    if (this.#end - this.#at < length) throw new ProtocolViolation('A message is shorter than its fields.');
  }
}
