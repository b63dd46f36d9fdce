import { type Counter, type Entry, entryIs } from './entry.ts';
import type { Finding } from './finding.ts';
import { parseTime } from './time.ts';

/** The types of entries that end the grant of their `ref`; no intent of that grant may follow (LOG-SPEC 3.4). */
export const grantEnds: ReadonlySet<string> = new Set([
  'access.revoked',
  'access.expired',
  'access.completed',
  'access.withdrawn',
  'access.denied',
  'access.lapsed',
  'access.close_failed',
]);

/** How the intents of a log ended so far. */
export type IntentCounts = { readonly intents: number; readonly outcomes: number; readonly open: number };

/**
 * The rules that bind the entries of one log to each other (LOG-SPEC 3): time never falls,
 * nothing follows `log.close`, outcomes end intents of the same grant once, no intent follows its grant's end, sources
 * count without gaps. Feed it every entry in order; begun in the middle of a log, it knows nothing of what was before.
 */
export class EntrySequence {
  readonly #origin: string;
  readonly #from: number;
  #lastTime = '';
  #closedAt: number | null = null;
  /** Intents without an outcome yet, by seq: the grant that they belong to. */
  readonly #open = new Map<number, string>();
  readonly #ended = new Map<string, number>();
  /** The end that the log states for a grant, from `access.activated` or `access.extended`. */
  readonly #notAfter = new Map<string, string>();
  /** The next `n` of each source. */
  readonly #next = new Map<string, number>();
  readonly #counters = new Map<string, { n: number; to: string }>();
  /** Times of the intents of each source, ascending: what its counters must agree with. */
  readonly #intentTimes = new Map<string, number[]>();
  #intents = 0;
  #outcomes = 0;

  constructor(options: { readonly origin: string; readonly from: number }) {
    this.#origin = options.origin;
    this.#from = options.from;
  }

  /** How many intents and outcomes there were, and how many intents are still without one. */
  get counts(): IntentCounts {
    return { intents: this.#intents, outcomes: this.#outcomes, open: this.#open.size };
  }

  /** Takes the next entry in; what it breaks, in order of the rules above. */
  accept(entry: Entry): readonly Finding[] {
    const findings = [
      this.#checkPlace(entry),
      this.#checkSource(entry),
      this.#checkAccess(entry),
      this.#checkCounter(entry),
    ];
    this.#lastTime = entry.time;
    if (entry.type === 'log.close') this.#closedAt = entry.seq;
    return findings.filter((finding) => finding !== null);
  }

  #checkPlace(entry: Entry): Finding | null {
    const index = entry.seq;
    if (this.#closedAt !== null)
      return {
        code: 'ENTRY_AFTER_CLOSE',
        message: `Entry ${index} follows log.close in entry ${this.#closedAt}.`,
        index,
      };
    // Texts of one fixed form: their order is that of time.
    if (entry.time < this.#lastTime) {
      return {
        code: 'TIME_WENT_BACK',
        message: `Entry ${index} says ${entry.time}, before ${this.#lastTime} of the entry before.`,
        index,
      };
    }
    return null;
  }

  #checkSource({ src, n, seq: index, type }: Entry): Finding | null {
    if (src === undefined || n === undefined) {
      if (!type.startsWith('access.') || this.#origin.endsWith('/t/operator')) return null;
      return {
        code: 'SOURCE_MISSING',
        message: `Entry ${index} is of type ${type} without "src" and "n"; a tenant's access entries name their source.`,
        index,
      };
    }
    const expected = this.#next.get(src) ?? (this.#from === 0 ? 0 : n);
    this.#next.set(src, n + 1);
    if (n === expected) return null;
    return {
      code: 'SOURCE_GAP',
      message: `Entry ${index} is number ${n} of ${src}; expected ${expected}: entries of that source are missing or were put in.`,
      index,
    };
  }

  #checkAccess(entry: Entry): Finding | null {
    if (entryIs(entry, 'access.intent')) return this.#checkIntent(entry);
    if (entryIs(entry, 'access.outcome')) return this.#checkOutcome(entry);
    this.#noteEnd(entry);
    if (entry.ref !== undefined && grantEnds.has(entry.type) && !this.#ended.has(entry.ref))
      this.#ended.set(entry.ref, entry.seq);
    return null;
  }

  /** The further member `notAfter` of the entries that open or prolong a grant (LOG-SPEC 3.3 lets types have some). */
  #noteEnd({ ref, type, ...members }: Entry & { readonly notAfter?: unknown }): void {
    const { notAfter } = members;
    if (ref === undefined || (type !== 'access.activated' && type !== 'access.extended')) return;
    if (typeof notAfter === 'string' && parseTime(notAfter) !== null) this.#notAfter.set(ref, notAfter);
  }

