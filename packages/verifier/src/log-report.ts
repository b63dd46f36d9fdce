import type { JsonObject } from './canonical-json.ts';
import type { PayloadState } from './envelope.ts';
import type { Entry } from './entry.ts';
import type { IntentCounts } from './entry-sequence.ts';
import type { Finding } from './finding.ts';

/** An entry whose payload was opened and is the one it committed to. */
export type OpenedEntry = { readonly entry: Entry; readonly payload: JsonObject };

/** An entry with a payload that was not opened, and what became of it. */
export type UnopenedEntry = { readonly entry: Entry; readonly state: PayloadState };

/** What a verification of a log found. It holds only if `findings` is empty. */
export type LogReport = {
  readonly ok: boolean;
  readonly origin: string | null;
  readonly size: number;
  /** base64; null while no checkpoint was accepted. */
  readonly root: string | null;
  /** The signed checkpoint that was accepted: keep it, it is the `since` of the next verification. */
  readonly checkpoint: Uint8Array | null;
  /** How the log's key was known: given by the caller, or read from the log itself on first use. */
  readonly keySource: 'given' | 'log.open';
  /** The first entry that was checked; entries before are those of the last trusted checkpoint. */
  readonly from: number;
  readonly entries: number;
  readonly types: { readonly [type: string]: number };
  readonly intents: IntentCounts;
  /** How many payloads are in which state; null if neither envelopes nor openings were given. */
  readonly payloads: { readonly [kind in PayloadState['kind']]: number } | null;
  readonly opened: readonly OpenedEntry[];
  readonly unopened: readonly UnopenedEntry[];
  readonly findings: readonly Finding[];
};

/** More findings than this are not collected: a thing that is broken throughout is told by its first faults. */
export const findingsMost = 100;
