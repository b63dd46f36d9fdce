import { encodeBase64, formatTime } from '@gatehouse/verifier';
import type { PoolClient } from 'pg';
import { admit, follow, opensGrant } from './admission.ts';
import type { Appended, Draft, Place, Write } from './draft.ts';
import { type EntryBytes, makeEntry } from './entry-bytes.ts';
import { LogError } from './errors.ts';
import { type LogState, newLogState, nextTime, type SequencerState } from './log-state.ts';
import { originOf, sourceNameOf } from './names.ts';
import type { SealedDraft } from './sealer.ts';
import { appendBatch, type BatchRows } from './store.ts';

/** An append that waits for its turn. `opens` names the log that it opens. */
export type Waiting = {
  readonly logId: string;
  readonly draft: Draft | ((slot: number) => Draft);
  readonly opens: boolean;
  readonly sealed: SealedDraft | null;
  readonly write: Write | null;
  readonly resolve: (answer: Appended) => void;
  readonly reject: (reason: unknown) => void;
};

/** What a batch stands on. */
export type BatchPorts = {
  readonly client: PoolClient;
  readonly fence: number;
  readonly operatorName: string;
  readonly now: () => number;
};

/** How each append of a batch will be answered once the batch is known to be committed. */
export type Answers = (() => void)[];

type Mutable<Rows> = { -readonly [Name in keyof Rows]: Rows[Name] extends readonly (infer Row)[] ? Row[] : never };
type Head = { readonly log: LogState; readonly oldSize: number };

/**
 * Appends a batch in one transaction. `answers` is filled while the batch is made, and may be given once it is committed: when this
 * resolves, or when the database is found to have it. When it throws, the state in memory is ahead of the database and must be read again.
 */
export async function commitBatch(
  waiting: readonly Waiting[],
  state: SequencerState,
  ports: BatchPorts,
  answers: Answers,
): Promise<void> {
  const inTransaction = waiting.some(
    ({ write, draft }) => write !== null || (typeof draft === 'object' && opensGrant(draft)),
  );
  if (inTransaction) await ports.client.query('begin');
  const batch = new Batch(state, ports, answers);
  for (const one of waiting) await batch.take(one);
  await batch.append();
  if (inTransaction) {
    const ended = await ports.client.query('commit');
    if (ended.command !== 'COMMIT') throw new Error('the transaction was rolled back: a statement in it had failed');
  }
  batch.committed();
}

class Batch {
  readonly #answers: Answers;
  readonly #state: SequencerState;
  readonly #ports: BatchPorts;
  readonly #heads = new Map<string, Head>();
  readonly #keys = new Map<string, SealedDraft['sealingKey']>();
  readonly #rows: Mutable<Omit<BatchRows, 'heads'>> = { opened: [], entries: [], sealingKeys: [], sealed: [] };

  constructor(state: SequencerState, ports: BatchPorts, answers: Answers) {
    this.#state = state;
    this.#ports = ports;
    this.#answers = answers;
  }

