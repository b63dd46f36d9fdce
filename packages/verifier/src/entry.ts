import { textOf } from './bytes.ts';
import { type JsonObject, type JsonValue, isObject, parseCanonicalText } from './canonical-json.ts';
import { checkEntryMembers } from './entry-members.ts';
import { type Checked, fails, holds } from './finding.ts';

/** Members that every entry has, and those of LOG-SPEC 3.2 that any entry may have. */
export type EntryCommon = {
  readonly v: 1;
  readonly seq: number;
  readonly time: string;
  readonly type: string;
  readonly ref?: string;
  readonly intent?: number;
  readonly outcome?: 'ok' | 'error' | 'cut' | 'unknown';
  readonly cmt?: string;
  readonly kid?: string;
  readonly src?: string;
  readonly n?: number;
  readonly delayed?: true;
};

/** Entry 0 of every log (LOG-SPEC 3.4). */
export type LogOpen = EntryCommon & {
  readonly type: 'log.open';
  readonly origin: string;
  readonly slot: number;
  readonly vkey: string;
  readonly keep: number;
  readonly predecessor?: { readonly origin: string; readonly root: string; readonly size: number };
};
/** The log's key from here on (LOG-SPEC 2.9). */
export type LogKey = EntryCommon & { readonly type: 'log.key'; readonly vkey: string };
/** Entries below `min` may be refused from here on (LOG-SPEC 8.4). */
export type LogPrune = EntryCommon & { readonly type: 'log.prune'; readonly min: number };
/** The days that later entries stay available (LOG-SPEC 3.4). */
export type LogKeep = EntryCommon & { readonly type: 'log.keep'; readonly keep: number };
/** The last entry of a log. */
export type LogClose = EntryCommon & { readonly type: 'log.close' };
/** An access that is about to happen, durable before the first byte leaves (INV: log before access). */
export type AccessIntent = EntryCommon & {
  readonly type: 'access.intent';
  readonly ref: string;
  readonly cmt: string;
  readonly kid: string;
  readonly src: string;
  readonly n: number;
};
/** How an intent ended; `unknown` after a crash. */
export type AccessOutcome = EntryCommon & {
  readonly type: 'access.outcome';
  readonly ref: string;
  readonly intent: number;
  readonly outcome: 'ok' | 'error' | 'cut' | 'unknown';
};
/** Payloads that are not to be opened any more, by position or by compartment (LOG-SPEC 3.5). */
export type Erasure = EntryCommon & {
  readonly type: 'erasure';
  readonly basis: string;
  readonly ranges?: readonly (readonly [number, number])[];
  readonly kids?: readonly string[];
};
/** A source's own count of what it did, signed by it (LOG-SPEC 3.6). */
export type Counter = EntryCommon & {
  readonly type: 'counter';
  readonly counter: {
    readonly counts: { readonly [name: string]: number };
    readonly from: string;
    readonly n: number;
    readonly source: string;
    readonly to: string;
    readonly lsnFrom?: string;
    readonly lsnTo?: string;
  };
  readonly sig: string;
};

/** The entry types whose member set is closed, by their `type`. */
export type ClosedEntries = {
  readonly 'log.open': LogOpen;
  readonly 'log.key': LogKey;
  readonly 'log.prune': LogPrune;
  readonly 'log.keep': LogKeep;
  readonly 'log.close': LogClose;
  readonly 'access.intent': AccessIntent;
  readonly 'access.outcome': AccessOutcome;
  readonly erasure: Erasure;
  readonly counter: Counter;
};

/** Any entry that keeps the rules of LOG-SPEC 3 that one entry can keep alone. */
export type Entry = EntryCommon;

/** Narrows an entry to a closed type. */
export function entryIs<T extends keyof ClosedEntries>(entry: Entry, type: T): entry is ClosedEntries[T] {
  return entry.type === type;
}

/** The bytes of an entry at most (LOG-SPEC 3.1). */
export const entryBytesMost = 1024;

/**
 * Parses the stored bytes of the entry at index `seq` and checks every rule that LOG-SPEC 1.4 and 3 set for one entry:
 * canonical form, printable ASCII, size, members and their forms. Rules between entries are `EntrySequence`'s part.
 */
export function parseEntry(bytes: Uint8Array, seq: number): Checked<Entry> {
  const leaf = parseLeaf(bytes, `entry ${seq}`);
  if (!leaf.ok) return { ok: false, finding: { ...leaf.finding, index: seq } };
  if (bytes.length > entryBytesMost) {
    return fails('ENTRY_TOO_LARGE', `Entry ${seq} has ${bytes.length} bytes; at most ${entryBytesMost} are allowed.`, {
      index: seq,
    });
  }
  const problem = checkEntryMembers(leaf.value, seq);
  if (problem !== null) return fails(problem.code, problem.message, { index: seq });
  return holds(leaf.value as JsonObject & Entry);
}

/** Parses any leaf (entry, slot leaf, epoch record): one JSON object in canonical form whose texts are printable ASCII (LOG-SPEC 1.4). */
export function parseLeaf(bytes: Uint8Array, what: string): Checked<JsonObject> {
  const text = textOf(bytes);
  if (text === null) return fails('NOT_UTF8', `The bytes of ${what} are not UTF-8.`);
  const parsed = parseCanonicalText(text);
  if (!parsed.ok)
    return { ok: false, finding: { ...parsed.finding, message: `In ${what}: ${parsed.finding.message}` } };
  for (const byte of bytes) {
    if (byte < 0x20 || byte > 0x7e) {
      return fails(
        'LEAF_NOT_ASCII',
        `The bytes of ${what} hold 0x${byte.toString(16).padStart(2, '0')}; a leaf is printable ASCII.`,
      );
    }
  }
  if (!isObject(parsed.value)) return fails('LEAF_NOT_OBJECT', `The bytes of ${what} are JSON, but not an object.`);
  if (text.includes('\\') && !textsArePrintable(parsed.value)) {
    return fails('LEAF_NOT_ASCII', `A text in ${what} holds an escaped control character; a leaf is printable ASCII.`);
  }
  return holds(parsed.value);
}

function textsArePrintable(value: JsonValue): boolean {
  if (typeof value === 'string') return /^[\x20-\x7e]*$/.test(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, member]) => textsArePrintable(name) && textsArePrintable(member));
}
