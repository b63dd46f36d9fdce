import { type Socket, connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { staysOnThisMachine, upstreamTlsOptions } from '../upstream-tls.ts';
import type { BackendAddress } from './ports.ts';
import { int32, startupCode } from './wire.ts';

/** Why no connection to the source came about, in one sentence for the operator's log; never for the client. */
export class BackendFault extends Error {
  override readonly name = 'BackendFault';
  readonly sqlstate: string;

  constructor(sentence: string, sqlstate: string, options?: ErrorOptions) {
    super(sentence, options);
    this.sqlstate = sqlstate;
  }
}

/**
 * Opens a connection to the source on which nothing was said yet: over a Unix socket or the loopback address in plain
 * text, anywhere else under TLS with the server's certificate verified (promise S13, INV-124). A source that wants no TLS,
 * shows another certificate, or sends anything beside its one-byte answer before TLS is left (CVE-2021-23222: such bytes
 * would be read as if they came through TLS). Rejects with `BackendFault`; `over` ends the attempt at any time.
 */
export async function openBackendSocket(address: BackendAddress, over: AbortSignal): Promise<Socket> {
  if (over.aborted) throw tooLate();
  if (!address.tls && !staysOnThisMachine(address.host)) {
    throw new BackendFault(
      'The source is on another machine and has no TLS setting; nothing goes there in plain text.',
      '08001',
    );
  }
  const socket = address.host.startsWith('/')
    ? connectTcp({ path: `${address.host}/.s.PGSQL.${address.port}` })
    : connectTcp({ host: address.host, port: address.port, noDelay: true, keepAlive: true });
  // Kept for the life of the socket: an error between two owners must not end the program.
  socket.on('error', () => socket.destroy());
  const destroy = (): void => void socket.destroy();
  over.addEventListener('abort', destroy);
  try {
    await once(socket, 'connect', over);
    if (!address.tls) return socket;
    await agreeOnTls(socket, over);
    const secure = connectTls({ ...upstreamTlsOptions(address.tls, address.host), socket });
    secure.on('error', () => secure.destroy());
    await once(secure, 'secureConnect', over);
    return secure;
  } catch (fault) {
    socket.destroy();
    throw fault;
  } finally {
    over.removeEventListener('abort', destroy);
  }
}

/** Sends the SSLRequest. The answer is one byte, and nothing may stand behind it. */
async function agreeOnTls(socket: Socket, over: AbortSignal): Promise<void> {
  socket.write(Buffer.concat([int32(8), int32(startupCode.ssl)]));
  const answer = await once(socket, 'data', over);
  if (!Buffer.isBuffer(answer) || answer[0] !== yes) {
    throw new BackendFault(
      'The source offers no TLS: set ssl = on at its server; nothing is sent to it in plain text.',
      '08001',
    );
  }
  if (answer.length > 1) {
    throw new BackendFault(
      'The source sent bytes behind its answer to the request for TLS; they were not read.',
      '08P01',
    );
  }
}

const yes = 0x53;

/** The next event of that name, or a fault where the socket closes before it. The event's owner goes on in the same turn. */
function once(socket: Socket, event: 'connect' | 'secureConnect' | 'data', over: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let cause: Error | undefined;
    const failed = (fault: Error): void => {
      cause = fault;
    };
    const closed = (): void => settle(() => reject(over.aborted ? tooLate() : closedBefore(event, cause)));
    const came = (value: unknown): void => {
      // Whatever comes from here on waits for the next owner.
      if (event === 'data') socket.pause();
      settle(() => resolve(value));
    };
    const settle = (end: () => void): void => {
      socket.off(event, came).off('close', closed).off('error', failed);
      end();
    };
    socket.on(event, came).on('close', closed).on('error', failed);
  });
}

function closedBefore(event: 'connect' | 'secureConnect' | 'data', cause: Error | undefined): BackendFault {
  if (event !== 'secureConnect') return new BackendFault('The source cannot be reached.', '08001', { cause });
  const code = cause !== undefined && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new BackendFault(
    `The source has not proven over TLS that it is the one that was registered${code}: check its certificate and the sslrootcert of the source.`,
    '08001',
    { cause },
  );
}

function tooLate(): BackendFault {
  return new BackendFault('The source was not reached before the deadline, or the grant ended meanwhile.', '08001');
}
