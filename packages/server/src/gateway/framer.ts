import { ProtocolViolation } from './protocol-violation.ts';

/** What one direction of the wire allows. Asked when a header is complete, before one byte of the body is kept. */
export type FrameRules = {
  /** The greatest length field (it counts itself) of a message of this type; 0 where the type may not come at all. */
  readonly longest: (type: number) => number;
  /** Whether a message of this type that does not fit into one read may be handed on in pieces. */
  readonly streamed: (type: number) => boolean;
};

/** Where the framer hands its finds. The bytes are not copied: they live until the call returns, or longer if kept. */
export interface FrameReader {
  /** One whole message: its type byte is at `start`, its body from `start + 5` to `end`. */
  message(type: number, bytes: Buffer, start: number, end: number): void;
  /** A piece of a streamed message. The first piece begins with the header; `length` is the whole message's size. */
  piece(
    type: number,
    bytes: Buffer,
    start: number,
    end: number,
    place: { first: boolean; last: boolean; length: number },
  ): void;
}

/** A message up to this size is gathered rather than streamed, so that an error can still be sent between two rows. */
const gatheredUpTo = 64 * 1024;

/**
 * Cuts a byte stream into messages of protocol 3. Strict: an unknown type or a length outside the rules throws before
 * the body is buffered (PgBouncer CVE-2026-107348: a length above 2^31 looped for ever). Whole messages are handed on
 * as places in the chunk they came in; only a message that spans chunks is copied, and memory grows with the bytes that
 * really came, never with the length that was claimed.
 */
export class Framer {
  readonly #rules: FrameRules;
  readonly #reader: FrameReader;
  #kept: Buffer = Buffer.alloc(0);
  #keptLength = 0;
  #needed = 0;
  #streaming = 0;
  #streamedType = 0;
  #streamedLength = 0;
  #stopped = false;

  constructor(rules: FrameRules, reader: FrameReader) {
    this.#rules = rules;
    this.#reader = reader;
  }

  /** Stops for good: the rest of the current chunk and all later ones are ignored. */
  stop(): void {
    this.#stopped = true;
  }

  /** Whether the last piece handed on was not the last of its message, so that nothing else may be sent in between. */
  get inPieces(): boolean {
    return this.#streaming > 0;
  }

  /** Takes what came from the socket. Throws `ProtocolViolation`; the framer is of no use afterwards. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#stopped) {
      if (this.#streaming > 0) at = this.#stream(chunk, at);
      else if (this.#keptLength > 0) at = this.#gather(chunk, at);
      else at = this.#direct(chunk, at);
    }
  }

  #direct(chunk: Buffer, at: number): number {
    const available = chunk.length - at;
    if (available < 5) {
      this.#keep(chunk, at, chunk.length);
      this.#needed = 5;
      return chunk.length;
    }
    const type = chunk[at] ?? 0;
    const total = this.#checkedLength(type, chunk.readUInt32BE(at + 1));
    if (available >= total) {
      this.#reader.message(type, chunk, at, at + total);
      return at + total;
    }
    if (total > gatheredUpTo && this.#rules.streamed(type)) return this.#beginStream(type, total, chunk, at);
    this.#needed = total;
    this.#keep(chunk, at, chunk.length);
    return chunk.length;
  }

  #gather(chunk: Buffer, at: number): number {
    const until = Math.min(chunk.length, at + this.#needed - this.#keptLength);
    this.#keep(chunk, at, until);
    if (this.#keptLength < this.#needed) return until;
    const type = this.#kept[0] ?? 0;
    if (this.#needed === 5) {
      const total = this.#checkedLength(type, this.#kept.readUInt32BE(1));
      if (total > 5) {
        if (total > gatheredUpTo && this.#rules.streamed(type)) {
          const header = this.#kept;
          this.#forget();
          this.#streamedType = type;
          this.#streamedLength = total;
          this.#streaming = total - 5;
          this.#reader.piece(type, header, 0, 5, { first: true, last: false, length: total });
          return until;
        }
        this.#needed = total;
        return until;
      }
    }
    const whole = this.#kept;
    const length = this.#keptLength;
    this.#forget();
    this.#reader.message(type, whole, 0, length);
    return until;
  }

  #beginStream(type: number, total: number, chunk: Buffer, at: number): number {
    this.#streamedType = type;
    this.#streamedLength = total;
    this.#streaming = total - (chunk.length - at);
    this.#reader.piece(type, chunk, at, chunk.length, { first: true, last: false, length: total });
    return chunk.length;
  }

  #stream(chunk: Buffer, at: number): number {
    const until = Math.min(chunk.length, at + this.#streaming);
    this.#streaming -= until - at;
    const place = { first: false, last: this.#streaming === 0, length: this.#streamedLength };
    this.#reader.piece(this.#streamedType, chunk, at, until, place);
    return until;
  }

  #checkedLength(type: number, length: number): number {
    const longest = this.#rules.longest(type);
    if (longest === 0)
      throw new ProtocolViolation(`A message of type 0x${type.toString(16).padStart(2, '0')} may not come here.`);
    if (length < 4) throw new ProtocolViolation(`A message gives its length as ${length}; the least is 4.`);
    if (length > longest) {
      throw new ProtocolViolation(
        `A message gives its length as ${length} bytes; the most for its type is ${longest}.`,
      );
    }
    return length + 1;
  }

  #keep(chunk: Buffer, from: number, until: number): void {
    const length = this.#keptLength + until - from;
    if (this.#kept.length < length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 64, Math.min(this.#needed, this.#kept.length * 2)));
      this.#kept.copy(larger, 0, 0, this.#keptLength);
      this.#kept = larger;
    }
    chunk.copy(this.#kept, this.#keptLength, from, until);
    this.#keptLength = length;
  }

  #forget(): void {
    this.#kept = Buffer.alloc(0);
    this.#keptLength = 0;
    this.#needed = 0;
  }
}
