import type { Duplex } from 'node:stream';
import { ProtocolViolation } from './protocol-violation.ts';

/** The client went away, or its time was up, before it had proven anything. */
export class HandshakeOver extends Error {
  override readonly name = 'HandshakeOver';
}

/**
 * Reads a socket by exact lengths while nothing is proven yet. It holds at most `most` bytes and reads no further until
 * they are taken. `release` gives back what was not taken, so that the next owner of the socket misses nothing.
 */
export class HandshakeReader {
  readonly #socket: Duplex;
  readonly #most: number;
  #held: Buffer = Buffer.alloc(0);
  #over = false;
  #wake: (() => void) | null = null;
  readonly #onData = (chunk: Buffer): void => {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    if (this.#held.length > this.#most) this.#socket.pause();
    this.#wake?.();
  };
  readonly #onClose = (): void => {
    this.#over = true;
    this.#wake?.();
  };

  constructor(socket: Duplex, most: number) {
    this.#socket = socket;
    this.#most = most;
    socket.on('data', this.#onData).on('close', this.#onClose).on('end', this.#onClose).on('error', this.#onClose);
  }

  /** How many bytes have come that nobody took. */
  get held(): number {
    return this.#held.length;
  }

  /** Waits for the next `length` bytes and leaves them where they are. */
  async peek(length: number): Promise<Buffer> {
    if (length > this.#most) throw new ProtocolViolation('A packet before the login is too long.');
    while (this.#held.length < length) {
      if (this.#over || this.#socket.destroyed)
        throw new HandshakeOver('The client closed the connection before its login.');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    return this.#held.subarray(0, length);
  }

  /** Waits for the next `length` bytes and takes them. */
  async take(length: number): Promise<Buffer> {
    const bytes = await this.peek(length);
    this.#held = this.#held.subarray(length);
    if (this.#held.length <= this.#most) this.#socket.resume();
    return bytes;
  }

  /** Lets the socket go, paused, and returns what was not taken. */
  release(): Buffer {
    this.#socket.pause();
    this.#socket
      .off('data', this.#onData)
      .off('close', this.#onClose)
      .off('end', this.#onClose)
      .off('error', this.#onClose);
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest;
  }
}