  /** Gives one draft its place, or an answer without one. Throws only when the whole batch cannot go on. */
  async take(one: Waiting): Promise<void> {
    const log = one.opens ? this.#newLog(one.logId) : this.#state.logs.get(one.logId);
    if (log === undefined) {
      const fault = new LogError('LOG_UNKNOWN', `There is no log ${JSON.stringify(one.logId.slice(0, 40))}.`);
      this.#answers.push(() => one.reject(fault));
      return;
    }
    const draft = typeof one.draft === 'function' ? one.draft(log.slot) : one.draft;
    let made: { entry: EntryBytes; src: string | null; at: Place } | null;
    try {
      made = await this.#make(one, draft, log);
    } catch (error) {
      if (!(error instanceof LogError) || error.code !== 'LOG_DRAFT_INVALID') throw error;
      this.#answers.push(() => one.reject(error));
      return;
    }
    if (made === null || (one.write !== null && !(await this.#write(one, one.write, made.at)))) return;
    this.#keep({ one, draft, log, ...made });
  }

  async #make(
    one: Waiting,
    draft: Draft,
    log: LogState,
  ): Promise<{ entry: EntryBytes; src: string | null; at: Place } | null> {
    const now = nextTime(this.#state, this.#ports.now());
    const refusal = await admit(log, draft, now, this.#ports.client);
    if (refusal !== null) {
      this.#answers.push(() => one.resolve({ kind: 'refused', reason: refusal }));
      return null;
    }
    const src = sourceOf(draft, this.#ports.operatorName);
    const at = { logId: log.id, seq: log.frontier.size, time: formatTime(now) };
    const n = src === null ? 0 : (log.sources.get(src) ?? 0);
    const { cmt, kid } = one.sealed ?? { cmt: null, kid: null };
    return { entry: makeEntry(draft, { ...at, cmt, kid, src, n }), src, at };
  }

  /** Runs the caller's own writes in a savepoint; when they fail the draft takes no seq. */
  async #write(one: Waiting, write: Write, at: Place): Promise<boolean> {
    const { client } = this.#ports;
    await client.query('savepoint draft');
    try {
      await write(client, at);
      // Fails here, not at the batch's end, when the caller swallowed the error of a statement.
      await client.query('release savepoint draft');
      return true;
    } catch (error) {
      await client.query('rollback to savepoint draft; release savepoint draft');
      this.#answers.push(() => one.reject(error));
      return false;
    }
  }

  #keep(made: { one: Waiting; draft: Draft; log: LogState; entry: EntryBytes; src: string | null; at: Place }): void {
    const { one, draft, log, entry, src, at } = made;
    const { slot } = log;
    const { seq, time } = at;
    if (one.opens) {
      this.#state.logs.set(log.id, log);
      this.#rows.opened.push({ slot, id: log.id });
    }
    if (!this.#heads.has(log.id)) this.#heads.set(log.id, { log, oldSize: seq });
    log.frontier.append(entry.hash);
    if (src !== null) log.sources.set(src, (log.sources.get(src) ?? 0) + 1);
    follow(log, draft, seq);
    this.#rows.entries.push({ slot, seq, type: draft.type, ref: draft.ref, intent: draft.intent, leaf: entry.leaf });
    if (one.sealed !== null) this.#keepSealed(one.sealed, slot, seq);
    this.#answers.push(() =>
      one.resolve({ kind: 'appended', logId: log.id, seq, time, leafHash: encodeBase64(entry.hash) }),
    );
  }

  #keepSealed({ envelope, sealingKey }: SealedDraft, slot: number, seq: number): void {
    const { sk, wrap, nonce, data } = envelope;
    this.#rows.sealed.push({ slot, seq, sk, wrap, nonce, data });
    if (sealingKey.stored || this.#keys.has(sk)) return;
    this.#keys.set(sk, sealingKey);
    this.#rows.sealingKeys.push({ slot, document: sealingKey.document });
  }

  async append(): Promise<void> {
    if (this.#rows.entries.length === 0) return;
    const heads = [...this.#heads.values()].map(({ log, oldSize }) => ({
      slot: log.slot,
      oldSize,
      newSize: log.frontier.size,
      subtrees: log.frontier.subtrees,
      sources: log.sources,
    }));
    const { fence, client } = this.#ports;
    const { batch, lastTime } = this.#state;
    await appendBatch(client, { fence, batch: batch + 1, time: lastTime }, { ...this.#rows, heads });
  }

  committed(): void {
    if (this.#rows.entries.length > 0) this.#state.batch++;
    for (const key of this.#keys.values()) key.stored = true;
  }

  #newLog(logId: string): LogState {
    return newLogState(this.#state.logs.size, logId, originOf(this.#ports.operatorName, logId));
  }
}

/** Entries about access are counted per source (LOG-SPEC 3.2): a gap is a finding of the customer's verifier. */
function sourceOf({ src, type }: Draft, operatorName: string): string | null {
  if (src !== undefined) return src;
  return type.startsWith('access.') ? sourceNameOf(operatorName, 'api') : null;
}
