import type { Duplex } from 'node:stream';

/** Gathers what goes to one socket, so that one turn of the loop costs one write. Adjoining slices become one slice. */
export class Outlet {
  readonly #socket: Duplex;
  #parts: Buffer[] = [];
  #bytes: Buffer | null = null;
  #start = 0;
  #end = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Sends on a part of what came in, without a copy. */
  pass(bytes: Buffer, start: number, end: number): void {
    if (bytes === this.#bytes && start === this.#end) {
      this.#end = end;
      return;
    }
    this.#close();
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** Sends bytes of our own, after everything passed before. */
  add(bytes: Buffer): void {
    this.pass(bytes, 0, bytes.length);
  }

  /** Hands all of it to the socket. False: the socket asks to wait for its `drain`. */
  send(): boolean {
    this.#close();
    const parts = this.#parts;
    if (parts.length === 0) return true;
    this.#parts = [];
    if (parts.length > 1) this.#socket.cork();
    let more = true;
    for (const part of parts) more = this.#socket.write(part);
    if (parts.length > 1) this.#socket.uncork();
    return more;
  }

  #close(): void {
    if (this.#bytes !== null) this.#parts.push(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = null;
  }
}
