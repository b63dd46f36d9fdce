import type { ReadFile } from '@gatehouse/verifier/browser';
import { parseOpening, readEntries } from '@gatehouse/verifier/browser';
import type { Opening } from '@gatehouse/verifier/browser';
import { type PortalSession, read, readBytes } from './session.ts';
import { at, whole } from './words.ts';

/** Contents older than the newest so many are not opened on this page: a browser has to stay quick. */
export const contentsMost = 20_000;

/** Contents fetched at once: one has 64 KiB at most. */
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

/**
 * Fetches the contents with what proves them, newest first. What is not a proof is left out, and its entry then has no
 * content. `said` is told how many entries are done.
 */
export async function fetchOpenings(
  session: PortalSession,
  size: number,
  said: (done: number, all: number) => void,
): Promise<ReadonlyMap<number, Opening>> {
  const openings = new Map<number, Opening>();
  const oldest = Math.max(0, size - contentsMost);
  for (let until = size; until > oldest; ) {
    const from = Math.max(oldest, until - contentsAtOnce);
    const query = `after=${from - 1}&limit=${until - from}`;
    const answer = await read(session, `/api/v1/tenants/${encodeURIComponent(session.tenant)}/log/openings?${query}`);
    const items = at(answer, 'items');
    for (const item of Array.isArray(items) ? items : []) {
      const seq = whole(at(item, 'seq'));
      const opening = parseOpening({ payload: at(item, 'payload'), salt: at(item, 'salt') });
      if (seq !== null && opening.ok) openings.set(seq, opening.value);
    }
    until = from;
    said(size - until, size - oldest);
  }
  return openings;
}
