import { isObject, parseJson } from './canonical-json.ts';
import { parseLeaf } from './entry.ts';
import { type Checked, fails, holds, show } from './finding.ts';
import { base64Hash, checkMembers, count, exactly, type Form, matching, time } from './members.ts';
import { decodeBase64 } from './base64.ts';

/** A leaf of the slot tree: where one log stands in an epoch (LOG-SPEC 4.1). Hashes are base64. */
export type SlotLeaf = {
  readonly log: string;
  readonly prev: number;
  readonly root: string;
  readonly size: number;
  readonly slot: number;
};

/** A leaf of the root log: all logs at one moment (LOG-SPEC 4.3). */
export type EpochRecord = {
  readonly epoch: number;
  readonly slotRoot: string;
  readonly slots: number;
  readonly time: string;
  readonly v: 1;
};

const positive: Form = { test: (value) => count.test(value) && value !== 0, expected: 'a whole number from 1' };
const previous: Form = { test: (value) => value === -1 || count.test(value), expected: 'the index of an epoch, or -1' };
const origin = matching(/^[a-z0-9.:/_-]{1,256}$/, 'an origin of the characters a-z 0-9 . : / _ -');

const slotLeafMembers = { log: origin, prev: previous, root: base64Hash, size: positive, slot: count };
const epochMembers = { epoch: count, slotRoot: base64Hash, slots: positive, time, v: exactly(1) };

/** Parses the stored bytes of a slot leaf: canonical form, exactly the members of LOG-SPEC 4.1. */
export function parseSlotLeaf(bytes: Uint8Array): Checked<SlotLeaf> {
  const leaf = parseLeaf(bytes, 'the slot leaf');
  if (!leaf.ok) return leaf;
  const checked = checkMembers(leaf.value, { required: slotLeafMembers }, 'SLOT_LEAF_MEMBER', 'the slot leaf');
  return checked.ok ? holds(leaf.value as unknown as SlotLeaf) : checked;
}

/** Parses the stored bytes of an epoch record: canonical form, exactly the members of LOG-SPEC 4.3. */
export function parseEpochRecord(bytes: Uint8Array): Checked<EpochRecord> {
  const leaf = parseLeaf(bytes, 'the epoch record');
  if (!leaf.ok) return leaf;
  const checked = checkMembers(leaf.value, { required: epochMembers }, 'EPOCH_RECORD_MEMBER', 'the epoch record');
  return checked.ok ? holds(leaf.value as unknown as EpochRecord) : checked;
}

/** One change of a delta: the new leaf of a slot, and the proof that the log only grew. */
export type SlotChange = { readonly slot: number; readonly leaf: Uint8Array; readonly proof: readonly Uint8Array[] };

/** What changed in the slot tree from one epoch to the next (LOG-SPEC 4.5). */
export type Delta = { readonly epoch: number; readonly changes: readonly SlotChange[] };

/** Parses the JSON of a delta; slots must ascend. */
export function parseDelta(text: string): Checked<Delta> {
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  const { v, epoch, changes } = isObject(parsed.value) ? parsed.value : {};
  if (v !== 1 || typeof epoch !== 'number' || !count.test(epoch) || !Array.isArray(changes)) {
    return fails('DELTA_MALFORMED', 'The delta is not an object of v (1), epoch and changes.');
  }
  const read: SlotChange[] = [];
  for (const change of changes) {
    const { slot, leaf, proof } = isObject(change) ? change : {};
    const bytes = typeof leaf === 'string' ? decodeBase64(leaf) : null;
    const hashes = Array.isArray(proof)
      ? proof.map((hash) => (typeof hash === 'string' ? decodeBase64(hash) : null))
      : [null];
    if (
      typeof slot !== 'number' ||
      !count.test(slot) ||
      bytes === null ||
      !hashes.every((hash) => hash?.length === 32)
    ) {
      return fails(
        'DELTA_MALFORMED',
        `The delta of epoch ${epoch} has a change ${show(change)}; expected slot, leaf and proof.`,
      );
    }
    if (slot <= (read.at(-1)?.slot ?? -1))
      return fails(
        'DELTA_MALFORMED',
        `In the delta of epoch ${epoch}, slot ${slot} does not come after the one before.`,
      );
    read.push({ slot, leaf: bytes, proof: hashes.filter((hash) => hash !== null) });
  }
  return holds({ epoch, changes: read });
}
