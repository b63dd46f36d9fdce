import type { AppendRefusal } from './draft.ts';

/**
 * The grants of one log that are open for intents. The sequencer asks it in the order of the log, so "no intent after the
 * grant's end" holds by construction and can be checked offline (LOG-SPEC 3.4).
 */
export class LiveGrants {
  readonly #notAfter = new Map<string, number>();

  /** Opens `ref` until `notAfter`, exclusively. */
  open(ref: string, notAfter: number): void {
    this.#notAfter.set(ref, notAfter);
  }

  /** Moves the end of an open grant. */
  extend(ref: string, notAfter: number): void {
    if (this.#notAfter.has(ref)) this.#notAfter.set(ref, notAfter);
  }

  /** Ends `ref` for good. */
  end(ref: string): void {
    this.#notAfter.delete(ref);
  }

  /** Whether the grant was opened and not ended; it may be past its `notAfter`. */
  has(ref: string): boolean {
    return this.#notAfter.has(ref);
  }

  /**
   * Why an intent or an extension of `ref` at `now` is refused, or null. `grant_unknown` also stands for an ended grant
   * here: ended ones are not kept in memory, and the refusal is the same.
   */
  refusalOf(ref: string, now: number): AppendRefusal | null {
    const notAfter = this.#notAfter.get(ref);
    if (notAfter === undefined) return 'grant_unknown';
    return now < notAfter ? null : 'not_after';
  }
}
