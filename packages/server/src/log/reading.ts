import { type Custodian, CustodianError, type Opened, type Right } from '@gatehouse/custodian';
import { type Entry, parseEntry } from '@gatehouse/verifier';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { damaged, valueOf } from './damaged.ts';
import { codeOf } from './errors.ts';
import type { LogState } from './log-state.ts';
import { isLogId } from './names.ts';
import { type Queryable, readLeaves, readSealed } from './store.ts';

/** A committed entry: its exact bytes as text (printable ASCII), and parsed. */
export type CommittedEntry = { readonly seq: number; readonly leaf: string; readonly entry: Entry };

/** What became of a payload (LOG-SPEC 5.6), with the payload if it is open. */
export type PayloadAnswer =
  | ({ readonly kind: 'open' } & Opened)
  /** The entry has none. */
  | { readonly kind: 'none' }
  /** The envelope is there, but no custodian here opens it. */
  | { readonly kind: 'sealed' }
  /** There is a commitment and no envelope: erased, or lost; the erasure entries say which. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'unknown_entry' };

/** More are not read at once: an answer that does not fit into memory is no answer. */
const entriesAtOnce = 10_000;

/** The committed entries from `from` (inclusive) to `to` (exclusive), at most 10,000, checked against the rules of one entry. */
export async function readEntriesOf(
  db: Queryable,
  log: LogState,
  from: number,
  to: number,
): Promise<readonly CommittedEntry[]> {
  const first = Math.max(0, from);
  const leaves = await readLeaves(db, log.slot, first, Math.min(to, first + entriesAtOnce));
  return leaves.map((leaf, at) => {
    const seq = first + at;
    return { seq, leaf, entry: valueOf(parseEntry(Buffer.from(leaf, 'utf8'), seq)) };
  });
}

/** Opens the payload of entry `seq` at the custodian, which records the right first. */
export async function openPayload(
  db: Queryable,
  custodian: Pick<Custodian, 'open'>,
  at: { readonly log: LogState; readonly seq: number; readonly right: Right },
): Promise<PayloadAnswer> {
  const { log, seq, right } = at;
  const found = await readSealed(db, log.slot, seq);
  if (found === null) return { kind: 'unknown_entry' };
  const entry = valueOf(parseEntry(Buffer.from(found.leaf, 'utf8'), seq));
  const { cmt, kid } = entry;
  if (cmt === undefined || kid === undefined) return { kind: 'none' };
  if (found.envelope === null) return { kind: 'gone' };
  if (found.sealingKey === null) throw damaged(`entry ${seq} of ${log.id} was sealed with a key that is not stored`);
  const envelope = { v: 1 as const, kid, ...found.envelope };
  try {
    const opened = await custodian.open(
      { origin: log.origin, entry, envelope, sealingKey: found.sealingKey },
      { right },
    );
    return { kind: 'open', ...opened };
  } catch (error) {
    if (error instanceof CustodianError && error.code === 'COMPARTMENT_UNKNOWN') return { kind: 'sealed' };
    throw error;
  }
}

const treeFile = /^(checkpoint|tile\/(entries|[0-9]|[1-5][0-9])\/(x[0-9]{3}\/){0,5}[0-9]{3}(\.p\/[1-9][0-9]{0,2})?)$/;

/**
 * The bytes of a published file by its path below the operator's prefix (LOG-SPEC 8.1), or null. Only the names of the format are
 * looked up, so no path leads out of the folder.
 */
export async function readPublished(folder: string, path: string): Promise<Uint8Array | null> {
  if (!isPublishedPath(path)) return null;
  try {
    return await readFile(join(folder, path));
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR' || codeOf(error) === 'EISDIR') return null;
    throw error;
  }
}

function isPublishedPath(path: string): boolean {
  if (path === 'vkeys') return true;
  const parts = path.split('/');
  if (parts[0] === 'root') return treeFile.test(parts.slice(1).join('/'));
  if (parts[0] !== 't' || !isLogId(parts[1] ?? '')) return false;
  const rest = parts.slice(2).join('/');
  return rest === 'vkey' || treeFile.test(rest);
}
