import type { LogOpen } from './entry.ts';
import { type Checked, fails, holds } from './finding.ts';
import type { Vkey } from './vkey.ts';
import { formatVkey } from './vkey.ts';

/** What is known of a log from elsewhere: its checkpoint, its key, its slot leaf. */
export type KnownLog = { readonly origin: string; readonly key?: Vkey; readonly slot?: number };

/** Checks that entry 0 opens the log that is known: origin, key and slot as they are elsewhere (LOG-SPEC 3.4, 9 (2)). */
export function checkOpen(entry: LogOpen, { origin, key, slot }: KnownLog): Checked<null> {
  if (entry.origin !== origin)
    return fails('LOG_OPEN_ORIGIN', `Entry 0 opens the log ${entry.origin}; expected ${origin}.`, { index: 0 });
  if (key !== undefined && entry.vkey !== formatVkey(key)) {
    return fails(
      'LOG_OPEN_KEY',
      `Entry 0 names the key ${entry.vkey}; the log is trusted by the key ${formatVkey(key)}.`,
      { index: 0 },
    );
  }
  if (slot !== undefined && entry.slot !== slot) {
    return fails(
      'LOG_OPEN_SLOT',
      `Entry 0 names slot ${entry.slot}; the slot leaf of this log stands in slot ${slot}.`,
      { index: 0 },
    );
  }
  return holds(null);
}