  #checkIntent({ seq: index, ref, src, time }: Entry & { readonly ref: string; readonly src: string }): Finding | null {
    this.#intents++;
    this.#open.set(index, ref);
    const times = this.#intentTimes.get(src);
    if (times === undefined) this.#intentTimes.set(src, [parseTime(time) ?? 0]);
    else times.push(parseTime(time) ?? 0);
    const end = this.#ended.get(ref);
    const notAfter = this.#notAfter.get(ref);
    if (end === undefined && notAfter !== undefined && time >= notAfter) {
      const message = `Entry ${index} is an intent of ${time} under the grant ${ref}, which was given until ${notAfter}.`;
      return { code: 'INTENT_AFTER_END', message, index };
    }
    if (end === undefined) return null;
    return {
      code: 'INTENT_AFTER_END',
      message: `Entry ${index} is an intent under the grant ${ref}, which ended in entry ${end}.`,
      index,
    };
  }

  #checkOutcome({
    seq: index,
    ref,
    intent,
  }: Entry & { readonly ref: string; readonly intent: number }): Finding | null {
    this.#outcomes++;
    if (intent < this.#from) return null;
    const grant = this.#open.get(intent);
    this.#open.delete(intent);
    if (grant === ref) return null;
    const message =
      grant === undefined
        ? `Entry ${index} ends intent ${intent}, which is no intent of this log or has an outcome already.`
        : `Entry ${index} ends intent ${intent} under the grant ${ref}; that intent is of the grant ${grant}.`;
    return { code: 'OUTCOME_UNPAIRED', message, index };
  }

  #checkCounter(entry: Entry): Finding | null {
    if (!entryIs(entry, 'counter')) return null;
    const { source, n, from, to } = entry.counter;
    const before = this.#counters.get(source);
    this.#counters.set(source, { n, to });
    const index = entry.seq;
    if (before === undefined && this.#from > 0) return null;
    const expected = before === undefined ? 0 : before.n + 1;
    if (n !== expected)
      return {
        code: 'COUNTER_GAP',
        message: `Entry ${index} is counter ${n} of ${source}; expected ${expected}.`,
        index,
      };
    // Published vectors hold a counter that counts again from the start, so an overlap is accepted; a gap is not.
    if (before !== undefined && from > before.to) {
      return {
        code: 'COUNTER_GAP',
        message: `The counter in entry ${index} begins at ${from}; the one before of ${source} ended at ${before.to}, so a time was never counted.`,
        index,
      };
    }
    return this.#compareCount(entry);
  }

  #compareCount({ seq: index, counter }: Counter): Finding | null {
    const { source, from, to, counts } = counter;
    const times = this.#intentTimes.get(source) ?? [];
    const logged = countBefore(times, parseTime(to)) - countBefore(times, parseTime(from));
    if (this.#from > 0 || counts['statements'] === undefined || counts['statements'] === logged) return null;
    return {
      code: 'COUNTER_DIFFERS',
      message: `${source} counted ${counts['statements']} statements from ${from} to ${to}; the log has ${logged} intents of it.`,
      index,
    };
  }
}

/** How many of the ascending `times` are before `end`. */
function countBefore(times: readonly number[], end: number | null): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) < (end ?? 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}
