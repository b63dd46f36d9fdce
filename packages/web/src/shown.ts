import {
  type Finding,
  type JsonObject,
  type LogReport,
  type Opening,
  parseCanonical,
  parseEntry,
  verifyOpening,
} from '@gatehouse/verifier/browser';
import type { ContentState, ShownEntry } from './entry.ts';

/** What the entries are made of: the log's own files, the openings, and what the check said. */
export type ShownFrom = {
  readonly stored: readonly Uint8Array[];
  readonly openings: ReadonlyMap<number, Opening>;
  readonly report: Pick<LogReport, 'opened' | 'unopened' | 'findings'>;
  /** The entries whose contents were asked for. */
  readonly asked: ReadonlySet<number>;
};

/**
 * Makes the entries for the screen out of the log's own bytes. A content is shown only if its entry committed to it; an
 * entry that cannot be read, or about which the check found something, is there all the same and says so.
 */
export function shownEntries({ stored, openings, report, asked }: ShownFrom): readonly ShownEntry[] {
  const opened = new Map(report.opened.map(({ entry, payload }) => [entry.seq, payload]));
  const states = new Map(report.unopened.map(({ entry, state }) => [entry.seq, state.kind]));
  const faults = faultsByEntry(report.findings);
  return stored.map((bytes, seq) => {
    const parsed = parseEntry(bytes, seq);
    const about = faults.get(seq) ?? [];
    if (!parsed.ok) return unreadable(seq, about.length > 0 ? about : [parsed.finding.message], bytes);
    const entry = parsed.value;
    const opening = openings.get(seq);
    const payload = opened.get(seq) ?? openedAlone(entry, opening);
    const state = ((): ContentState => {
      if (payload !== null) return 'open';
      if (opening !== undefined) return 'changed';
      if (entry.cmt === undefined) return 'none';
      if (states.get(seq) === 'erased') return 'erased';
      return asked.has(seq) ? 'sealed' : 'unfetched';
    })();
    return {
      seq,
      time: entry.time,
      type: entry.type,
      ref: entry.ref ?? null,
      intent: entry.intent ?? null,
      outcome: entry.outcome ?? null,
      state,
      payload,
      stored: entry as unknown as JsonObject,
      faults: about,
    };
  });
}

/** A check that stopped early opened nothing after that place: those contents are proved here one by one. */
function openedAlone(entry: Parameters<typeof verifyOpening>[0], opening: Opening | undefined): JsonObject | null {
  if (opening === undefined) return null;
  const checked = verifyOpening(entry, opening);
  return checked.ok ? checked.value : null;
}

function faultsByEntry(findings: readonly Finding[]): ReadonlyMap<number, readonly string[]> {
  const faults = new Map<number, string[]>();
  for (const { index, message } of findings) {
    if (index !== undefined) faults.set(index, [...(faults.get(index) ?? []), message]);
  }
  return faults;
}

/** A changed entry often still parses as JSON: then it keeps its place among the entries of its access. */
function unreadable(seq: number, faults: readonly string[], bytes: Uint8Array): ShownEntry {
  const parsed = parseCanonical(bytes);
  const value: unknown = parsed.ok ? parsed.value : null;
  const ref = typeof value === 'object' && value !== null && 'ref' in value ? value.ref : null;
  return {
    seq,
    time: null,
    type: 'unreadable',
    ref: typeof ref === 'string' ? ref : null,
    intent: null,
    outcome: null,
    state: 'none',
    payload: null,
    stored: null,
    faults,
  };
}
