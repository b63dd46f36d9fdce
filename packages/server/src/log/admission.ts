import { grantEnds } from '@gatehouse/verifier';
import type { PoolClient } from 'pg';
import type { AppendRefusal, Draft } from './draft.ts';
import { invalidDraft } from './entry-bytes.ts';
import type { LogState } from './log-state.ts';
import { grantHasHistory } from './store.ts';

/** The types whose place in the order needs a look into the stored entries: a grant is opened once. */
export function opensGrant(draft: Draft): boolean {
  return draft.type === 'access.activated';
}

/**
 * Whether the log takes `draft` at `now`: an intent or an extension needs an open grant before its end, an activation a ref that was
 * never opened or ended. Null is yes. Throws `LOG_DRAFT_INVALID` for what no order could make right.
 */
export async function admit(
  log: LogState,
  draft: Draft,
  now: number,
  client: PoolClient,
): Promise<AppendRefusal | null> {
  const { type, ref, grant } = draft;
  if (type === 'access.intent') return log.grants.refusalOf(required(draft, ref, 'ref'), now);
  if (type === 'access.extended') {
    required(draft, grant, 'grant');
    return log.grants.refusalOf(required(draft, ref, 'ref'), now);
  }
  if (type === 'access.outcome') checkOutcome(log, draft);
  if (grantEnds.has(type)) required(draft, ref, 'ref');
  return opensGrant(draft) ? admitActivation(log, draft, now, client) : null;
}

async function admitActivation(
  log: LogState,
  draft: Draft,
  now: number,
  client: PoolClient,
): Promise<AppendRefusal | null> {
  const ref = required(draft, draft.ref, 'ref');
  if (now >= required(draft, draft.grant, 'grant').notAfter) return 'not_after';
  // In this batch, not committed yet, or in one before.
  if (log.grants.has(ref) || (await grantHasHistory(client, log.slot, ref, [...grantEnds]))) return 'grant_ended';
  return null;
}

function checkOutcome(log: LogState, draft: Draft): void {
  const intent = required(draft, draft.intent, 'intent');
  const ref = log.openIntents.get(intent);
  if (ref === undefined) throw invalidDraft(draft.type, `intent ${intent} is not open; each intent ends once.`);
  if (ref !== draft.ref) throw invalidDraft(draft.type, `intent ${intent} is of another ref.`);
}

function required<Value>(draft: Draft, value: Value | undefined, name: string): Value {
  if (value === undefined) throw invalidDraft(draft.type, `it lacks "${name}".`);
  return value;
}

/** What an appended draft changes in the order. */
export function follow(log: LogState, draft: Draft, seq: number): void {
  const { type, ref, grant, intent } = draft;
  if (ref !== undefined && type === 'access.activated' && grant !== undefined) log.grants.open(ref, grant.notAfter);
  if (ref !== undefined && type === 'access.extended' && grant !== undefined) log.grants.extend(ref, grant.notAfter);
  if (ref !== undefined && grantEnds.has(type)) log.grants.end(ref);
  if (ref !== undefined && type === 'access.intent') log.openIntents.set(seq, ref);
  if (type === 'access.outcome' && intent !== undefined) log.openIntents.delete(intent);
}
