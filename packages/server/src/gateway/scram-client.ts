import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { ProtocolViolation } from './protocol-violation.ts';
import { sameBytes } from './scram.ts';

const derive = promisify(pbkdf2);

/** A backend that asks for more rounds than this wants to burn our processor (PgBouncer CVE-2026-6669). */
const mostIterations = 100_000;

/**
 * The client's side of SCRAM-SHA-256 towards the source (RFC 5802, RFC 7677). The backend is not trusted either: its
 * nonce must continue ours, salt, iterations and lengths are bounded, and it must prove that it knows the role too.
 */
export class ScramClient {
  readonly #password: string;
  readonly #nonce: string;
  #expectedServerFinal: Buffer = Buffer.alloc(0);

  constructor(password: string, nonce: Uint8Array) {
    this.#password = password;
    this.#nonce = Buffer.from(nonce).toString('base64');
  }

  /** The first message; the user name is empty because the startup packet has it (as libpq does). */
  first(): string {
    return `n,,n=,r=${this.#nonce}`;
  }

  /** Answers server-first with client-final. */
  async final(serverFirst: string): Promise<string> {
    const match = /^r=([!-+\--~]{1,512}),s=([A-Za-z0-9+/=]{1,256}),i=([0-9]{1,10})$/.exec(serverFirst);
    if (match === null) throw new ProtocolViolation('The source sent a SCRAM message that is not one.');
    const [, nonce = '', salt = '', iterationText = ''] = match;
    const iterations = Number(iterationText);
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new ProtocolViolation('The source did not continue the SCRAM nonce.');
    }
    if (iterations < 4096 || iterations > mostIterations) {
      throw new ProtocolViolation(
        `The source asks for ${iterations} SCRAM iterations; 4096 to ${mostIterations} are taken.`,
      );
    }
    const salted = await derive(this.#password, Buffer.from(salt, 'base64'), iterations, 32, 'sha256');
    const clientKey = createHmac('sha256', salted).update('Client Key').digest();
    const storedKey = createHash('sha256').update(clientKey).digest();
    const withoutProof = `c=biws,r=${nonce}`;
    const authMessage = `n=,r=${this.#nonce},${serverFirst},${withoutProof}`;
    const signature = createHmac('sha256', storedKey).update(authMessage).digest();
    const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
    const serverKey = createHmac('sha256', salted).update('Server Key').digest();
    this.#expectedServerFinal = createHmac('sha256', serverKey).update(authMessage).digest();
    return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`;
  }

  /** Checks that the backend knew the password's verifier. */
  verify(serverFinal: string): void {
    const match = /^v=([A-Za-z0-9+/=]{44})$/.exec(serverFinal);
    if (match === null || !sameBytes(Buffer.from(match[1] ?? '', 'base64'), this.#expectedServerFinal)) {
      throw new ProtocolViolation('The source did not prove that it knows the role.');
    }
  }
}
