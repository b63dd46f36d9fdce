import { createFrontier, grantEnds, parseEntry, parseTime } from '@gatehouse/verifier';
import { damaged } from './damaged.ts';
import { LiveGrants } from './live-grants.ts';
import type { LogState, SequencerState } from './log-state.ts';
import { originOf } from './names.ts';
import { type Deployment, type Queryable, readGrantEntries, readHeads, readOpenIntents } from './store.ts';

/** Reads what the sequencer keeps in memory from the committed entries. Throws `LOG_DAMAGED` when they do not fit together. */
export async function loadState(db: Queryable, deployment: Deployment): Promise<SequencerState> {
  const bySlot: LogState[] = [];
  for (const head of await readHeads(db)) {
    if (head.slot !== bySlot.length) throw damaged(`slot ${bySlot.length} is missing`);
    if (head.stored !== head.size) {
      throw damaged(`log ${head.id} should have ${head.size} entries and the last one stored is ${head.stored - 1}`);
    }
    bySlot.push({
      slot: head.slot,
      id: head.id,
      origin: originOf(deployment.operatorName, head.id),
      frontier: frontierOf(head),
      sources: new Map(head.sources),
      grants: new LiveGrants(),
      openIntents: new Map(),
    });
  }
  await loadGrants(db, bySlot);
  for (const { slot, seq, ref } of await readOpenIntents(db)) bySlot[slot]?.openIntents.set(seq, ref);
  return {
    logs: new Map(bySlot.map((log) => [log.id, log])),
    lastTime: deployment.lastTime,
    batch: deployment.batch,
  };
}

function frontierOf({ id, size, subtrees }: { id: string; size: number; subtrees: readonly Uint8Array[] }) {
  try {
    return createFrontier({ size, subtrees });
  } catch (cause) {
    throw damaged(`the head of log ${id} does not fit its size ${size}`, cause);
  }
}

/** The grants as the entries say, not as a column says: their `notAfter` stands in the bytes that are hashed. */
async function loadGrants(db: Queryable, bySlot: readonly LogState[]): Promise<void> {
  for (const { slot, leaf } of await readGrantEntries(db, [...grantEnds])) {
    const bytes = Buffer.from(leaf, 'utf8');
    const { seq } = JSON.parse(leaf) as { seq: number };
    const entry = parseEntry(bytes, seq);
    if (!entry.ok) throw damaged(`entry ${seq} of slot ${slot}: ${entry.finding.message}`);
    const { ref, type, notAfter } = entry.value as { ref?: string; type: string; notAfter?: string };
    const until = parseTime(notAfter);
    if (ref === undefined || until === null) throw damaged(`entry ${seq} of slot ${slot} opens a grant without an end`);
    if (type === 'access.activated') bySlot[slot]?.grants.open(ref, until);
    else bySlot[slot]?.grants.extend(ref, until);
  }
}
