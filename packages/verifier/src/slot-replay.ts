import { decodeBase64, encodeBase64 } from './base64.ts';
import { type Delta, type EpochRecord, parseSlotLeaf, type SlotChange, type SlotLeaf } from './epoch.ts';
import { type Checked, fails, type Finding, holds } from './finding.ts';
import { leafHash, treeRoot, verifyConsistency } from './merkle.ts';
import type { Primitives } from './primitives.ts';

/** A slot as the last epoch left it, and the epoch that wrote its leaf. */
export type Slot = { readonly leaf: SlotLeaf; readonly hash: Uint8Array; readonly writtenIn: number };

/**
 * Replays the slot tree epoch by epoch (LOG-SPEC 4.6): what a slot auditor does before it cosigns, and what shows that
 * no log ever shrank, forked, moved or was left out. An epoch that fails leaves the state as it was.
 */
export class SlotReplay {
  readonly #primitives: Primitives;
  #slots: readonly Slot[] = [];
  #logs: ReadonlySet<string> = new Set();
  #last: EpochRecord | null = null;

  constructor(primitives: Primitives) {
    this.#primitives = primitives;
  }

  /** The slots as the last epoch left them, by index. */
  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /** The last epoch that held; null before the first. */
  get last(): EpochRecord | null {
    return this.#last;
  }

  /** Takes the next epoch in, or says why it must be rejected. */
  apply(delta: Delta, record: EpochRecord): Checked<null> {
    const epoch = this.#last === null ? 0 : this.#last.epoch + 1;
    if (record.epoch !== epoch || delta.epoch !== epoch) {
      return fails(
        'EPOCH_INDEX',
        `The record says epoch ${record.epoch} and the delta ${delta.epoch}; expected ${epoch}.`,
        { index: epoch },
      );
    }
    const slots = [...this.#slots];
    const logs = new Set(this.#logs);
    for (const change of delta.changes) {
      const next = this.#change(change, slots, logs);
      if (!next.ok) return { ok: false, finding: { ...next.finding, index: epoch } };
      slots[change.slot] = { ...next.value, writtenIn: epoch };
      logs.add(next.value.leaf.log);
    }
    const problem = this.#checkRecord(record, slots);
    if (problem !== null) return { ok: false, finding: { ...problem, index: epoch } };
    this.#slots = slots;
    this.#logs = logs;
    this.#last = record;
    return holds(null);
  }

  #change(
    { slot, leaf: bytes, proof }: SlotChange,
    slots: readonly Slot[],
    logs: ReadonlySet<string>,
  ): Checked<Omit<Slot, 'writtenIn'>> {
    const parsed = parseSlotLeaf(bytes);
    if (!parsed.ok) return parsed;
    const leaf = parsed.value;
    if (leaf.slot !== slot) return fails('SLOT_MEMBER', `The leaf of slot ${slot} says slot ${leaf.slot}.`);
    if (slot > slots.length)
      return fails(
        'SLOT_SKIPPED',
        `Slot ${slot} is used while slot ${slots.length} is free; slots are given in order.`,
      );
    const old = slots[slot];
    const hash = leafHash(this.#primitives, bytes);
    if (old !== undefined) {
      const grown = this.#checkGrowth(old, leaf, proof);
      return grown.ok ? holds({ leaf, hash }) : grown;
    }
    if (leaf.prev !== -1)
      return fails('SLOT_PREV', `The first leaf of slot ${slot} has prev ${leaf.prev}; expected -1.`);
    if (proof.length > 0)
      return fails(
        'PROOF_LENGTH',
        `The first leaf of slot ${slot} comes with a proof of ${proof.length} hashes; expected none.`,
      );
    if (logs.has(leaf.log))
      return fails('SLOT_LOG_TWICE', `The log ${leaf.log} has a slot already and is given slot ${slot} too.`);
    return holds({ leaf, hash });
  }

  #checkGrowth(old: Slot, leaf: SlotLeaf, proof: readonly Uint8Array[]): Checked<null> {
    if (leaf.log !== old.leaf.log)
      return fails(
        'SLOT_TAKEN',
        `Slot ${leaf.slot} of ${old.leaf.log} was given to ${leaf.log}; a slot is never given again.`,
      );
    if (leaf.size < old.leaf.size)
      return fails('LOG_SHRANK', `The log ${leaf.log} went back from ${old.leaf.size} to ${leaf.size} entries.`);
    if (leaf.size === old.leaf.size)
      return fails('SLOT_NOT_GROWN', `The leaf of ${leaf.log} was written again at the same size ${leaf.size}.`);
    if (leaf.prev !== old.writtenIn)
      return fails(
        'SLOT_PREV',
        `The leaf of slot ${leaf.slot} has prev ${leaf.prev}; the leaf before was written in epoch ${old.writtenIn}.`,
      );
    return verifyConsistency(this.#primitives, {
      oldSize: old.leaf.size,
      oldRoot: bytesOf(old.leaf.root),
      newSize: leaf.size,
      newRoot: bytesOf(leaf.root),
      proof,
    });
  }

  #checkRecord(record: EpochRecord, slots: readonly Slot[]): Finding | null {
    if (record.slots !== slots.length)
      return {
        code: 'SLOT_COUNT',
        message: `The epoch record counts ${record.slots} slots; the replay has ${slots.length}.`,
      };
    // Texts of one fixed form: their order is that of time.
    if (this.#last !== null && record.time < this.#last.time) {
      return {
        code: 'EPOCH_TIME',
        message: `The epoch's time ${record.time} is before ${this.#last.time} of the epoch before.`,
      };
    }
    const root = encodeBase64(
      treeRoot(
        this.#primitives,
        slots.map(({ hash }) => hash),
      ),
    );
    if (root === record.slotRoot) return null;
    return {
      code: 'SLOT_ROOT',
      message: `The slot root of the record is ${record.slotRoot}; the replay gives ${root}: a change is missing or made up.`,
    };
  }
}

/** The bytes of a hash whose form is checked already. */
function bytesOf(hash: string): Uint8Array {
  return decodeBase64(hash) ?? new Uint8Array(32);
}
