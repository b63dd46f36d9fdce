import type { JsonObject } from '@gatehouse/verifier';
import type { PoolClient } from 'pg';

/** What a caller wants to have appended. The sequencer adds seq, time, source counter, commitment. */
export type Draft = {
  /** The entry's type, as in `LoggedPayloads` of terms. */
  readonly type: string;
  /** Request, grant or case: 22 characters of base64url. Needed by every type that opens, moves or ends a grant. */
  readonly ref?: string;
  /** With an outcome: the seq of the intent that it ends. */
  readonly intent?: number;
  readonly outcome?: 'ok' | 'error' | 'cut' | 'unknown';
  /** Who appends, for example `log.sourceName('gateway')`; types `access.*` without one are counted under `api`. */
  readonly src?: string;
  /** Sealed, never in the entry itself. At most 65,536 bytes of RFC 8785 form. */
  readonly payload?: JsonObject;
  /** Whose compartment the payload is sealed in; without one, the deployment's own. */
  readonly person?: string;
  /** `actor` (who acts; the default) or `subject` (what was said to the data), LOG-SPEC 5.3. */
  readonly compartment?: 'actor' | 'subject';
  /** `access.activated` and `access.extended`: until when intents are accepted, exclusively. Stands in the entry as `notAfter`. */
  readonly grant?: { readonly notAfter: number };
  /** Further members of the entry, which is not sealed: nothing personal, printable ASCII, at most 128 characters each. */
  readonly fields?: Readonly<Record<string, number | string>>;
};

/** Where a draft is about to stand. `logId` is the new log's when one is being opened. */
export type Place = { readonly logId: string; readonly seq: number; readonly time: string };

/**
 * The caller's own rows, written in the transaction of the entry: both or neither. It may run for at most some seconds, and must
 * not append to the log itself (it would wait for its own batch). If it throws, only its draft fails, with what it threw.
 */
export type Write = (client: PoolClient, at: Place) => Promise<void>;

/** Why the sequencer did not take a draft (LOG.md section 4: order is truth). */
export type AppendRefusal = 'grant_ended' | 'grant_unknown' | 'not_after';

/** The answer to an append. `leafHash` is base64. Appended means committed. */
export type Appended =
  | {
      readonly kind: 'appended';
      readonly logId: string;
      readonly seq: number;
      readonly time: string;
      readonly leafHash: string;
    }
  | { readonly kind: 'refused'; readonly reason: AppendRefusal };
