import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { ScramVerifier } from './ports.ts';
import { ProtocolViolation } from './protocol-violation.ts';

/** The mechanisms that the gateway offers, the channel-bound one first (RFC 7677, RFC 5929 tls-server-end-point). */
export const scramMechanisms = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] as const;

/** A name from `scramMechanisms`. */
export type ScramMechanism = (typeof scramMechanisms)[number];

/** How an exchange ended. A failure never says what was wrong: a wrong token and an unknown grant look the same. */
export type ScramEnd = { readonly proven: true; readonly serverFinal: string } | { readonly proven: false };

const longestMessage = 1024;

/**
 * The server's side of one SCRAM-SHA-256 exchange (RFC 5802 section 5, RFC 7677). Made for one attempt and not
 * reusable. `channelBinding` is the hash of the certificate that this connection showed. Malformed messages throw.
 */
export class ScramServer {
  readonly #verifier: ScramVerifier;
  readonly #genuine: boolean;
  readonly #mechanism: ScramMechanism;
  readonly #channelBinding: Uint8Array;
  readonly #serverNonce: string;
  #gs2Header = '';
  #clientFirstBare = '';
  #serverFirst = '';
  #nonce = '';

  constructor(exchange: {
    readonly mechanism: ScramMechanism;
    readonly verifier: ScramVerifier;
    readonly genuine: boolean;
    readonly channelBinding: Uint8Array;
    readonly nonce: Uint8Array;
  }) {
    this.#mechanism = exchange.mechanism;
    this.#verifier = exchange.verifier;
    this.#genuine = exchange.genuine;
    this.#channelBinding = exchange.channelBinding;
    this.#serverNonce = Buffer.from(exchange.nonce).toString('base64');
  }

  /** Answers client-first with server-first. */
  first(clientFirst: string): string {
    if (clientFirst.length > longestMessage) throw new ProtocolViolation('The first SCRAM message is too long.');
    const match = /^(n|y|p=([a-z-]+)),(a=[^,]*)?,((?:m=[^,]*,)?n=[^,]*,r=([!-+\--~]{1,256})(?:,.*)?)$/s.exec(
      clientFirst,
    );
    if (match === null) throw new ProtocolViolation('The first SCRAM message is not one (RFC 5802 section 7).');
    const [, flag, binding, identity, bare, nonce] = match;
    if (bare?.startsWith('m=')) throw new ProtocolViolation('The SCRAM extension that is asked for is not known.');
    if (identity !== undefined) throw new ProtocolViolation('A SCRAM authorization identity is not offered.');
    this.#checkBindingFlag(flag ?? '', binding);
    this.#gs2Header = `${flag},,`;
    this.#clientFirstBare = bare ?? '';
    this.#nonce = `${nonce}${this.#serverNonce}`;
    const salt = Buffer.from(this.#verifier.salt).toString('base64');
    this.#serverFirst = `r=${this.#nonce},s=${salt},i=${this.#verifier.iterations}`;
    return this.#serverFirst;
  }

  /** Checks client-final. The work is the same for a genuine and for a made-up verifier. */
  final(clientFinal: string): ScramEnd {
    if (clientFinal.length > longestMessage) throw new ProtocolViolation('The last SCRAM message is too long.');
    const match = /^(c=([A-Za-z0-9+/=]+),r=([!-+\--~]+)),p=([A-Za-z0-9+/=]+)$/.exec(clientFinal);
    if (match === null) throw new ProtocolViolation('The last SCRAM message is not one (RFC 5802 section 7).');
    const [, withoutProof = '', binding = '', nonce = '', proof64 = ''] = match;
    const bound = sameBytes(Buffer.from(binding, 'base64'), this.#expectedBinding());
    const fresh = sameBytes(Buffer.from(nonce), Buffer.from(this.#nonce));
    const authMessage = `${this.#clientFirstBare},${this.#serverFirst},${withoutProof}`;
    const proof = Buffer.from(proof64, 'base64');
    const proven = this.#proves(authMessage, proof);
    if (!(bound && fresh && proven && this.#genuine)) return { proven: false };
    const signature = createHmac('sha256', this.#verifier.serverKey).update(authMessage).digest('base64');
    return { proven: true, serverFinal: `v=${signature}` };
  }

  #proves(authMessage: string, proof: Buffer): boolean {
    const signature = createHmac('sha256', this.#verifier.storedKey).update(authMessage).digest();
    const clientKey = Buffer.alloc(32);
    for (let i = 0; i < 32; i += 1) clientKey[i] = (signature[i] ?? 0) ^ (proof[i] ?? 0);
    const storedKey = createHash('sha256').update(clientKey).digest();
    return proof.length === 32 && sameBytes(storedKey, Buffer.from(this.#verifier.storedKey));
  }

  #checkBindingFlag(flag: string, binding: string | undefined): void {
    if (this.#mechanism === 'SCRAM-SHA-256-PLUS') {
      if (binding !== 'tls-server-end-point') {
        throw new ProtocolViolation('SCRAM-SHA-256-PLUS needs the channel binding tls-server-end-point.');
      }
      return;
    }
    if (binding !== undefined) throw new ProtocolViolation('A channel binding came with a mechanism that has none.');
    // "y" says: the client could bind, and believes that we cannot. We offered it, so somebody in between took it out.
    if (flag === 'y')
      throw new ProtocolViolation('The offer of channel binding was lost on its way: a downgrade.', '28000');
  }

  #expectedBinding(): Buffer {
    const header = Buffer.from(this.#gs2Header);
    return this.#mechanism === 'SCRAM-SHA-256-PLUS' ? Buffer.concat([header, this.#channelBinding]) : header;
  }
}

/**
 * A verifier for a grant that does not exist. The same secret and user always give the same salt, so that asking twice
 * tells nothing; no token fits it (PostgreSQL's "mock" authentication does the same).
 */
export function fakeVerifier(secret: Uint8Array, user: string): ScramVerifier {
  const derive = (use: string) => createHmac('sha256', secret).update(`${use}\0${user}`).digest();
  return {
    credentialId: '',
    salt: derive('salt').subarray(0, 16),
    iterations: 4096,
    storedKey: derive('stored key'),
    serverKey: derive('server key'),
  };
}

/** Compares in a time that does not depend on the content; different lengths are different. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
