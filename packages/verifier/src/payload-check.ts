import { type Entry, entryIs } from './entry.ts';
import { type Envelope, payloadStates } from './envelope.ts';
import type { Finding } from './finding.ts';
import type { LogReport, OpenedEntry } from './log-report.ts';
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
    for (const { kind } of states.values()) counts[kind === 'lost' && envelopes === undefined ? 'sealed' : kind]++;
    this.#counts = counts;
    const believed = envelopes === undefined ? findings.filter(({ code }) => code !== 'PAYLOAD_LOST') : findings;
    return [...this.#findings, ...believed];
  }
}
