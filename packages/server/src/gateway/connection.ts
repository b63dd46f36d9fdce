import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { authenticate } from './authentication.ts';
import { type Backend, connectBackend } from './backend.ts';
import { BackendFault } from './backend-socket.ts';
import type { CancelRegistry } from './cancel.ts';
import { HandshakeOver, HandshakeReader } from './handshake-reader.ts';
import type { IncidentReport } from './incident-report.ts';
import type { GatewayLimits } from './limits.ts';
import type { AccessPort, OpenSession, WireIncident, WireRefusal } from './ports.ts';
import { ProtocolViolation } from './protocol-violation.ts';
import { Session } from './session.ts';
import { type Startup, longestStartupPacket, parseStartup } from './startup-packet.ts';
import type { StatementJudge } from './statement-cache.ts';
import { errorResponse, int32, message, messageType, refusal, startupCode } from './wire.ts';

/** What every connection shares. */
export type ConnectionShared = {
  readonly access: AccessPort;
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  readonly logger: Logger;
  readonly limits: GatewayLimits;
  readonly judge: StatementJudge;
  readonly incidents: IncidentReport;
  readonly cancels: CancelRegistry;
  readonly sessions: Set<Session>;
  readonly fakeSecret: Uint8Array;
  readonly askHint: string;
  readonly tls: () => { readonly context: SecureContext; readonly endPoint: Uint8Array };
};

/**
 * Serves one accepted socket from its first byte to its last: TLS, startup packet, login, session. Resolves when the
 * connection is over and never rejects. `proven` is called once, when the token was proven; until then the caller may
 * destroy the socket (deadline, too many unproven ones).
 */
export async function serveConnection(socket: Socket, shared: ConnectionShared, proven: () => void): Promise<void> {
  const client = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
  let grantId: string | null = null;
  let isProven = false;
  let secure: TLSSocket | null = null;
  const report = (kind: WireIncident['kind'], reason: string, session: OpenSession | null = null): void => {
    shared.incidents.report({ kind, client, grantId, tenant: session?.tenant ?? null, reason }, isProven);
  };
  const refuse = (because: WireRefusal): void => {
    (secure ?? socket).end(errorResponse(because, 'FATAL'));
  };
  socket.on('error', () => socket.destroy());
  try {
    const channel = shared.tls();
    secure = await secureChannel(socket, shared, channel.context, report);
    if (secure === null) return;
    const reader = new HandshakeReader(secure, longestStartupPacket);
    const packet = await readPacket(reader);
    const code = packet.readInt32BE(0);
    if (code === startupCode.cancel) return answerCancel(packet, client.address, shared, report, secure);
    if (code === startupCode.ssl || code === startupCode.gssenc) {
      throw new ProtocolViolation('An encryption request came on a connection that is encrypted.');
    }
    const startup = parseStartup(packet);
    const tls = secure;
    const send = (bytes: Buffer): void => void tls.write(bytes);
    if (startup.negotiation !== null) send(startup.negotiation);
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{21}$/.test(startup.user)) {
      report('startup_refused', 'The user is not the id of a grant.');
      return refuse(noGrant(shared.askHint));
    }
    grantId = startup.user;
    const authentication = await authenticate({
      reader,
      send,
      verifier: await shared.access.credentialFor(startup.user, startup.database),
      user: startup.user,
      fakeSecret: shared.fakeSecret,
      channelBinding: channel.endPoint,
      nonce: shared.random(18),
    });
    if (authentication === null) {
      report('authentication_failed', 'The token was not proven.');
      return refuse(notProven(shared.askHint));
    }
    isProven = true;
    proven();
    await openAndRun({ startup, tls, reader, shared, report, refuse, client, ...authentication });
  } catch (fault) {
    if (fault instanceof ProtocolViolation) {
      report('protocol_violation', fault.message);
      refuse(refusal(fault.sqlstate, fault.message));
    } else if (!(fault instanceof HandshakeOver)) {
      shared.logger.error({ fault: String(fault) }, 'A connection was refused because of a fault.');
      refuse(refusal('57P03', 'The gateway cannot decide about this connection now, so it is refused.'));
    }
  } finally {
    const last = secure ?? socket;
    const timer = setTimeout(() => socket.destroy(), shared.limits.lingerMs);
    if (last.destroyed) clearTimeout(timer);
    else last.once('close', () => clearTimeout(timer));
    last.resume();
  }
}

type Report = (kind: WireIncident['kind'], reason: string, session?: OpenSession | null) => void;

/** Brings the connection under TLS, or says why not and returns null. Nothing read before TLS is used after it. */
async function secureChannel(
  socket: Socket,
  shared: ConnectionShared,
  context: SecureContext,
  report: Report,
): Promise<TLSSocket | null> {
  const reader = new HandshakeReader(socket, longestStartupPacket);
  let direct = (await reader.peek(1))[0] === tlsHandshake;
  for (let requests = 0; !direct; requests += 1) {
    const packet = await readPacket(reader);
    const code = packet.readInt32BE(0);
    if (code === startupCode.cancel) {
      // libpq before 17 cancels without TLS. The key can only cancel, and only what its owner runs at that moment.
      answerCancel(packet, socket.remoteAddress ?? '', shared, report, socket);
      return null;
    }
    if (code !== startupCode.ssl && code !== startupCode.gssenc) {
      report('plaintext_refused', 'A startup packet came without TLS.');
      socket.end(errorResponse(plaintext, 'FATAL'));
      return null;
    }
    if (packet.length !== 4) throw new ProtocolViolation('An encryption request has the wrong length.');
    if (reader.held > 0) {
      // CVE-2021-3935, CVE-2021-23214: bytes sent before TLS must never be read as if they came through it.
      report('protocol_violation', 'Bytes came behind an encryption request.');
      socket.destroy();
      return null;
    }
    if (code === startupCode.ssl) {
      reader.release();
      socket.write('S');
      return handshake(socket, context, false);
    }
    if (requests > 0) throw new ProtocolViolation('GSS encryption was asked for twice.');
    socket.write('N');
    direct = (await reader.peek(1))[0] === tlsHandshake;
  }
  socket.unshift(reader.release());
  return handshake(socket, context, true);
}

