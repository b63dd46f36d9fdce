import { entryBundlePath, type Opening, parseOpening, type ReadFile, readEntries } from '@gatehouse/verifier/browser';
import { PortalFailure, type PortalSession, read, readBytes } from './session.ts';
import { at, count, whole } from './words.ts';

/** Contents fetched at once: one has 64 KiB at most, and opening one takes the server about a millisecond. */
const contentsAtOnce = 250;

/** Entries in one bundle (C2SP tlog-tiles). */
const bundleWidth = 256;

/** Reads each file of the log once and keeps the answer, so that what is shown is exactly what was checked. */
export function snapshotOf(session: PortalSession, prefix: string): ReadFile {
  const files = new Map<string, Promise<Uint8Array | null>>();
  return async (path) => {
    const known = files.get(path);
    // A turn of the event loop for each file, or checking thousands of entries would freeze the page.
    if (known !== undefined) return new Promise((resolve) => setTimeout(() => resolve(known)));
    const reading = readBytes(session, `${prefix}/${path}`);
    files.set(path, reading);
    return reading;
  };
}

/** A longer log is left to the command line: nobody's browser is to be kept busy by a number that a server made up. */
const entriesMost = 1_000_000;

/** The size that the checkpoint names, believed by nobody yet; 0 if there is none. */
export async function claimedSize(readFile: ReadFile): Promise<number> {
  const checkpoint = new TextDecoder().decode((await readFile('checkpoint')) ?? undefined);
  const size = whole(Number(checkpoint.split('\n')[1] ?? '')) ?? 0;
  if (size > entriesMost) {
    throw new PortalFailure(
      `This log names ${count(size)} entries, and a browser reads ${count(entriesMost)} at most. Check it with: gatehouse verify`,
    );
  }
  return size;
}

/** The stored bytes of the first `size` entries, in order; fewer if a file is missing or malformed. */
export async function storedEntries(readFile: ReadFile, size: number): Promise<readonly Uint8Array[]> {
  const stored: Uint8Array[] = [];
  for (let index = 0; index * bundleWidth < size; index++) {
    const bundle = await readEntries(readFile, index, Math.min(bundleWidth, size - index * bundleWidth));
    if (!bundle.ok) return stored;
    for (const bytes of bundle.value.entries) stored.push(bytes);
  }
  return stored;
}

/** Fetches the full bundles of entries side by side, so that the check does not wait for each in turn. */
export async function fetchEntries(readFile: ReadFile, size: number): Promise<void> {
  const full = Math.floor(size / bundleWidth);
  await Promise.all(Array.from({ length: full }, (_, index) => readFile(entryBundlePath(index))));
}

/** Contents that were asked for, and what proves those that were given. */
export type Opened = {
  readonly asked: ReadonlySet<number>;
  readonly openings: ReadonlyMap<number, Opening>;
};

/** No contents yet. */
export const nothingOpened: Opened = { asked: new Set(), openings: new Map() };

/** Contents that nobody wants are fetched along if they are so few between two that are wanted. */
const gapMost = 8;

/**
 * Opens the contents of the entries `wanted`, the newest first, without asking again for what is `known`. An opening that
 * is no opening is left out, and its entry then has no content. `said` is told how many contents are done.
 */
export async function fetchOpenings(
  session: PortalSession,
  { wanted, known }: { readonly wanted: readonly number[]; readonly known: Opened },
  said: (done: number, all: number) => void,
): Promise<Opened> {
  const openings = new Map(known.openings);
  const asked = new Set(known.asked);
  const path = `/api/v1/tenants/${encodeURIComponent(session.tenant)}/log/openings`;
  for (const { from, until } of rangesOf(wanted.filter((seq) => !known.asked.has(seq)))) {
    const items = at(await read(session, `${path}?after=${from - 1}&limit=${until - from}`), 'items');
    for (const item of Array.isArray(items) ? items : []) {
      const seq = whole(at(item, 'seq'));
      const opening = parseOpening({ payload: at(item, 'payload'), salt: at(item, 'salt') });
      if (seq !== null && opening.ok) openings.set(seq, opening.value);
    }
    for (let seq = from; seq < until; seq++) asked.add(seq);
    said(asked.size - known.asked.size, wanted.length);
  }
  return { asked, openings };
}

/** The numbers as few spans, none longer than one answer, the newest first. */
function rangesOf(seqs: readonly number[]): readonly { readonly from: number; readonly until: number }[] {
  const ranges: { from: number; until: number }[] = [];
  for (const seq of seqs.toSorted((a, b) => b - a)) {
    const last = ranges.at(-1);
    if (last !== undefined && last.from - seq <= gapMost && last.until - seq <= contentsAtOnce) last.from = seq;
    else ranges.push({ from: seq, until: seq + 1 });
  }
  return ranges;
}
