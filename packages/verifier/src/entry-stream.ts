import type { Finding } from './finding.ts';
import { readEntries, type ReadFile, tileWidth } from './tile.ts';

/** The stored bytes of one entry and the file that they are in. */
export type StoredEntry = { readonly index: number; readonly bytes: Uint8Array; readonly file: string };

/** A published log, from which entry on it is read, and how many bundles are fetched ahead. */
export type StreamedLog = { readonly read: ReadFile; readonly from: number; readonly size: number };

/** Bundles that are fetched while earlier ones are checked: hides the latency of a server, holds at most some megabytes. */
const readAhead = 8;

/** The entries of a log in order, bundle by bundle, in constant memory; ends with a finding at the first bundle that cannot be read. */
export async function* streamEntries({
  read,
  from,
  size,
}: StreamedLog): AsyncGenerator<readonly StoredEntry[], Finding | null> {
  const first = Math.floor(from / tileWidth);
  const count = Math.ceil(size / tileWidth) - first;
  const fetch = (bundle: number) => readEntries(read, bundle, Math.min(tileWidth, size - bundle * tileWidth));
  const pending: ReturnType<typeof fetch>[] = [];
  for (let at = 0; at < count; at++) {
    while (pending.length < readAhead && at + pending.length < count) {
      const ahead = fetch(first + at + pending.length);
      // A rejected read is thrown where it is awaited below; until then it must not count as unhandled.
      ahead.catch(() => null);
      pending.push(ahead);
    }
    const bundle = await pending.shift();
    if (bundle === undefined) break;
    if (!bundle.ok) return { index: (first + at) * tileWidth, ...bundle.finding };
    const start = (first + at) * tileWidth;
    const { entries, path } = bundle.value;
    yield entries
      .map((bytes, offset) => ({ index: start + offset, bytes, file: path }))
      .filter(({ index }) => index >= from);
  }
  return null;
}
