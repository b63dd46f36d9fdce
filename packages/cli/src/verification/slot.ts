import {
  type Checked,
  decodeBase64,
  leafHash,
  parseSlotLeaf,
  type SlotLeaf,
  verifyInclusion,
} from '@gatehouse/verifier';
import type { LogFiles } from './files.ts';
import { hashBytes } from './files.ts';
import { epochRecord, type Root } from './root.ts';

/** Where a log stands in an epoch, proved by the root log, and the time of that epoch. */
export type ProvedSlot = { readonly leaf: SlotLeaf; readonly epoch: number; readonly time: string };

/** Proves the slot of a log in an epoch: the leaf is in the slot tree that the epoch's record commits to (LOG-SPEC 4.8, 9 point 2). */
export async function proveSlot(
  files: LogFiles,
  root: Root,
  { logId, epoch }: { logId: string; epoch: number },
): Promise<Checked<ProvedSlot>> {
  const record = await epochRecord(root, epoch);
  if (!record.ok) return record;
  const path = `t/${logId}/slot/${epoch}`;
  const bytes = await files.read(path);
  const said = bytes === null ? null : parsed(bytes);
  if (said === null) return malformed(path, 'is not there or is not JSON');
  const { slot, slots, slotLeaf, slotProof } = said;
  const leafBytes = typeof slotLeaf === 'string' ? decodeBase64(slotLeaf) : null;
  const proof = Array.isArray(slotProof) ? slotProof.map(hashBytes) : [null];
  if (
    typeof slot !== 'number' ||
    slots !== record.value.slots ||
    leafBytes === null ||
    !proof.every((hash) => hash !== null)
  ) {
    return malformed(path, 'is no slot proof of that epoch');
  }
  const leaf = parseSlotLeaf(leafBytes);
  if (!leaf.ok) return leaf;
  const origin = `${root.operatorName}/t/${logId}`;
  if (leaf.value.log !== origin || leaf.value.slot !== slot) {
    return {
      ok: false,
      finding: {
        code: 'SLOT_MEMBER',
        message: `The slot leaf of epoch ${epoch} is of ${leaf.value.log}, slot ${leaf.value.slot}; asked was about ${origin}, slot ${slot}.`,
        index: epoch,
      },
    };
  }
  const included = verifyInclusion({
    leafHash: leafHash(leafBytes),
    index: slot,
    size: record.value.slots,
    proof,
    root: decodeBase64(record.value.slotRoot) ?? new Uint8Array(),
  });
  if (!included.ok)
    return {
      ok: false,
      finding: {
        ...included.finding,
        message: `The slot of ${origin} in epoch ${epoch}: ${included.finding.message}`,
        index: epoch,
      },
    };
  return { ok: true, value: { leaf: leaf.value, epoch, time: record.value.time } };
}

/**
 * Follows the chain of `prev` back from a slot, to the epoch that was checked last time or to the log's first: at each epoch
 * named, the leaf is this log's, in the same slot, with fewer entries (LOG-SPEC 9, point 8). Returns how many epochs it passed.
 */
export async function checkChain(
  files: LogFiles,
  root: Root,
  { logId, from, until }: { logId: string; from: ProvedSlot; until: number },
): Promise<Checked<number>> {
  let [newer, links] = [from.leaf, 0];
  while (newer.prev >= 0 && newer.prev > until) {
    const older = await proveSlot(files, root, { logId, epoch: newer.prev });
    if (!older.ok) return older;
    const { leaf } = older.value;
    if (leaf.slot !== newer.slot || leaf.size >= newer.size || leaf.prev >= newer.prev) {
      return {
        ok: false,
        finding: {
          code: 'SLOT_PREV',
          message: `In epoch ${newer.prev} the log has ${leaf.size} entries in slot ${leaf.slot}; expected fewer than ${newer.size} in slot ${newer.slot}.`,
          index: newer.prev,
        },
      };
    }
    newer = leaf;
    links += 1;
  }
  return { ok: true, value: links };
}

function parsed(bytes: Uint8Array): { readonly [name: string]: unknown } | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? (value as { readonly [name: string]: unknown }) : null;
  } catch {
    // Not JSON: the caller says so with the path.
    return null;
  }
}

function malformed(path: string, how: string): Checked<never> {
  return { ok: false, finding: { code: 'FILE_MISSING', message: `The file ${path} ${how}.`, file: path } };
}
