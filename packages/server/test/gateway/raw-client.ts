import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { type TLSSocket, connect as connectTls } from 'node:tls';
import type { Gateway } from '../../src/gateway/index.ts';

/** One message of the server, as the tests look at it. */
export type ServerMessage = { readonly type: string; readonly body: Buffer };

/** A packet before the login: its length, then its body. */
export function packet(...parts: readonly (Buffer | number | string)[]): Buffer {
  const body = Buffer.concat(parts.map(part));
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}

/** A typed message. */
export function typed(type: string, ...parts: readonly (Buffer | number | string)[]): Buffer {
  return Buffer.concat([Buffer.from(type), packet(...parts)]);
}

/** A startup packet with the given keys and values. */
export function startup(parameters: readonly (readonly [string, string])[], version = 196608): Buffer {
  return packet(version, ...parameters.flat(), Buffer.of(0));
}

/** The SSLRequest. */
export const sslRequest = packet(80877103);

function part(value: Buffer | number | string): Buffer {
  if (typeof value === 'string') return Buffer.from(`${value}\0`);
  if (typeof value !== 'number') return value;
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** Everything a socket says until it is closed, or until `enough`. */
export class Wire {
  readonly socket: Socket | TLSSocket;
  bytes: Buffer = Buffer.alloc(0);
  closed = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket | TLSSocket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      this.#wake();
    });
    socket.on('error', () => socket.destroy()); // a refused client sees a closed or a reset socket
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  send(bytes: Buffer): this {
    if (!this.closed) this.socket.write(bytes);
    return this;
  }

  async until(enough: () => boolean, deadlineMs = 15_000): Promise<void> {
    const timer = setTimeout(() => this.socket.destroy(new Error('the test waited too long')), deadlineMs);
    while (!enough() && !this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    clearTimeout(timer);
  }

  async end(): Promise<void> {
    await this.until(() => this.closed);
  }

  messages(): ServerMessage[] {
    const found: ServerMessage[] = [];
    for (let at = 0; at + 5 <= this.bytes.length; ) {
      const end = at + 1 + this.bytes.readInt32BE(at + 1);
      if (end > this.bytes.length) break;
      found.push({ type: String.fromCharCode(this.bytes[at] ?? 0), body: this.bytes.subarray(at + 5, end) });
      at = end;
    }
    return found;
  }

  types(): string {
    return this.messages()
      .map((message) => message.type)
      .join('');
  }

  /** The fields of the last ErrorResponse. */
  error(): Record<string, string> {
    const last = this.messages().findLast((message) => message.type === 'E');
    if (last === undefined) return {};
    return Object.fromEntries(
      last.body
        .toString('utf8')
        .split('\0')
        .filter((field) => field !== '')
        .map((field) => [field[0] ?? '', field.slice(1)]),
    );
  }
}

/** A plain TCP connection to the gateway. */
export function plain(gateway: Gateway): Wire {
  return new Wire(connect({ host: '127.0.0.1', port: gateway.port }));
}

/** A connection under TLS, by direct TLS with ALPN. */
export async function secure(
  gateway: Gateway,
  alpn: string[] = ['postgresql'],
  maxVersion: 'TLSv1.3' | 'TLSv1.2' = 'TLSv1.3',
): Promise<Wire> {
  const socket = connectTls({
    host: '127.0.0.1',
    port: gateway.port,
    servername: 'localhost',
    ca: readFileSync(gateway.caFile, 'utf8'),
    ALPNProtocols: alpn,
    maxVersion,
  });
  const wire = new Wire(socket);
  await new Promise<void>((resolve) => {
    socket.once('secureConnect', resolve);
    socket.once('close', () => resolve());
  });
  return wire;
}

/** Logs in over SCRAM and waits for ReadyForQuery or the refusal. */
export async function login(
  gateway: Gateway,
  options: { user: string; database: string; token: string; version?: number; plus?: boolean },
): Promise<Wire> {
  const wire = await secure(gateway);
  wire.send(
    startup(
      [
        ['user', options.user],
        ['database', options.database],
      ],
      options.version,
    ),
  );
  await proveToken(wire, options.token, options.plus ?? false);
  await wire.until(() => wire.types().includes('Z'));
  return wire;
}

/** Plays the client's side of SCRAM on a connection that has sent its startup packet. */
export async function proveToken(wire: Wire, token: string, plus = false, bound?: Buffer): Promise<void> {
  const seen = (count: number) => () => wire.messages().filter((message) => message.type === 'R').length >= count;
  const nonce = randomBytes(18).toString('base64');
  await wire.until(seen(1));
  const header = plus ? 'p=tls-server-end-point,,' : 'n,,';
  const first = Buffer.from(`${header}n=,r=${nonce}`);
  wire.send(typed('p', plus ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256', first.length, first));
  await wire.until(seen(2));
  const answer = wire.messages().filter((message) => message.type === 'R')[1];
  if (answer === undefined) return;
  const serverFirst = answer.body.subarray(4).toString();
  const [, fullNonce = '', salt = '', iterations = '0'] = /^r=(.*),s=(.*),i=(.*)$/.exec(serverFirst) ?? [];
  const salted = pbkdf2Sync(token, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest();
  const binding = bound ?? (plus ? endPoint(wire) : Buffer.alloc(0));
  const withoutProof = `c=${Buffer.concat([Buffer.from(header), binding]).toString('base64')},r=${fullNonce}`;
  const signature = createHmac('sha256', storedKey).update(`n=,r=${nonce},${serverFirst},${withoutProof}`).digest();
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  wire.send(typed('p', Buffer.from(`${withoutProof},p=${proof.toString('base64')}`)));
}

function endPoint(wire: Wire): Buffer {
  const certificate = (wire.socket as TLSSocket).getPeerCertificate();
  return createHash('sha256').update(certificate.raw).digest();
}
