import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../clock.ts';

/**
 * How fast one session's denied statements come into the customer's log. A denial costs no budget, so without a pace a
 * client could fill the log with them: some may come at once, as the catalog queries of a tool do, then one in a while.
 * None is left out; the client waits.
 */
export class DenialPace {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #aheadMs: number;
  #paidUntil = 0;

  constructor(options: { readonly clock: Clock; readonly atOnce: number; readonly everyMs: number }) {
    this.#clock = options.clock;
    this.#everyMs = options.everyMs;
    this.#aheadMs = options.atOnce * options.everyMs;
  }

  /** Resolves when the next denial may be recorded, at once when `over` aborts: at the end of a session nothing waits. */
  async turn(over: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    this.#paidUntil = Math.max(this.#paidUntil, now) + this.#everyMs;
    const waitMs = this.#paidUntil - now - this.#aheadMs;
    if (waitMs <= 0 || over.aborted) return;
    await delay(waitMs, undefined, { signal: over }).catch((fault: unknown) => {
      if (!over.aborted) throw fault;
    });
  }
}
