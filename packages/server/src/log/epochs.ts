import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../logger.ts';
import type { EpochCutter, EpochSnapshot } from './epoch-cutter.ts';
import { LogError, messageOf } from './errors.ts';
import type { Publisher } from './publisher.ts';
import type { Sequencer } from './sequencer.ts';
import type { Queryable } from './store.ts';

/** What the epochs stand on. */
export type EpochsPorts = {
  readonly sequencer: Sequencer;
  readonly cutter: EpochCutter;
  readonly publisher: Publisher;
  readonly db: Queryable;
  readonly logger: Logger;
  readonly cadenceMs: number;
};

/**
 * Cuts and publishes epochs at a fixed cadence, never on demand, so that their times tell nothing about anybody (LOG-SPEC 4.4). A fault
 * that may pass (a full disk, a database that is down) is tried again with the next epoch; damage stops signing and appending for good.
 */
export class Epochs {
  readonly #ports: EpochsPorts;
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;
  #pending: EpochSnapshot | null;
  #stale = false;
  #damage: LogError | null = null;
  #fault: string | null = null;

  constructor(ports: EpochsPorts, newest: EpochSnapshot | null) {
    this.#ports = ports;
    this.#pending = newest;
  }

  /** Why nothing is signed at the moment, or null. */
  get fault(): string | null {
    return this.#damage?.message ?? this.#fault;
  }

  /** Begins with the first epoch at once. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends after the epoch that is being published. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const startedAt = performance.now();
      await this.#tick();
      await this.#pause(Math.max(0, this.#ports.cadenceMs - (performance.now() - startedAt)));
    }
  }

  async #tick(): Promise<void> {
    if (this.#damage !== null) return;
    try {
      await this.#cutAndPublish();
      this.#fault = null;
    } catch (error) {
      if (isDamage(error)) this.#halt(error);
      else this.#noteFault(error);
    }
  }

  async #cutAndPublish(): Promise<void> {
    const { sequencer, cutter, publisher, db } = this.#ports;
    if (this.#stale) {
      this.#pending = await cutter.reload(db);
      this.#stale = false;
    }
    if (sequencer.accepting) {
      this.#stale = true; // until the answer is known
      const cut = await sequencer.between((at) => cutter.cut(at));
      this.#stale = false;
      this.#pending = cut ?? this.#pending;
    }
    if (this.#pending === null || this.#pending.epoch === publisher.published?.snapshot.epoch) return;
    await publisher.publish(this.#pending);
  }

  #halt(damage: LogError): void {
    this.#damage = damage;
    this.#ports.sequencer.halt(damage);
    this.#ports.logger.error({ code: damage.code }, damage.message);
  }

  #noteFault(error: unknown): void {
    const reason = messageOf(error);
    if (reason !== this.#fault) this.#ports.logger.warn({ reason }, 'The log could not be published; trying again.');
    this.#fault = reason;
  }

  async #pause(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.#stop.signal });
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error; // an aborted pause is how stopping wakes us
    }
  }
}

function isDamage(error: unknown): error is LogError {
  return error instanceof LogError && (error.code === 'LOG_DAMAGED' || error.code === 'LOG_BEHIND_LOCK');
}
