import type { Socket } from 'node:net';
import { BackendFault, openBackendSocket } from './backend-socket.ts';
import { lexingChange, readError, readParameter } from './backend-message.ts';
import { Framer } from './framer.ts';
import type { BackendAddress } from './ports.ts';
import { ProtocolViolation } from './protocol-violation.ts';
import { ScramClient } from './scram-client.ts';
import { BodyReader, int32, message, messageType, startupCode, zeroEnded } from './wire.ts';

/** A logged-in connection to the source. The socket is paused; `rest` came after ReadyForQuery and is not lost. */
export type Backend = {
  readonly socket: Socket;
  /** The ParameterStatus messages as they came, in order, to be shown to the client. */
  readonly parameters: readonly Buffer[];
  readonly cancelKey: { readonly pid: number; readonly secret: Buffer };
  readonly rest: Buffer;
};

const longestBeforeReady = 64 * 1024;
const mostParameters = 128;
const deadlineMs = 10_000;

/** Minor releases that leak rows past row security to statistics (CVE-2025-8713) are refused: the least that is taken. */
const leastMinor: ReadonlyMap<number, number> = new Map([
  [15, 14],
  [16, 10],
  [17, 6],
]);

/**
 * Logs in to the source as the grant's role. The source is not trusted: everything it sends is bounded in size, number
 * and time, it must prove over SCRAM-SHA-256 that it knows the role (on a Unix socket the folder's owner is proof
 * enough, and `trust` is taken), and clear-text and MD5 passwords are never given.
 */
export async function connectBackend(options: {
  readonly address: BackendAddress;
  readonly applicationName: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly random: (length: number) => Uint8Array;
  readonly signal: AbortSignal;
}): Promise<Backend> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), deadlineMs);
  const over = AbortSignal.any([options.signal, deadline.signal]);
  let socket: Socket | null = null;
  try {
    socket = await openBackendSocket(options.address, over);
    return await new Login(socket, options.address, options.random).run({ ...options, signal: over });
  } catch (fault) {
    socket?.destroy();
    if (fault instanceof BackendFault) throw fault;
    if (fault instanceof ProtocolViolation) throw new BackendFault(fault.message, '08P01', { cause: fault });
    throw new BackendFault('The source cannot be reached.', '08001', { cause: fault });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks the source to cancel what this connection runs, over a connection of its own, under TLS like the first: the key
 * would let anybody who hears it cancel. Resolves when it is closed, at the latest after `deadline` milliseconds.
 */
export async function cancelBackend(
  address: BackendAddress,
  key: Backend['cancelKey'],
  deadline = 1000,
): Promise<void> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), deadline);
  try {
    const socket = await openBackendSocket(address, late.signal);
    late.signal.addEventListener('abort', () => socket.destroy());
    if (socket.destroyed) return;
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.write(Buffer.concat([int32(12 + key.secret.length), int32(startupCode.cancel), int32(key.pid), key.secret]));
    socket.resume();
    await closed;
  } catch (fault) {
    // A source that cannot be reached has nothing to cancel; the session's own socket is destroyed in any case.
    if (!(fault instanceof BackendFault)) throw fault;
  } finally {
    clearTimeout(timer);
  }
}

class Login {
  readonly #socket: Socket;
  readonly #scram: ScramClient;
  readonly #needsProof: boolean;
  readonly #address: BackendAddress;
  readonly #parameters: Buffer[] = [];
  #proven = false;
  #authenticated = false;
  #cancelKey: Backend['cancelKey'] | null = null;
  #stage: 'start' | 'continue' | 'final' | 'done' = 'start';

  constructor(socket: Socket, address: BackendAddress, random: (length: number) => Uint8Array) {
    this.#socket = socket;
    this.#address = address;
    this.#needsProof = !address.host.startsWith('/');
    this.#scram = new ScramClient(address.password, random(24));
  }

