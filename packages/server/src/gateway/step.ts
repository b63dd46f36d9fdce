import type { Intent, IntentReceipt, StatementOutcome, WireRefusal } from './ports.ts';
import type { JudgedStatement } from './statement-cache.ts';

/** A statement text that the client has prepared. `columns` is filled when the backend describes it. */
export type Prepared = { readonly judged: JudgedStatement; columns: readonly string[] };

/** A text bound to its parameters. */
export type Portal = { readonly prepared: Prepared; readonly params: Intent['params']; readonly size: number };

/** One run of a statement: held until its intent is durable, counted while it runs, and recorded when it ends. */
export type Run = {
  readonly intent: Intent;
  readonly prepared: Prepared | null;
  state: 'asking' | 'granted' | 'refused' | 'running' | 'ended';
  receipt: IntentReceipt | null;
  grantedAt: number;
  asked: number;
  refusal: WireRefusal | null;
  startedAt: number;
  rows: number;
  bytes: number;
  columns: readonly string[];
  tag: string | null;
  sqlstate: string | null;
  /** For each COPY of the text whether a header line comes first, and how many of them have begun. */
  readonly copyHeaders: readonly boolean[];
  copies: number;
  /** What the running COPY sends: nothing yet, a header that is due, lines, or binary rows. */
  copying: 'nothing' | 'header' | 'lines' | 'binary';
};

/** A statement that the policy does not let run, and the policy's sentence. Held until it is on record, like a run. */
export type Denied = { readonly intent: Intent; readonly why: string; recorded: boolean };

/** One message of the client on its way: judged, perhaps held, sent, answered. `refusal` marks one of our own making. */
export type Step = {
  readonly kind: 'parse' | 'bind' | 'describe' | 'close' | 'execute' | 'query' | 'sync' | 'flush' | 'poison';
  bytes: Buffer;
  start: number;
  end: number;
  readonly undo: (() => void) | null;
  readonly run: Run | null;
  readonly prepared: Prepared | null;
  refusal: WireRefusal | null;
  readonly denied: Denied | null;
};

/** Whether the backend answers this step with ReadyForQuery. */
export function isBoundary(step: Step): boolean {
  return step.kind === 'sync' || step.kind === 'query';
}

/** A run that waits for its intent. */
export function newRun(intent: Intent, copyHeaders: readonly boolean[], prepared: Prepared | null): Run {
  return {
    intent,
    prepared,
    copyHeaders,
    copies: 0,
    copying: 'nothing',
    state: 'asking',
    receipt: null,
    grantedAt: 0,
    asked: 0,
    refusal: null,
    startedAt: 0,
    rows: 0,
    bytes: 0,
    columns: [],
    tag: null,
    sqlstate: null,
  };
}

/** A COPY TO STDOUT begins (CopyOutResponse): the next of the text, with or without a header. */
export function beginCopy(run: Run, isBinary: boolean): void {
  const hasHeader = run.copyHeaders[run.copies] === true;
  run.copies += 1;
  run.copying = isBinary ? 'binary' : hasHeader ? 'header' : 'lines';
}

/**
 * Whether a CopyData of `length` bytes is a row. A header line is none. A binary COPY ends with a message of 2 bytes, or of
 * 21 with its signature where it had no row; so short a message cannot hold a value either way.
 */
export function isCopiedRow(run: Run, length: number): boolean {
  if (run.copying === 'header') {
    run.copying = 'lines';
    return false;
  }
  return run.copying !== 'binary' || (length !== binaryEnd && length !== binaryEnd + binarySignature);
}

const binaryEnd = 2;
const binarySignature = 19;

/** What the log gets to know about a run that has ended. */
export function outcomeOf(run: Run, outcome: StatementOutcome['outcome'], now: number): StatementOutcome {
  return {
    outcome,
    rows: run.rows,
    bytes: run.bytes,
    columns: run.columns.length > 0 ? run.columns : (run.prepared?.columns ?? []),
    tag: run.tag,
    sqlstate: run.sqlstate,
    durationMs: run.startedAt === 0 ? 0 : Math.max(0, now - run.startedAt),
  };
}