const tlsHandshake = 0x16;

function handshake(socket: Socket, context: SecureContext, direct: boolean): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = new TLSSocket(socket, { isServer: true, secureContext: context, ALPNProtocols: ['postgresql'] });
    const over = (): void => reject(new HandshakeOver('TLS was not established.'));
    secure.on('error', () => secure.destroy());
    socket.once('close', over);
    secure.once('close', over);
    secure.once('secure', () => {
      if (direct && secure.alpnProtocol !== 'postgresql') {
        secure.destroy();
        return over();
      }
      resolve(secure);
    });
  });
}

async function readPacket(reader: HandshakeReader): Promise<Buffer> {
  const length = (await reader.take(4)).readUInt32BE(0);
  if (length < 8 || length > longestStartupPacket) {
    throw new ProtocolViolation(
      `A startup packet gives its length as ${length}; 8 to ${longestStartupPacket} are taken.`,
    );
  }
  return reader.take(length - 4);
}

function answerCancel(packet: Buffer, address: string, shared: ConnectionShared, report: Report, socket: Socket): void {
  const well = packet.length >= 12 && packet.length <= 8 + 256;
  if (!well || !shared.cancels.request(address, packet.readInt32BE(4), packet.subarray(8))) {
    report('cancel_refused', 'A cancel request named no running session.');
  }
  socket.destroy();
}

async function openAndRun(options: {
  readonly startup: Startup;
  readonly tls: TLSSocket;
  readonly reader: HandshakeReader;
  readonly shared: ConnectionShared;
  readonly report: Report;
  readonly refuse: (because: WireRefusal) => void;
  readonly client: { readonly address: string; readonly port: number };
  readonly credentialId: string;
  readonly channelBound: boolean;
}): Promise<void> {
  const { startup, tls, shared, refuse } = options;
  if (shared.sessions.size >= shared.limits.sessions)
    return refuse(refusal('53300', 'The gateway has no session left; try again later.'));
  const opening = await shared.access.openSession({
    grantId: startup.user,
    source: startup.database,
    credentialId: options.credentialId,
    client: {
      ...options.client,
      applicationName: startup.applicationName,
      tlsVersion: tls.getProtocol() ?? '',
      channelBound: options.channelBound,
    },
  });
  if (!opening.permit) {
    options.report('startup_refused', opening.refusal.message);
    return refuse(opening.refusal);
  }
  const { session } = opening;
  const backend = await reach(options, session);
  if (backend === null) return;
  const running = new Session({
    client: tls,
    backend,
    session,
    access: shared.access,
    judge: shared.judge,
    clock: shared.clock,
    limits: shared.limits,
    logger: shared.logger,
    nonce: shared.random(16),
    report: (kind, reason) => options.report(kind, reason, session),
  });
  const key = shared.cancels.mint(running, startup.minorVersion === 2 ? 32 : 4);
  shared.sessions.add(running);
  try {
    tls.write(
      Buffer.concat([
        ...backend.parameters,
        message(messageType.backendKeyData, int32(key.pid), key.secret),
        message(messageType.readyForQuery, 'I'),
      ]),
    );
    await running.run(options.reader.release());
  } finally {
    shared.cancels.forget(key);
    shared.sessions.delete(running);
  }
}

/** Connects to the source, or tells client and operator why not and closes the session that access has opened. */
async function reach(options: Parameters<typeof openAndRun>[0], session: OpenSession): Promise<Backend | null> {
  const { startup, shared } = options;
  try {
    return await connectBackend({
      address: session.backend,
      applicationName: startup.applicationName,
      settings: startup.settings,
      random: shared.random,
      signal: session.signal,
    });
  } catch (fault) {
    if (!(fault instanceof BackendFault)) throw fault;
    shared.logger.error(
      { session: session.id, source: session.source, fault: fault.message },
      'The source could not be reached.',
    );
    options.refuse(fault.sqlstate === tooManyConnections ? sessionsFull : unreachable);
    await shared.access.closeSession(session);
    return null;
  }
}

/** PostgreSQL's answer to one connection more than a role or the server takes. */
const tooManyConnections = '53300';

const sessionsFull = refusal(tooManyConnections, 'The source takes no further connection under this grant now.', {
  detail: 'The role of a grant has a limit of connections, and so has the source. Nothing was read.',
  hint: 'Close another session of the grant, then connect again.',
});

const unreachable = refusal('08001', 'The source cannot be reached by the gateway now; nothing was read.', {
  hint: 'Ask the operator to run "gatehouse source doctor".',
});

const plaintext = refusal('28000', 'This gateway speaks TLS only, and the client asked for none.', {
  detail: 'Nothing was read of what the client sent.',
  hint: 'Connect with sslmode=verify-full and sslrootcert=gateway-ca.pem.',
});

function noGrant(askHint: string): WireRefusal {
  return refusal('28000', 'Nobody has access by default: the user of a connection must be the id of a grant.', {
    detail: 'A grant is one person, one tenant, one purpose, until one time.',
    hint: askHint,
  });
}

function notProven(askHint: string): WireRefusal {
  return refusal('28P01', 'The grant and the token of this connection do not fit together.', {
    detail: 'The grant may be unknown, or its token wrong, used or out of date; which one is not told here.',
    hint: askHint,
  });
}
