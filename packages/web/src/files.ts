import { entryBundlePath, type Opening, parseOpening, type ReadFile, readEntries } from '@gatehouse/verifier/browser';
import { type PortalSession, read, readBytes } from './session.ts';
import { at, whole } from './words.ts';

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

/** The size that the checkpoint names, believed by nobody yet; 0 if there is none. */
export async function claimedSize(readFile: ReadFile): Promise<number> {
  const checkpoint = new TextDecoder().decode((await readFile('checkpoint')) ?? undefined);
  return whole(Number(checkpoint.split('\n')[1] ?? '')) ?? 0;
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

/** The contents of the entries `from` (included) to `until` (excluded), with what proves each. */
export type Opened = {
  readonly from: number;
  readonly until: number;
  readonly openings: ReadonlyMap<number, Opening>;
};

/** No contents yet. */
export const nothingOpened: Opened = { from: 0, until: 0, openings: new Map() };

/**
 * Opens the newest `wanted` contents of a log of `size` entries, newest first, without fetching again what is `known`. An
 * opening that is no opening is left out, and its entry then has no content. `said` is told how many entries are done.
 */
export async function fetchOpenings(
  session: PortalSession,
  { size, wanted, known: before }: { readonly size: number; readonly wanted: number; readonly known: Opened },
  said: (done: number, all: number) => void,
): Promise<Opened> {
  const from = Math.max(0, size - wanted);
  // What was opened before must touch what is opened now, or there would be a hole between them.
  const known = before.until < from || before.until > size ? nothingOpened : before;
  const openings = new Map(known.openings);
  const isKnown = (seq: number): boolean => known.from <= seq && seq < known.until;
  for (let until = size; until > from; ) {
    if (isKnown(until - 1)) {
      until = Math.max(from, known.from);
      continue;
    }
    const newest = known.until < until ? known.until : 0;
    const after = Math.max(from, newest, until - contentsAtOnce) - 1;
    const path = `/api/v1/tenants/${encodeURIComponent(session.tenant)}/log/openings`;
    const items = at(await read(session, `${path}?after=${after}&limit=${until - after - 1}`), 'items');
    for (const item of Array.isArray(items) ? items : []) {
      const seq = whole(at(item, 'seq'));
      const opening = parseOpening({ payload: at(item, 'payload'), salt: at(item, 'salt') });
      if (seq !== null && opening.ok) openings.set(seq, opening.value);
    }
    until = after + 1;
    said(size - until, size - from);
  }
  return { from: Math.min(from, known.until === 0 ? from : known.from), until: size, openings };
}
