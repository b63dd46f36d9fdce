import { createFrontier, type Frontier } from '@gatehouse/verifier';
import { LiveGrants } from './live-grants.ts';

/** One log as the sequencer knows it. Changed in the order of the log only; thrown away and read again when a commit fails. */
export type LogState = {
  readonly slot: number;
  readonly id: string;
  readonly origin: string;
  readonly frontier: Frontier;
  /** The next counter of each source (LOG-SPEC 3.2, `n`). */
  readonly sources: Map<string, number>;
  readonly grants: LiveGrants;
  /** Intents without outcome yet: seq to ref. */
  readonly openIntents: Map<number, string>;
};

/** A log without entries. */
export function newLogState(slot: number, id: string, origin: string): LogState {
  return {
    slot,
    id,
    origin,
    frontier: createFrontier(),
    sources: new Map(),
    grants: new LiveGrants(),
    openIntents: new Map(),
  };
}

/** Everything that the sequencer keeps in memory. */
export type SequencerState = {
  readonly logs: Map<string, LogState>;
  /** The newest time given out, epoch milliseconds. */
  lastTime: number;
  /** The number of the last committed batch. */
  batch: number;
};

/** The sequencer's time: the clock's, but never lower than the one before (LOG-SPEC 4.4). */
export function nextTime(state: SequencerState, now: number): number {
  state.lastTime = Math.max(state.lastTime, now);
  return state.lastTime;
}
