import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { AccessPort, OpenSession, StatementOutcome } from './ports.ts';

/**
 * What a session owes the log. Outcomes are handed over in the order in which statements ended; one that cannot be
 * written is tried again for a while, and the session ends at the first failure, since a log that is not there means
 * that nothing may run (DESIGN section 1, 5). An outcome that stays lost is written as unknown by the log itself.
 */
export class OutcomeBook {
  readonly #access: AccessPort;
  readonly #session: OpenSession;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #retryMs: number;
  readonly #onFault: (fault: unknown) => void;
  readonly #onRoom: () => void;
  #pending = 0;
  #settled: (() => void)[] = [];

  constructor(options: {
    readonly access: AccessPort;
    readonly session: OpenSession;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly retryMs: number;
    readonly onFault: (fault: unknown) => void;
    /** Called whenever less is pending than before: what waited for that may go on. */
    readonly onRoom: () => void;
  }) {
    this.#access = options.access;
    this.#session = options.session;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#retryMs = options.retryMs;
    this.#onFault = options.onFault;
    this.#onRoom = options.onRoom;
  }

  /** How many records the log has not confirmed. */
  get pending(): number {
    return this.#pending;
  }

  /** Records the outcome of intent `seq`. */
  record(seq: number, outcome: StatementOutcome): void {
    this.follow(this.#write(seq, outcome));
  }

  /** Counts other work that must be over before the session is closed. It must not reject. */
  follow(work: Promise<void>): void {
    this.#pending += 1;
    void work.finally(() => {
      this.#pending -= 1;
      this.#onRoom();
      if (this.#pending > 0) return;
      const waiting = this.#settled;
      this.#settled = [];
      for (const resolve of waiting) resolve();
    });
  }

  /** Resolves when nothing is pending. */
  async settled(): Promise<void> {
    if (this.#pending === 0) return;
    await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  async #write(seq: number, outcome: StatementOutcome): Promise<void> {
    const until = this.#clock.now() + this.#retryMs;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#access.recordOutcome(this.#session, seq, outcome);
      } catch (fault) {
        if (attempt === 0) this.#onFault(fault);
        if (this.#clock.now() >= until) {
          this.#logger.error(
            { session: this.#session.id, seq, fault: String(fault) },
            'An outcome could not be recorded.',
          );
          return;
        }
        await delay(Math.min(100 * 2 ** attempt, 1000));
      }
    }
  }
}
