import type { Right } from '@gatehouse/custodian';
import type { JsonObject } from '@gatehouse/verifier';
import type { Appended, Draft, Write } from './draft.ts';
import type { BundleAnswer } from './proofs.ts';
import type { CommittedEntry, PayloadAnswer } from './reading.ts';

/** How the log is. Not accepting means: no access by personnel (DESIGN.md section 1, fail closed). */
export type LogHealth = {
  readonly accepting: boolean;
  /** Whether epochs are being signed and published. Entries are durable without that. */
  readonly signing: boolean;
  readonly fault: string | null;
  readonly publishedEpoch: number | null;
  /** The time of the newest published epoch, epoch milliseconds. */
  readonly publishedAt: number | null;
};

/**
 * The log of this deployment: one Merkle log per tenant and one of the operator, sequenced here and nowhere else
 * (LOG-SPEC.md). Methods throw `LogError`; `LOG_UNKNOWN` for a log that does not exist.
 */
export interface Log {
  /** N of LOG-SPEC 1.6. */
  readonly operatorName: string;
  /** The verifier key of the root log: the `deployment` of every statement, and what a customer needs to verify. */
  readonly rootVkey: string;
  /**
   * Appends an entry; resolves only after it is committed. `write` runs in the same transaction and may refuse by throwing. Refusals
   * (`kind: 'refused'`) are for intents, activations and extensions that come too late; then nothing was appended.
   * Throws `LOG_UNAVAILABLE`, `LOG_QUEUE_FULL`, `LOG_STOPPED`, `LOG_DRAFT_INVALID` (nothing appended), `LOG_OUTCOME_UNKNOWN`, or what `write` threw.
   */
  append(logId: string, draft: Draft, write?: Write): Promise<Appended>;
  /** Opens a log with its own slot and key; entry 0 is `log.open`. Returns its id, which `write` finds in `at.logId`. */
  openTenantLog(write?: Write): Promise<string>;
  /** The ids of all logs, the operator's first. */
  logs(): readonly string[];
  /** Entries of a log, those about to be committed included; for figures, not for proofs. */
  size(logId: string): number;
  originOf(logId: string): string;
  vkeyOf(logId: string): string;
  /** The key name of a component as a source of entries, for `Draft.src`: `gateway`, `api`. */
  sourceName(component: string): string;
  /** Committed entries from `from` (inclusive) to `to` (exclusive), at most 10,000 at once. */
  entries(logId: string, from: number, to: number): Promise<readonly CommittedEntry[]>;
  /** Opens a payload at the custodian, which records `right` first; without one, the log's own right. Who may ask is the caller's rule. */
  payload(logId: string, seq: number, right?: Right): Promise<PayloadAnswer>;
  /** The newest published checkpoint of a log, or of `root`, as a signed note; null before its first epoch. */
  checkpoint(logId: string): Promise<string | null>;
  /** The size and root (base64) that the newest published checkpoint of a log shows; null before its first epoch. */
  newestRoot(logId: string): Promise<{ readonly origin: string; readonly size: number; readonly root: string } | null>;
  /** A published file below the prefix N: `root/checkpoint`, `root/tile/…`, `t/<id>/…`, `vkeys` (LOG-SPEC 8.1). Null for every other path. */
  file(path: string): Promise<Uint8Array | null>;
  /** The evidence bundle of an entry, from the newest published epoch, verified before it leaves (LOG-SPEC 6). */
  bundle(logId: string, seq: number): Promise<BundleAnswer>;
  /** The slot proof of a log in a published epoch (LOG-SPEC 4.8), or null. */
  slot(logId: string, epoch: number): Promise<JsonObject | null>;
  /** What a published epoch changed, for slot auditors (LOG-SPEC 4.5), or null. */
  delta(epoch: number): Promise<JsonObject | null>;
  health(): LogHealth;
  /** Takes no more, commits what is queued, finishes the epoch that is being published, gives the lock back. */
  stop(): Promise<void>;
}
