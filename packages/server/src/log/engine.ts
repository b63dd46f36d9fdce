import { CustodianError, type Custodian, type Right } from '@gatehouse/custodian';
import { grantEnds, type JsonObject, parseTime } from '@gatehouse/verifier';
import type { Pool } from 'pg';
import type { Appended, Draft, Write } from './draft.ts';
import { invalidDraft } from './entry-bytes.ts';
import type { Epochs } from './epochs.ts';
import { LogError } from './errors.ts';
import type { Log, LogHealth } from './log.ts';
import type { LogState } from './log-state.ts';
import { operatorLogId, originOf, rootOriginOf, sourceNameOf } from './names.ts';
import type { Identity } from './open.ts';
import { type BundleAnswer, makeBundle, makeDelta, makeSlotProof, type ProofPorts } from './proofs.ts';
import type { Publisher } from './publisher.ts';
import type { Random } from './random.ts';
import { type CommittedEntry, openPayload, type PayloadAnswer, readEntriesOf, readPublished } from './reading.ts';
import type { SealedDraft, Sealer } from './sealer.ts';
import type { Sequencer } from './sequencer.ts';
import { grantHasHistory } from './store.ts';

/** The parts that the engine joins. */
export type EngineParts = {
  readonly pool: Pool;
  readonly folder: string;
  readonly identity: Identity;
  readonly random: Random;
  readonly custodian: Custodian;
  readonly sealer: Sealer;
  readonly sequencer: Sequencer;
  readonly publisher: Publisher;
  readonly epochs: Epochs;
};

