import type { Clock } from '../clock.ts';
import { sameBytes } from './scram.ts';

/** A session as the cancel registry sees it. */
export interface Cancellable {
  /** Cancels what the session runs at this moment; does nothing if it runs nothing. */
  cancelRunning(): void;
}

/** The cancel key that a client was given: our own, never the backend's. */
export type CancelKey = { readonly pid: number; readonly secret: Buffer };

const attemptsPerSecond = 20;
const rememberedAddresses = 10_000;

/**
 * Mints cancel keys and finds the session that a CancelRequest means. Pids are positive (pgjdbc 2318: a negative one
 * made JDBC unable to cancel) and random, secrets are 4 bytes in protocol 3.0 and 32 in 3.2, compared in constant time.
 * A wrong key gets no answer; attempts are counted per address, so that 4 bytes cannot be tried out.
 */
export class CancelRegistry {
  readonly #random: (length: number) => Uint8Array;
  readonly #clock: Clock;
  readonly #targets = new Map<number, { readonly secret: Buffer; readonly session: Cancellable }>();
  readonly #failures = new Map<string, { second: number; count: number }>();

  constructor(random: (length: number) => Uint8Array, clock: Clock) {
    this.#random = random;
    this.#clock = clock;
  }

  /** Makes a key that leads to `session` until `forget`. */
  mint(session: Cancellable, secretLength: 4 | 32): CancelKey {
    let pid = 0;
    while (pid === 0 || this.#targets.has(pid)) pid = Buffer.from(this.#random(4)).readUInt32BE(0) & 0x7fffffff;
    const secret = Buffer.from(this.#random(secretLength));
    this.#targets.set(pid, { secret, session });
    return { pid, secret };
  }

  /** Ends the life of a key. */
  forget(key: CancelKey): void {
    this.#targets.delete(key.pid);
  }

  /** Cancels the session that this key was minted for. False: refused, and worth an entry. */
  request(address: string, pid: number, secret: Uint8Array): boolean {
    const second = Math.floor(this.#clock.now() / 1000);
    const failures = this.#failures.get(address);
    if (failures !== undefined && failures.second === second && failures.count >= attemptsPerSecond) return false;
    const target = this.#targets.get(pid);
    const fits = sameBytes(secret, target?.secret ?? Buffer.alloc(secret.length, 0xff)) && target !== undefined;
    if (fits) {
      target.session.cancelRunning();
      return true;
    }
    if (this.#failures.size >= rememberedAddresses) this.#failures.clear();
    this.#failures.set(address, { second, count: failures?.second === second ? failures.count + 1 : 1 });
    return false;
  }
}
