import {
  consistencyRanges,
  encodeBase64,
  formatTlogProof,
  inclusionProof,
  policyOf,
  proveInclusion,
  rangeHash,
  readFolder,
  verifyBundle,
  type JsonObject,
} from '@gatehouse/verifier';
import { join } from 'node:path';
import { damaged, valueOf } from './damaged.ts';
import { type EpochSnapshot, readSlots, type SlotState } from './epoch-cutter.ts';
import type { LogKeys } from './keys.ts';
import { originOf, prefixOf, rootOriginOf } from './names.ts';
import type { Published } from './publisher.ts';
import { type Queryable, readLeaves, readSlotChanges } from './store.ts';

/** What proofs are made from. */
export type ProofPorts = {
  readonly db: Queryable;
  readonly folder: string;
  readonly operatorName: string;
  readonly keys: LogKeys;
};

/** An evidence bundle as JSON (LOG-SPEC 6.1), or why there is none yet. */
export type BundleAnswer =
  | { readonly kind: 'bundle'; readonly bundle: JsonObject }
  | { readonly kind: 'entry_not_in_epoch' }
  | { readonly kind: 'unknown_entry' };

/** Makes the bundle of entry `seq` of the log in `slot` from the newest published epoch, and verifies it as a customer would before it leaves. */
export async function makeBundle(
  { db, folder, operatorName, keys }: ProofPorts,
  { snapshot, rootCheckpoint }: Published,
  at: { readonly slot: number; readonly logId: string; readonly seq: number },
): Promise<BundleAnswer> {
  const state = snapshot.slots[at.slot];
  const [leaf] = await readLeaves(db, at.slot, at.seq, at.seq + 1);
  if (leaf === undefined) return { kind: 'unknown_entry' };
  if (state === undefined || at.seq >= state.size) return { kind: 'entry_not_in_epoch' };
  const log = { read: readFolder(join(folder, prefixOf(at.logId))), size: state.size };
  const root = { read: readFolder(join(folder, 'root')), size: snapshot.epoch + 1 };
  const bundle = {
    v: 1,
    entry: base64Of(leaf),
    seq: at.seq,
    size: state.size,
    proof: valueOf(await proveInclusion(log, at.seq)).map(encodeBase64),
    slotLeaf: base64Of(state.leaf),
    slot: at.slot,
    slots: snapshot.slots.length,
    slotProof: slotProofOf(snapshot, at.slot),
    epoch: base64Of(snapshot.record),
    rootProof: formatTlogProof({
      index: snapshot.epoch,
      hashes: valueOf(await proveInclusion(root, snapshot.epoch)),
      checkpoint: rootCheckpoint,
    }),
  };
  const policy = policyOf({ logs: [keys.of(rootOriginOf(operatorName)).vkey] });
  const verified = await verifyBundle(JSON.stringify(bundle), { policy, origin: originOf(operatorName, at.logId) });
  if (!verified.ok)
    throw damaged(`the bundle of entry ${at.seq} of ${at.logId} does not verify (${verified.finding.message})`);
  return { kind: 'bundle', bundle };
}

/** The resource `t/<id>/slot/<e>` (LOG-SPEC 4.8); null when the log had no slot in that epoch. `epoch` must be published. */
export async function makeSlotProof(db: Queryable, slot: number, epoch: number): Promise<JsonObject | null> {
  const slots = await readSlots(db, epoch);
  const state = slots[slot];
  if (state === undefined) return null;
  return {
    v: 1,
    epoch,
    slot,
    slots: slots.length,
    slotLeaf: base64Of(state.leaf),
    slotProof: slotProofOf({ slots }, slot),
  };
}

/** The resource `root/delta/<e>` (LOG-SPEC 4.5), for slot auditors only. `epoch` is at most the published one. */
export async function makeDelta(ports: ProofPorts, { snapshot }: Published, epoch: number): Promise<JsonObject> {
  const changes: JsonObject[] = [];
  for (const { slot, leaf, before } of await readSlotChanges(ports.db, epoch)) {
    const published = snapshot.slots[slot];
    if (published === undefined) throw damaged(`epoch ${epoch} wrote slot ${slot}, which the newest one has not`);
    const sizes = { from: before === null ? 0 : sizeOf(before), to: sizeOf(leaf) };
    changes.push({ slot, leaf: base64Of(leaf), proof: await growthProof(ports, published, sizes) });
  }
  return { v: 1, epoch, changes };
}

/** PROOF(from, D[to]) from the newest published tiles: the partial ones of a size in between may never have been written. */
async function growthProof(
  { folder, operatorName }: ProofPorts,
  { origin, size }: SlotState,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<string[]> {
  const tree = { read: readFolder(join(folder, origin.slice(operatorName.length + 1))), size };
  const proof: string[] = [];
  for (const range of consistencyRanges(from, to)) proof.push(encodeBase64(valueOf(await rangeHash(tree, range))));
  return proof;
}

function sizeOf(leaf: string): number {
  return (JSON.parse(leaf) as { size: number }).size;
}

function slotProofOf({ slots }: Pick<EpochSnapshot, 'slots'>, slot: number): string[] {
  return inclusionProof(
    slots.map(({ hash }) => hash),
    slot,
  ).map(encodeBase64);
}

function base64Of(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
