import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { type Answers, commitBatch, type Waiting } from './batch.ts';
import { LogError, messageOf } from './errors.ts';
import { loadState } from './load-state.ts';
import type { SequencerState } from './log-state.ts';
import { takeOver, type Writer } from './writer.ts';

/** What the sequencer stands on. */
export type SequencerPorts = {
  readonly pool: Pool;
  readonly operatorName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: SequencerLimits;
};

/** Bounds of the sequencer; see `defaultLimits`. */
export type SequencerLimits = {
  readonly batchMost: number;
  readonly queueMost: number;
  /** A batch that takes longer is given up: its connection is closed, and what became of it is read again. */
  readonly batchMs: number;
  /** How long the callers of a batch whose answer was lost wait for the truth. */
  readonly doubtMs: number;
  readonly lockPatienceMs: number;
};

/**
 * 2,048 entries a batch keep one commit below about 100 ms here. 16,384 waiting ones are under two seconds of work: more would only
 * turn a refusal now into a refusal later. 12 s is above the 10 s after which PostgreSQL cuts a statement off.
 */
export const defaultLimits: SequencerLimits = {
  batchMost: 2_048,
  queueMost: 16_384,
  batchMs: 12_000,
  doubtMs: 5_000,
  lockPatienceMs: 3_000,
};

/** Between two batches: the state is what is committed, and the connection is free. */
export type Between = { readonly client: PoolClient; readonly fence: number; readonly state: SequencerState };

type BetweenWork = {
  readonly run: (at: Between) => Promise<void>;
  readonly reject: (reason: Error) => void;
};

/** A batch whose answer was lost: committed, or not? */
type Doubt = {
  readonly batch: number;
  readonly waiting: readonly Waiting[];
  readonly answers: Answers;
  readonly giveUpAt: number;
};

/**
 * The single writer of every log (LOG.md section 4). One batch at a time; a batch is what arrived while the one before committed.
 * Callers are answered only after their commit. After any failure everything in memory is read again before the next batch.
 */
export class Sequencer {
  readonly #ports: SequencerPorts;
  #writer: Writer | null;
  #state: SequencerState;
  #queue: Waiting[] = [];
  #between: BetweenWork[] = [];
  #stopping = false;
  #damage: LogError | null = null;
  #running: Promise<void> | null = null;
  readonly #stopped = new AbortController();

  private constructor(ports: SequencerPorts, writer: Writer, state: SequencerState) {
    this.#ports = ports;
    this.#writer = writer;
    this.#state = state;
  }

  /** Becomes the writer and reads the logs. Throws `LOG_ALREADY_OPEN`, `LOG_DAMAGED` or what the database says. */
  static async start(ports: SequencerPorts): Promise<Sequencer> {
    const writer = await takeOver(ports.pool, ports.limits.lockPatienceMs);
    try {
      return new Sequencer(ports, writer, await loadState(writer.client, writer.found));
    } catch (error) {
      writer.close();
      throw error;
    }
  }

  /** Committed state and, while a batch is in flight, what it is about to commit: for lookups of ids and origins only. */
  get state(): SequencerState {
    return this.#state;
  }

  /** Whether an append would be taken now. */
  get accepting(): boolean {
    return this.#writer !== null && !this.#stopping && this.#damage === null;
  }

