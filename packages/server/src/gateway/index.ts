import { type Server, type Socket, createServer } from 'node:net';
import { type SecureContext, createSecureContext } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { CancelRegistry } from './cancel.ts';
import { type GatewayCertificate, loadCertificate } from './certificate.ts';
import { type ConnectionShared, serveConnection } from './connection.ts';
import { type GatewayLimits, defaultLimits } from './limits.ts';
import { IncidentReport } from './incident-report.ts';
import type { AccessPort } from './ports.ts';
import type { Session } from './session.ts';
import { rememberingJudge } from './statement-cache.ts';
import { loadGrammar } from './statement-policy.ts';

export type {
  AccessMode,
  AccessPort,
  BackendAddress,
  Intent,
  IntentParameter,
  IntentReceipt,
  IntentRecording,
  OpenSession,
  ScramVerifier,
  SessionOpening,
  SessionRequest,
  StatementOutcome,
  WireClient,
  WireIncident,
  WireRefusal,
} from './ports.ts';
export type { GatewayLimits } from './limits.ts';

/** A running gateway. `caFile` is what clients give as `sslrootcert`. */
export type Gateway = {
  readonly host: string;
  readonly port: number;
  readonly caFile: string;
  /** Stops accepting, ends every session with a sentence, and resolves when their last outcomes are recorded. */
  close(): Promise<void>;
};

/** What a gateway is started with. `limits` and `askHint` have defaults; everything else is the caller's to give. */
export type GatewayOptions = {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly access: AccessPort;
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  readonly logger: Logger;
  readonly limits?: Partial<GatewayLimits>;
  /** The HINT for somebody without a grant: the command and the link that ask. */
  readonly askHint?: string;
};

const defaultHint =
  'Ask with: gatehouse request --tenant TENANT --source SOURCE --purpose PURPOSE --reason-code CODE --ticket TICKET --justification TEXT --for 2h; then: gatehouse connect ID';

/**
 * Starts the PostgreSQL wire gateway (DESIGN section 5). Resolves when it accepts connections. Port 0 picks a free one.
 * It decides nothing about grants: every permission is asked of `access`, and a rejection of `access` is a no.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  await loadGrammar();
  const limits = { ...defaultLimits, ...options.limits };
  const certificates = await CertificateHolder.load(options);
  const sessions = new Set<Session>();
  const shared: ConnectionShared = {
    access: options.access,
    clock: options.clock,
    random: options.random,
    logger: options.logger,
    limits,
    judge: rememberingJudge({ texts: 2_000, longest: 64 * 1024 }),
    incidents: new IncidentReport(options.access, options.clock, options.logger),
    cancels: new CancelRegistry(options.random, options.clock),
    sessions,
    fakeSecret: options.random(32),
    askHint: options.askHint ?? defaultHint,
    tls: () => certificates.current(),
  };
  const sockets = new Set<Socket>();
  const running = new Set<Promise<void>>();
  const unproven = new Set<Socket>();

  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    sockets.add(socket);
    unproven.add(socket);
    // Half-open sockets must not shut out a login: above the cap the oldest goes (a login takes milliseconds).
    const oldest = unproven.size > limits.unauthenticated ? unproven.values().next().value : undefined;
    if (oldest !== undefined) {
      unproven.delete(oldest);
      oldest.destroy();
    }
    const deadline = setTimeout(() => socket.destroy(), limits.handshakeMs);
    const settled = (): void => {
      clearTimeout(deadline);
      unproven.delete(socket);
    };
    socket.once('close', () => {
      settled();
      sockets.delete(socket);
    });
    const served = serveConnection(socket, shared, settled).finally(() => running.delete(served));
    running.add(served);
  });
  const port = await listen(server, options.host, options.port);

  return {
    host: options.host,
    port,
    caFile: certificates.caFile,
    close: async () => {
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.stop();
      for (const socket of unproven) socket.destroy();
      await Promise.all(running);
      await stopped;
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** Keeps the TLS context of the current certificate and renews it in the background when it comes near its end. */
class CertificateHolder {
  readonly #options: GatewayOptions;
  #certificate: GatewayCertificate;
  #context: SecureContext;
  #renewing = false;

  static async load(options: GatewayOptions): Promise<CertificateHolder> {
    return new CertificateHolder(options, await loadCertificate(options));
  }

  constructor(options: GatewayOptions, certificate: GatewayCertificate) {
    this.#options = options;
    this.#certificate = certificate;
    this.#context = contextOf(certificate);
  }

  get caFile(): string {
    return this.#certificate.authority;
  }

  current(): { context: SecureContext; endPoint: Uint8Array } {
    if (this.#options.clock.now() >= this.#certificate.renewAt && !this.#renewing) {
      this.#renewing = true;
      void this.#renew();
    }
    return { context: this.#context, endPoint: this.#certificate.endPoint };
  }

  async #renew(): Promise<void> {
    try {
      this.#certificate = await loadCertificate(this.#options);
      this.#context = contextOf(this.#certificate);
    } catch (fault) {
      this.#options.logger.error({ fault: String(fault) }, "The gateway's certificate could not be renewed.");
    } finally {
      this.#renewing = false;
    }
  }
}

/** TLS 1.3, or 1.2 with ephemeral keys and authenticated encryption (INTERFACE, "PostgreSQL"). */
function contextOf(certificate: GatewayCertificate): SecureContext {
  return createSecureContext({
    cert: certificate.certificate,
    key: certificate.key,
    minVersion: 'TLSv1.2',
    ciphers:
      'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:' +
      'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305',
    honorCipherOrder: true,
    secureOptions: noRenegotiation,
  });
}

/** SSL_OP_NO_RENEGOTIATION and SSL_OP_NO_TICKET: a connection is authenticated once and never resumed. */
const noRenegotiation = 0x40000000 | 0x4000;
