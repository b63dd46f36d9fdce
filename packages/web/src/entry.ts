import type { JsonObject } from '@gatehouse/terms';

/** What became of an entry's content: `changed` is one that is not what the entry committed to, `unfetched` one that was not asked for yet. */
export type ContentState = 'none' | 'open' | 'sealed' | 'erased' | 'unfetched' | 'changed';

/** An entry of the log as this browser read it from the log's own files. */
export type ShownEntry = {
  readonly seq: number;
  /** In the form 2026-03-02T09:00:00.000Z; null if the entry cannot be read. */
  readonly time: string | null;
  readonly type: string;
  /** The access that it belongs to; null for the account, its people and its keys. */
  readonly ref: string | null;
  readonly intent: number | null;
  readonly outcome: string | null;
  readonly state: ContentState;
  /** The content, only if it is the one that the entry committed to. Its form is nobody's promise: read it with words.ts. */
  readonly payload: JsonObject | null;
  /** The entry as it is stored; null if it cannot be read. */
  readonly stored: JsonObject | null;
  /** What is wrong with this entry, in sentences. */
  readonly faults: readonly string[];
};