  run(options: {
    applicationName: string;
    settings: ReadonlyMap<string, string>;
    signal: AbortSignal;
  }): Promise<Backend> {
    return new Promise((resolve, reject) => {
      let work: Promise<void> = Promise.resolve();
      let rest: Buffer[] | null = null;
      const finish = (fault: Error | null): void => {
        options.signal.removeEventListener('abort', aborted);
        this.#socket.off('data', onData).off('error', failed).off('close', closed);
        if (fault !== null) reject(fault);
      };
      const failed = (cause: Error): void => finish(cause);
      const closed = (): void =>
        finish(new BackendFault('The source closed the connection during the login.', '08001'));
      const aborted = (): void =>
        finish(new BackendFault('The source did not answer the login in time, or the grant ended meanwhile.', '08001'));
      if (options.signal.aborted) return aborted();
      if (this.#socket.destroyed) return closed();
      options.signal.addEventListener('abort', aborted);

      const ready = (): void => {
        this.#socket.pause();
        finish(null);
        if (this.#cancelKey === null) return reject(new BackendFault('The source gave no cancel key.', '08P01'));
        resolve({
          socket: this.#socket,
          parameters: this.#parameters,
          cancelKey: this.#cancelKey,
          rest: Buffer.concat(rest ?? []),
        });
      };
      const framer = new Framer(
        { longest: () => longestBeforeReady, streamed: () => false },
        {
          message: (type, bytes, start, end) => {
            if (rest !== null) return void rest.push(Buffer.from(bytes.subarray(start, end)));
            if (type === messageType.readyForQuery) {
              const idle = bytes[start + 5] === 0x49;
              rest = [];
              work = work.then(() => {
                if (!this.#authenticated || !idle) throw new ProtocolViolation('The source is ready too early.');
              });
              return;
            }
            const copy = Buffer.from(bytes.subarray(start, end));
            work = work.then(() => this.#take(type, copy));
          },
          piece: () => {
            throw new ProtocolViolation('The source streams before it is ready.');
          },
        },
      );
      const onData = (chunk: Buffer): void => {
        try {
          framer.push(chunk);
          work.then(
            () => {
              if (rest !== null) ready();
            },
            (fault: Error) => finish(fault),
          );
        } catch (fault) {
          finish(fault as Error);
        }
      };
      this.#socket.on('data', onData).once('error', failed).once('close', closed);
      this.#socket.write(this.#startup(options));
    });
  }

  #startup(options: { applicationName: string; settings: ReadonlyMap<string, string> }): Buffer {
    const pairs = [
      ['user', this.#address.user],
      ['database', this.#address.database],
      ['client_encoding', 'UTF8'],
      ['application_name', options.applicationName],
      ...options.settings,
    ].flat();
    const body = Buffer.concat([
      int32(startupCode.protocol30),
      ...pairs.map((text) => zeroEnded(text ?? '')),
      Buffer.of(0),
    ]);
    return Buffer.concat([int32(body.length + 4), body]);
  }

  async #take(type: number, bytes: Buffer): Promise<void> {
    switch (type) {
      case messageType.authentication:
        return this.#authenticate(new BodyReader(bytes, 5, bytes.length));
      case messageType.parameterStatus:
        return this.#parameter(bytes);
      case messageType.backendKeyData: {
        if (!this.#authenticated || bytes.length < 13 || bytes.length > 5 + 4 + 256)
          throw new ProtocolViolation('The cancel key of the source is malformed.');
        this.#cancelKey = { pid: bytes.readInt32BE(5), secret: bytes.subarray(9) };
        return;
      }
      case messageType.noticeResponse:
        return;
      case messageType.errorResponse: {
        const error = readError(bytes, 0, bytes.length);
        throw new BackendFault(`The source refused the login: ${error.text}`, error.sqlstate);
      }
      default:
        throw new ProtocolViolation('The source sent a message that may not come during the login.');
    }
  }

  async #authenticate(reader: BodyReader): Promise<void> {
    if (this.#authenticated) throw new ProtocolViolation('The source authenticates twice.');
    const kind = reader.int32();
    if (kind === 0) {
      if (this.#needsProof && !this.#proven) {
        throw new BackendFault(
          'The source let the role in without a password; set scram-sha-256 in its pg_hba.conf.',
          '28000',
        );
      }
      if (this.#stage !== 'start' && !this.#proven)
        throw new ProtocolViolation('The source broke off the SCRAM exchange.');
      this.#authenticated = true;
      return;
    }
    const rest = reader.take(reader.left);
    if (kind === 10 && this.#stage === 'start') {
      if (!rest.toString('latin1').split('\0').includes('SCRAM-SHA-256'))
        throw new ProtocolViolation('The source offers no SCRAM-SHA-256.');
      this.#stage = 'continue';
      const first = Buffer.from(this.#scram.first());
      this.#socket.write(message(messageType.password, zeroEnded('SCRAM-SHA-256'), int32(first.length), first));
    } else if (kind === 11 && this.#stage === 'continue') {
      this.#stage = 'final';
      this.#socket.write(message(messageType.password, await this.#scram.final(rest.toString('latin1'))));
    } else if (kind === 12 && this.#stage === 'final') {
      this.#stage = 'done';
      this.#scram.verify(rest.toString('latin1'));
      this.#proven = true;
    } else {
      throw new BackendFault('The source asks for a login that is not SCRAM-SHA-256.', '28000');
    }
  }

  #parameter(bytes: Buffer): void {
    if (!this.#authenticated || this.#parameters.length >= mostParameters)
      throw new ProtocolViolation('The source reports too many parameters.');
    const { name, value } = readParameter(bytes, 0, bytes.length);
    const change = lexingChange(name, value);
    if (change !== null) throw new BackendFault(change, '55000');
    if (name === 'server_version') checkVersion(value);
    this.#parameters.push(bytes);
  }
}

function checkVersion(version: string): void {
  const match = /^(\d{1,3})\.(\d{1,3})/.exec(version);
  if (match === null) return; // a development version has no minor
  const major = Number(match[1]);
  const least = leastMinor.get(major) ?? 0;
  if (major < 15 || Number(match[2]) < least) {
    throw new BackendFault(
      `The source runs PostgreSQL ${match[0]}; at least ${Math.max(major, 15)}.${leastMinor.get(Math.max(major, 15)) ?? 0} is needed.`,
      '0A000',
    );
  }
}
