import { replayRecord } from '@gatehouse/terms';
import { type Finding, type LogReport, parseEntry, verifyLog } from '@gatehouse/verifier/browser';
import type { ShownEntry } from './entry.ts';
import {
  claimedSize,
  fetchEntries,
  fetchOpenings,
  nothingOpened,
  type Opened,
  snapshotOf,
  storedEntries,
} from './files.ts';
import { type Memory, recall, remember } from './memory.ts';
import { type PortalSession, read, readBytes } from './session.ts';
import { shownEntries } from './shown.ts';
import { at, text } from './words.ts';

/** A log as this browser read and checked it. */
export type CheckedLog = {
  readonly entries: readonly ShownEntry[];
  readonly report: LogReport;
  /** All that speaks against the log; empty if it holds. */
  readonly findings: readonly Finding[];
  readonly vkey: string;
  readonly memory: Memory['kind'];
  /** False if this browser cannot keep the checkpoint for the next visit, or must not, because the log does not hold. */
  readonly kept: boolean;
  /** How many entries were there at the last visit and are all still there; null if that was not shown. */
  readonly heldSince: number | null;
  /** Contents that are what their entries committed to, those not shown to this session, and older ones not fetched. */
  readonly contents: { readonly matched: number; readonly closed: number; readonly older: number };
  /** Decisions that were decided again here, with the published terms. */
  readonly decisions: number;
  /** What the next look need not fetch again: nothing, if anything speaks against the log. */
  readonly opened: Opened;
  readonly checkedAt: number;
};

/** What is looked at: how many contents, the newest first, and what an earlier look has opened. */
export type Look = {
  readonly contents: number;
  readonly known: Opened;
  readonly said: (progress: Progress) => void;
};

/** How far the check is, in words and in numbers. */
export type Progress = { readonly doing: string; readonly done: number; readonly all: number };

/**
 * Reads the whole log as files, checks it in this browser with the verifier that customers can also run without us, and
 * shows only what was checked: signature, every entry, no gap, each opened content against its entry, each decision in them
 * decided again, nothing rewritten since the last visit. Remembers key and checkpoint only when everything held.
 */
export async function checkLog(session: PortalSession, look: Look): Promise<CheckedLog> {
  const { said } = look;
  const tenant = await read(session, `/api/v1/tenants/${encodeURIComponent(session.tenant)}`);
  const logId = text(at(tenant, 'logId')) ?? 'unknown';
  const prefix = `/log/t/${encodeURIComponent(logId)}`;
  const storage = (): Storage => localStorage;
  const memory = recall(storage, logId);
  const trusted = memory.kind === 'trusted' ? memory.trusted : null;
  const vkey =
    trusted?.vkey ?? new TextDecoder().decode((await readBytes(session, `${prefix}/vkey`)) ?? undefined).trim();
  const readFile = snapshotOf(session, prefix);
  const size = await claimedSize(readFile);
  await fetchEntries(readFile, size);
  const stored = await storedEntries(readFile, size);
  const wanted = contentsWanted(stored, look.contents);
  const opened = await fetchOpenings(session, { wanted, known: look.known }, (done, all) =>
    said({ doing: 'Opening the contents', done, all }),
  );
  const claim = { read: readFile, originOrVkey: vkey };
  const report = await verifyLog({
    ...claim,
    openings: opened.openings,
    onProgress: ({ entries, size: all }) => said({ doing: 'Checking every entry', done: entries, all }),
  });
  // The second pass proves that what was trusted before is still all there; the first has checked every entry.
  const grown = trusted === null ? null : await verifyLog({ ...claim, since: trusted.checkpoint });
  const entries = shownEntries({
    stored,
    openings: opened.openings,
    report,
    asked: opened.asked,
  });
  const decided = entries.filter(isDecision);
  const findings = distinct([...report.findings, ...(grown?.findings ?? []), ...decided.flatMap(differing)]);
  const holds = findings.length === 0 && report.checkpoint !== null;
  return {
    entries,
    report,
    findings,
    vkey,
    memory: memory.kind,
    kept: holds && report.checkpoint !== null && remember(storage, logId, { vkey, checkpoint: report.checkpoint }),
    heldSince: grown?.ok === true ? grown.from : null,
    contents: {
      matched: entries.filter(({ state }) => state === 'open').length,
      closed: entries.filter(({ state }) => state === 'sealed').length,
      older: entries.filter(({ state }) => state === 'unfetched').length,
    },
    decisions: decided.length,
    opened: holds ? opened : nothingOpened,
    checkedAt: Date.now(),
  };
}

/** Beyond the newest contents, so many more that tell who, why and how it ended, without each statement and its result. */
const tellingMost = 2000;

/** The newest contents, and before them those without which no access could be told. */
function contentsWanted(stored: readonly Uint8Array[], newest: number): readonly number[] {
  const from = Math.max(0, stored.length - newest);
  const telling = stored.slice(0, from).flatMap((bytes, seq) => {
    const type = typeOf(bytes, seq);
    return type === null || type === 'access.intent' || type === 'access.outcome' ? [] : [seq];
  });
  return [...telling.slice(-tellingMost), ...Array.from({ length: stored.length - from }, (_, at) => from + at)];
}

function typeOf(bytes: Uint8Array, seq: number): string | null {
  const parsed = parseEntry(bytes, seq);
  return parsed.ok ? parsed.value.type : null;
}

/** Holds for a decision by terms that this page knows; those of a later version cannot be decided again here. */
function isDecision({ payload }: ShownEntry): boolean {
  const record = at(payload, 'decided');
  return record !== undefined && replayRecord(record).kind !== 'unknown_version';
}

/** A decision that the published terms would not have made on the recorded facts. */
function differing({ seq, payload }: ShownEntry): readonly Finding[] {
  const replay = replayRecord(at(payload, 'decided'));
  if (replay.kind === 'same' || replay.kind === 'unknown_version') return [];
  const message =
    replay.kind === 'differs'
      ? `The published terms decide entry ${seq} otherwise than it was decided.`
      : `The facts of the decision in entry ${seq} are incomplete: ${replay.reason}.`;
  return [{ code: 'DECISION_DIFFERS', message, index: seq }];
}

function distinct(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((finding) => [finding.message, finding])).values()];
}