/** The log, joined from its parts. */
export class Engine implements Log {
  readonly operatorName: string;
  readonly rootVkey: string;
  readonly #parts: EngineParts;
  readonly #proofs: ProofPorts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { operatorName, keys } = parts.identity;
    this.operatorName = operatorName;
    this.rootVkey = keys.of(rootOriginOf(operatorName)).vkeyText;
    this.#proofs = { db: parts.pool, folder: parts.folder, operatorName, keys };
  }

  async append(logId: string, draft: Draft, write?: Write): Promise<Appended> {
    const log = this.#logOf(logId);
    this.#parts.sequencer.checkAccepting();
    const sealed = draft.payload === undefined ? null : await this.#seal(log, draft, draft.payload);
    const answer = await this.#enqueue({ logId, draft, opens: false, sealed, write: write ?? null });
    if (answer.kind === 'refused' && answer.reason === 'grant_unknown' && draft.ref !== undefined) {
      const { pool } = this.#parts;
      const ended = await grantHasHistory(pool, log.slot, draft.ref, [...grantEnds]);
      return ended ? { kind: 'refused', reason: 'grant_ended' } : answer;
    }
    return answer;
  }

  async openTenantLog(write?: Write): Promise<string> {
    const logId = Buffer.from(this.#parts.random(16)).toString('hex');
    await this.openLog(logId, write);
    return logId;
  }

  /** Opens a log of this id: entry 0, and the next slot. */
  async openLog(logId: string, write?: Write): Promise<void> {
    const origin = originOf(this.operatorName, logId);
    const vkey = this.#parts.identity.keys.of(origin).vkeyText;
    const draft = (slot: number): Draft => ({ type: 'log.open', fields: { origin, slot, vkey, keep: 0 } });
    await this.#enqueue({ logId, draft, opens: true, sealed: null, write: write ?? null });
  }

  logs(): readonly string[] {
    return [...this.#parts.sequencer.state.logs.keys()];
  }

  size(logId: string): number {
    return this.#logOf(logId).frontier.size;
  }

  originOf(logId: string): string {
    return originOf(this.operatorName, logId);
  }

  vkeyOf(logId: string): string {
    return this.#parts.identity.keys.of(this.#logOf(logId).origin).vkeyText;
  }

  sourceName(component: string): string {
    return sourceNameOf(this.operatorName, component);
  }

  async entries(logId: string, from: number, to: number): Promise<readonly CommittedEntry[]> {
    return readEntriesOf(this.#parts.pool, this.#logOf(logId), from, to);
  }

  async payload(logId: string, seq: number, right?: Right): Promise<PayloadAnswer> {
    const { pool, custodian } = this.#parts;
    const by = right ?? { kind: 'own_log', person: `log ${logId}` };
    return openPayload(pool, custodian, { log: this.#logOf(logId), seq, right: by });
  }

  async checkpoint(logId: string): Promise<string | null> {
    const path = logId === 'root' ? 'root/checkpoint' : `t/${logId}/checkpoint`;
    const bytes = await this.file(path);
    return bytes === null ? null : Buffer.from(bytes).toString('utf8');
  }

  async newestRoot(logId: string): Promise<{ origin: string; size: number; root: string } | null> {
    const { publisher } = this.#parts;
    const log = this.#logOf(logId);
    const state = publisher.published?.snapshot.slots[log.slot];
    if (state === undefined) return null;
    return { origin: state.origin, size: state.size, root: Buffer.from(state.root).toString('base64') };
  }

  async file(path: string): Promise<Uint8Array | null> {
    return readPublished(this.#parts.folder, path);
  }

  async bundle(logId: string, seq: number): Promise<BundleAnswer> {
    const { slot } = this.#logOf(logId);
    const { published } = this.#parts.publisher;
    if (published === null) return { kind: 'entry_not_in_epoch' };
    return makeBundle(this.#proofs, published, { slot, logId, seq });
  }

  async slot(logId: string, epoch: number): Promise<JsonObject | null> {
    const { slot } = this.#logOf(logId);
    return this.#isPublished(epoch) ? makeSlotProof(this.#parts.pool, slot, epoch) : null;
  }

  async delta(epoch: number): Promise<JsonObject | null> {
    const { published } = this.#parts.publisher;
    return published !== null && this.#isPublished(epoch) ? makeDelta(this.#proofs, published, epoch) : null;
  }

  health(): LogHealth {
    const { sequencer, epochs, publisher } = this.#parts;
    const signingFault = epochs.fault;
    return {
      accepting: sequencer.accepting,
      signing: signingFault === null,
      fault: signingFault ?? (sequencer.accepting ? null : 'The log takes no entries at the moment.'),
      publishedEpoch: publisher.published?.snapshot.epoch ?? null,
      publishedAt: publishedAt(publisher),
    };
  }

  async stop(): Promise<void> {
    await this.#parts.epochs.stop();
    await this.#parts.sequencer.stop();
  }

  #logOf(logId: string): LogState {
    const log = this.#parts.sequencer.state.logs.get(logId);
    if (log === undefined) throw new LogError('LOG_UNKNOWN', `There is no log ${JSON.stringify(logId.slice(0, 40))}.`);
    return log;
  }

  #isPublished(epoch: number): boolean {
    const newest = this.#parts.publisher.published?.snapshot.epoch ?? -1;
    return Number.isSafeInteger(epoch) && epoch >= 0 && epoch <= newest;
  }

  #enqueue(waiting: {
    readonly logId: string;
    readonly draft: Draft | ((slot: number) => Draft);
    readonly opens: boolean;
    readonly sealed: SealedDraft | null;
    readonly write: Write | null;
  }): Promise<Appended> {
    return new Promise((resolve, reject) => this.#parts.sequencer.enqueue({ ...waiting, resolve, reject }));
  }

  async #seal(log: LogState, draft: Draft, payload: JsonObject): Promise<SealedDraft> {
    const { slot, origin } = log;
    const of = { slot, origin, kind: draft.compartment ?? 'actor', person: draft.person ?? operatorLogId };
    try {
      return await this.#parts.sealer.seal(payload, of);
    } catch (error) {
      if (error instanceof TypeError || (error instanceof CustodianError && error.code === 'PAYLOAD_TOO_LARGE')) {
        throw invalidDraft(draft.type, error.message);
      }
      throw new LogError(
        'LOG_UNAVAILABLE',
        'Nothing was appended to the log: its payload could not be sealed. Ask again when database and custodian are back.',
        { cause: error },
      );
    }
  }
}

function publishedAt(publisher: Publisher): number | null {
  const record = publisher.published?.snapshot.record;
  return record === undefined ? null : parseTime((JSON.parse(record) as { time: string }).time);
}