  /** Throws what an append would be answered with, if it would not be taken now. */
  checkAccepting(): void {
    if (this.#stopping) throw new LogError('LOG_STOPPED', 'The log is stopping and takes no more entries.');
    if (this.#damage !== null) throw this.#damage;
    if (this.#writer === null) throw unavailable('the database connection is being restored');
  }

  /** Queues an append; it is answered through `resolve` and `reject`. Throws when it is not taken at all. */
  enqueue(waiting: Waiting): void {
    this.checkAccepting();
    if (this.#queue.length >= this.#ports.limits.queueMost) {
      throw new LogError(
        'LOG_QUEUE_FULL',
        `${this.#queue.length} entries wait to be appended, which is the bound: ask again in a moment.`,
      );
    }
    this.#queue.push(waiting);
    this.#start();
  }

  /** Runs `work` when no batch is in flight. Rejects with what `work` throws, after reading everything again. */
  between<Result>(work: (at: Between) => Promise<Result>): Promise<Result> {
    if (!this.accepting) return Promise.reject(unavailable('the sequencer is not running'));
    return new Promise((resolve, reject) => {
      const run = async (at: Between): Promise<void> => {
        try {
          resolve(await work(at));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          throw error;
        }
      };
      this.#between.push({ run, reject });
      this.#start();
    });
  }

  /** Refuses every append from now on, because of `damage`; for good. */
  halt(damage: LogError): void {
    this.#damage = damage;
  }

  /** Takes no more, finishes what is queued, gives the lock back. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#stopped.abort();
    await this.#running;
    this.#writer?.close();
    this.#writer = null;
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      // What came in between the last look at the queue and here.
      if (this.#writer !== null && (this.#queue.length > 0 || this.#between.length > 0)) this.#start();
    });
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0 || this.#between.length > 0) {
      const writer = this.#writer;
      if (writer === null) return;
      const work = this.#between.shift();
      if (work === undefined) await this.#runBatch(writer);
      else await this.#runBetween(writer, work);
    }
  }

  async #runBetween(writer: Writer, work: BetweenWork): Promise<void> {
    try {
      await this.#bounded(work.run({ client: writer.client, fence: writer.fence, state: this.#state }));
    } catch (error) {
      await this.#recover(writer, null, error);
    }
  }

  async #runBatch(writer: Writer): Promise<void> {
    const waiting = this.#queue.splice(0, this.#ports.limits.batchMost);
    const { client, fence } = writer;
    const { operatorName, clock, limits } = this.#ports;
    const batch = this.#state.batch + 1;
    const answers: Answers = [];
    try {
      const ports = { client, fence, operatorName, now: () => clock.now() };
      await this.#bounded(commitBatch(waiting, this.#state, ports, answers));
    } catch (error) {
      await this.#recover(writer, { batch, waiting, answers, giveUpAt: performance.now() + limits.doubtMs }, error);
      return;
    }
    for (const answer of answers) answer();
  }

  /** A database that does not answer must not hold every caller for ever. */
  async #bounded<Result>(work: Promise<Result>): Promise<Result> {
    const { batchMs } = this.#ports.limits;
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the database did not answer within ${batchMs} ms`)), batchMs);
    });
    try {
      return await Promise.race([work, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * After a failed commit nothing in memory is believed. The connection is closed, a new writer reads the heads, and the number of the
   * last committed batch says whether the lost one is in. Until then every append is refused.
   */
  async #recover(broken: Writer, doubt: Doubt | null, reason: unknown): Promise<void> {
    this.#writer = null;
    broken.close();
    this.#ports.logger.error({ reason: messageOf(reason) }, 'A commit of the log failed; reading the log again.');
    this.#refuseQueued(reason);
    let open = doubt;
    let fence = broken.fence;
    for (let wait = 20; ; wait = Math.min(wait * 2, 1_000)) {
      try {
        const writer = await takeOver(this.#ports.pool, 0);
        const alone = writer.fence === fence + 1;
        fence = alone ? writer.fence : -1;
        await this.#adopt(writer);
        if (open !== null) settle(open, alone ? writer.found.batch : null, reason);
        return;
      } catch (error) {
        if (open !== null && (performance.now() >= open.giveUpAt || this.#stopping)) {
          rejectAll(open.waiting, outcomeUnknown(error));
          open = null;
        }
        if (this.#stopping) return;
        await this.#pause(wait);
      }
    }
  }

  async #adopt(writer: Writer): Promise<void> {
    try {
      this.#state = await loadState(writer.client, writer.found);
      this.#writer = writer;
    } catch (error) {
      writer.close();
      throw error;
    }
  }

  async #pause(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.#stopped.signal });
    } catch (error) {
      if (!this.#stopping) throw error; // an aborted pause is how stopping wakes us
    }
  }

  #refuseQueued(reason: unknown): void {
    const fault = unavailable('the batch before could not be committed', reason);
    rejectAll(this.#queue, fault);
    for (const { reject } of this.#between) reject(fault);
    this.#queue = [];
    this.#between = [];
  }
}

/**
 * Tells the callers of a lost batch what the database knows. Batch numbers decide only while no other program was the writer in
 * between; if one was, nobody can tell from a number.
 */
function settle({ batch, waiting, answers }: Doubt, committed: number | null, reason: unknown): void {
  if (committed === null) return rejectAll(waiting, outcomeUnknown(reason));
  if (committed < batch) return rejectAll(waiting, unavailable('the batch could not be committed', reason));
  for (const answer of answers) answer();
}

function rejectAll(waiting: readonly Waiting[], fault: LogError): void {
  for (const { reject } of waiting) reject(fault);
}

function unavailable(what: string, cause?: unknown): LogError {
  return new LogError(
    'LOG_UNAVAILABLE',
    `Nothing was appended to the log: ${what}. Without a record there is no access; ask again when the log is back.`,
    { cause },
  );
}

function outcomeUnknown(cause: unknown): LogError {
  return new LogError(
    'LOG_OUTCOME_UNKNOWN',
    'The database did not say in time whether the entry was appended: treat it as not done, and read the log when it is back.',
    { cause },
  );
}
