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
};

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
};

/** Whether the backend answers this step with ReadyForQuery. */
export function isBoundary(step: Step): boolean {
  return step.kind === 'sync' || step.kind === 'query';
}

/** A run that waits for its intent. */
export function newRun(intent: Intent, prepared: Prepared | null): Run {
  return {
    intent,
    prepared,
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
