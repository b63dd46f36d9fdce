import { once } from 'node:events';
import type { ClientBase, Connection, Submittable } from 'pg';

/** Frames are filled to about this size: large enough that the framing costs nothing, small enough to hold no memory. */
const frameBytes = 64 * 1024;

/**
 * Sends `lines` to the server as one `copy … from stdin`, at the server's pace. Resolves when PostgreSQL has taken them
 * all; rejects with its error, or with the error that `lines` throws (then nothing is stored).
 */
export async function copyIn(client: ClientBase, statement: string, lines: Iterable<string>): Promise<void> {
  const copy = new CopyIn(statement, lines);
  client.query(copy);
  await copy.done;
}

/** What node-postgres calls while the statement runs (its `Submittable`; the method names are its own). */
class CopyIn implements Submittable {
  readonly done: Promise<void>;
  readonly #statement: string;
  readonly #lines: Iterable<string>;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #failed = false;

  constructor(statement: string, lines: Iterable<string>) {
    this.#statement = statement;
    this.#lines = lines;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: Connection): void {
    connection.query(this.#statement);
  }

  handleCopyInResponse(connection: Connection): void {
    this.#send(connection).catch((error: unknown) => {
      this.#settle(error instanceof Error ? error : new Error(String(error)));
      connection.stream.write(message('f', Buffer.from('the sender failed\0')));
    });
  }

  handleCommandComplete(): void {
    // Settled by ReadyForQuery, when the connection is free again.
  }

  handleError(error: Error): void {
    this.#settle(error);
  }

  handleReadyForQuery(): void {
    if (!this.#failed) this.#resolve();
  }

  async #send({ stream }: Connection): Promise<void> {
    let frame = '';
    for (const line of this.#lines) {
      if (this.#failed) return;
      frame += line;
      if (frame.length < frameBytes) continue;
      if (!stream.write(message('d', Buffer.from(frame)))) await once(stream, 'drain');
      frame = '';
    }
    stream.write(message('d', Buffer.from(frame)));
    stream.write(message('c', Buffer.alloc(0)));
  }

  #settle(error: Error): void {
    this.#failed = true;
    this.#reject(error);
  }
}

/** A message of the frontend: type, length that counts itself, body (PostgreSQL, Message Formats). */
function message(type: 'd' | 'c' | 'f', body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
