import { openCheckpoint, proveConsistency, rangeHash, readFolder, verifyConsistency } from '@gatehouse/verifier';
import { damaged, valueOf } from './damaged.ts';
import { LogError } from './errors.ts';
import type { LogKeys } from './keys.ts';
import type { LockFile, Signed } from './lock-file.ts';

/** A state that wants to be signed: `root` is what the sequencer believes, `folder` where the tiles are. */
export type ToSign = {
  readonly origin: string;
  readonly folder: string;
  readonly size: number;
  readonly root: Uint8Array;
};

/**
 * Signs checkpoints, and only such that LOG-SPEC 2.8 allows: the root is computed again from the stored tiles, the tree of the last
 * signed checkpoint is a prefix of it, and the own signature verifies. What is to be signed stands in the lock file first, so that after
 * any crash or restore no second root is signed for a size.
 */
export async function signAll(
  wanted: readonly ToSign[],
  { keys, lock }: { readonly keys: LogKeys; readonly lock: LockFile },
): Promise<ReadonlyMap<string, string>> {
  for (const state of wanted) await checkState(state, lock.of(state.origin));
  await lock.advance(new Map(wanted.map(({ origin, size, root }): [string, Signed] => [origin, { size, root }])));
  const notes = new Map<string, string>();
  for (const { origin, size, root } of wanted) {
    const key = keys.of(origin);
    const note = key.sign({ size, root });
    const opened = await openCheckpoint(Buffer.from(note, 'utf8'), { logs: [key.vkey] });
    if (!opened.ok) throw damaged(`our own signature of ${origin} does not verify (${opened.finding.message})`);
    notes.set(origin, note);
  }
  return notes;
}

async function checkState({ origin, folder, size, root }: ToSign, last: Signed | null): Promise<void> {
  const tree = { read: readFolder(folder), size };
  const stored = valueOf(await rangeHash(tree, { start: 0, end: size }));
  if (!Buffer.from(stored).equals(root)) {
    throw damaged(
      `the stored tiles of ${origin} give another root for size ${size} than the entries that were committed`,
    );
  }
  if (last === null) return;
  if (last.size > size) throw behind(origin, last.size, size);
  const proof = valueOf(await proveConsistency(tree, last.size));
  valueOf(verifyConsistency({ oldSize: last.size, oldRoot: last.root, newSize: size, newRoot: root, proof }));
}

/** The database has less than what was signed. */
export function behind(origin: string, signed: number, found: number): LogError {
  return new LogError(
    'LOG_BEHIND_LOCK',
    `The log ${origin} was signed with ${signed} entries and the database has ${found}: it was rolled back or is another one. Nothing is signed on top of it; bring the newer database back.`,
  );
}
