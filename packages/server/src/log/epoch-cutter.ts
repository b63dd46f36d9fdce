import {
  canonicalJson,
  createFrontier,
  encodeBase64,
  formatTime,
  type Frontier,
  leafHash,
  treeRoot,
} from '@gatehouse/verifier';
import type { Clock } from '../clock.ts';
import { damaged } from './damaged.ts';
import { nextTime } from './log-state.ts';
import type { Between } from './sequencer.ts';
import { cutEpoch, readDeployment, readEpochs, readSlotLeavesAt, type Queryable } from './store.ts';

/** Where one log stands in an epoch: the slot leaf (LOG-SPEC 4.1) as bytes and as values. */
export type SlotState = {
  readonly slot: number;
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly leaf: string;
  readonly hash: Uint8Array;
  /** The epoch that wrote the leaf. */
  readonly writtenIn: number;
};

/** All logs at one epoch, and the root log with that epoch in it. */
export type EpochSnapshot = {
  readonly epoch: number;
  readonly record: string;
  readonly slots: readonly SlotState[];
  /** The root of the root log of size `epoch` + 1. */
  readonly root: Uint8Array;
};

/**
 * Cuts epochs: fixes where every log stands, in one transaction (LOG-SPEC 4). Slot leaves are written for the logs that grew, and
 * only for them; with nothing grown an epoch is cut as a heartbeat only.
 */
export class EpochCutter {
  readonly #clock: Clock;
  readonly #heartbeatMs: number;
  #slots: readonly SlotState[];
  #frontier: Frontier;
  #lastTime: number;

  private constructor(ports: { clock: Clock; heartbeatMs: number }, loaded: Loaded) {
    this.#clock = ports.clock;
    this.#heartbeatMs = ports.heartbeatMs;
    this.#slots = loaded.slots;
    this.#frontier = loaded.frontier;
    this.#lastTime = loaded.lastTime;
  }

  /** Reads the newest epoch; throws `LOG_DAMAGED` when its record does not fit the slot leaves. */
  static async load(
    db: Queryable,
    ports: { readonly clock: Clock; readonly heartbeatMs: number },
  ): Promise<{ cutter: EpochCutter; newest: EpochSnapshot | null }> {
    const loaded = await load(db);
    return { cutter: new EpochCutter(ports, loaded), newest: loaded.newest };
  }

  /** Cuts the next epoch if there is a reason to; null when there is none. Runs between two batches. */
  async cut({ client, fence, state }: Between): Promise<EpochSnapshot | null> {
    const epoch = this.#frontier.size;
    const grown: SlotState[] = [];
    for (const { slot, origin, frontier } of state.logs.values()) {
      const before = this.#slots[slot];
      if (frontier.size === before?.size) continue;
      grown.push(makeSlot({ slot, origin, size: frontier.size, root: frontier.root(), writtenIn: epoch }, before));
    }
    const time = nextTime(state, this.#clock.now());
    if (grown.length === 0 && time - this.#lastTime < this.#heartbeatMs) return null;
    const slots = [...this.#slots];
    for (const slot of grown) slots[slot.slot] = slot;
    const slotRoot = encodeBase64(treeRoot(slots.map(({ hash }) => hash)));
    const record = canonicalJson({ epoch, slotRoot, slots: slots.length, time: formatTime(time), v: 1 });
    const next = this.#frontier.copy();
    next.append(leafHash(Buffer.from(record, 'utf8')));
    await cutEpoch(client, { fence, epoch, time, record, subtrees: next.subtrees, leaves: grown });
    [this.#slots, this.#frontier, this.#lastTime] = [slots, next, time];
    return { epoch, record, slots, root: next.root() };
  }

  /** After a cut that failed: nobody knows whether it was committed, so the newest epoch is read again. */
  async reload(db: Queryable): Promise<EpochSnapshot | null> {
    const loaded = await load(db);
    [this.#slots, this.#frontier, this.#lastTime] = [loaded.slots, loaded.frontier, loaded.lastTime];
    return loaded.newest;
  }
}

type Loaded = {
  readonly slots: readonly SlotState[];
  readonly frontier: Frontier;
  readonly lastTime: number;
  readonly newest: EpochSnapshot | null;
};

async function load(db: Queryable): Promise<Loaded> {
  const deployment = await readDeployment(db);
  const epochs = deployment?.epochs ?? 0;
  const frontier = createFrontier({ size: epochs, subtrees: deployment?.epochSubtrees ?? [] });
  if (epochs === 0) return { slots: [], frontier, lastTime: Number.NEGATIVE_INFINITY, newest: null };
  const slots = await readSlots(db, epochs - 1);
  const [record] = await readEpochs(db, epochs - 1, epochs);
  if (record === undefined) throw damaged(`the record of epoch ${epochs - 1} is missing`);
  const { slotRoot, time } = JSON.parse(record) as { slotRoot: string; time: string };
  if (encodeBase64(treeRoot(slots.map(({ hash }) => hash))) !== slotRoot) {
    throw damaged(`the slot leaves of epoch ${epochs - 1} do not hash to its record`);
  }
  return {
    slots,
    frontier,
    lastTime: Date.parse(time),
    newest: { epoch: epochs - 1, record, slots, root: frontier.root() },
  };
}

/** The slots as epoch `epoch` has them, read from the stored leaves. */
export async function readSlots(db: Queryable, epoch: number): Promise<readonly SlotState[]> {
  const rows = await readSlotLeavesAt(db, epoch);
  return rows.map(({ slot, epoch: writtenIn, leaf }, at) => {
    if (slot !== at) throw damaged(`epoch ${epoch} has no leaf for slot ${at}`);
    const { log, size, root } = JSON.parse(leaf) as { log: string; size: number; root: string };
    const hash = leafHash(Buffer.from(leaf, 'utf8'));
    return { slot, origin: log, size, root: Buffer.from(root, 'base64'), leaf, hash, writtenIn };
  });
}

function makeSlot(at: Omit<SlotState, 'leaf' | 'hash'>, before: SlotState | undefined): SlotState {
  const { origin, slot, size, root } = at;
  const leaf = canonicalJson({
    log: origin,
    prev: before?.writtenIn ?? -1,
    root: encodeBase64(root),
    size,
    slot,
  });
  return { ...at, leaf, hash: leafHash(Buffer.from(leaf, 'utf8')) };
}
