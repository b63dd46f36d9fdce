import { type Entry, entryIs } from './entry.ts';
import { type Envelope, payloadStates, type PayloadState } from './envelope.ts';
import type { Finding } from './finding.ts';
import type { LogReport, OpenedEntry, UnopenedEntry } from './log-report.ts';
import { type Opening, verifyOpening } from './payload.ts';
import type { Primitives } from './primitives.ts';

/** What the caller has of the payloads, by `seq`; with neither, payloads are not looked at. */
export type PayloadSources = {
  readonly envelopes?: ReadonlyMap<number, Envelope>;
  readonly openings?: ReadonlyMap<number, Opening>;
};

/** Checks the payloads of a log while its entries pass: openings against commitments, states against erasures (LOG-SPEC 5.6). */
export class PayloadCheck {
  readonly #primitives: Primitives;
  readonly #sources: PayloadSources;
  readonly #entries: Entry[] = [];
  readonly #openedEntries: OpenedEntry[] = [];
  readonly #findings: Finding[] = [];
  #counts: LogReport['payloads'] = null;
  #unopened: readonly UnopenedEntry[] = [];

  constructor(primitives: Primitives, sources: PayloadSources) {
    this.#primitives = primitives;
    this.#sources = sources;
  }

  /** The entries whose payload is the one they committed to, in order. */
  get opened(): readonly OpenedEntry[] {
    return this.#openedEntries;
  }

  /** How many payloads are in which state; null before {@link conclude} or without sources. */
  get counts(): LogReport['payloads'] {
    return this.#counts;
  }

  /** The entries that have a payload which was not opened, and why; empty before {@link conclude}. */
  get unopened(): readonly UnopenedEntry[] {
    return this.#unopened;
  }

  /** Takes the next entry in. */
  accept(entry: Entry): void {
    const { envelopes, openings } = this.#sources;
    if (envelopes === undefined && openings === undefined) return;
    if (entry.cmt !== undefined || entryIs(entry, 'erasure')) this.#entries.push(entry);
    const opening = openings?.get(entry.seq);
    if (opening === undefined) return;
    const payload = verifyOpening(this.#primitives, entry, opening);
    if (payload.ok) this.#openedEntries.push({ entry, payload: payload.value });
    else this.#findings.push(payload.finding);
  }

  /** Counts the states; a payload is lost only where all envelopes were given. */
  conclude(): readonly Finding[] {
    const { envelopes, openings } = this.#sources;
    if (envelopes === undefined && openings === undefined) return [];
    const opened = new Set(this.#openedEntries.map(({ entry }) => entry.seq));
    const { states, findings } = payloadStates({ entries: this.#entries, envelopes: envelopes ?? new Map(), opened });
    const counts = { open: 0, sealed: 0, erased: 0, lost: 0 };
    const believedState = (state: PayloadState): PayloadState =>
      state.kind === 'lost' && envelopes === undefined ? { kind: 'sealed' } : state;
    for (const state of states.values()) counts[believedState(state).kind]++;
    this.#counts = counts;
    this.#unopened = this.#entries.flatMap((entry) => {
      const state = states.get(entry.seq);
      return state === undefined || state.kind === 'open' ? [] : [{ entry, state: believedState(state) }];
    });
    const believed = envelopes === undefined ? findings.filter(({ code }) => code !== 'PAYLOAD_LOST') : findings;
    return [...this.#findings, ...believed];
  }
}
