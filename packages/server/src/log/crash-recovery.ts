import type { Draft } from './draft.ts';
import type { SequencerState } from './log-state.ts';

/**
 * The entries that end what a killed program left open: an intent whose outcome nobody will ever report gets `unknown`, so that every
 * access has an end on record (LOG-SPEC 3.4, promise P8). Only at the start of a program: while it runs, sessions outlive a database that
 * went away, and report themselves.
 */
export function endingsOf(state: SequencerState): readonly { readonly logId: string; readonly draft: Draft }[] {
  const endings: { logId: string; draft: Draft }[] = [];
  for (const log of state.logs.values()) {
    for (const [intent, ref] of log.openIntents) {
      endings.push({ logId: log.id, draft: { type: 'access.outcome', ref, intent, outcome: 'unknown' } });
    }
  }
  return endings;
}
