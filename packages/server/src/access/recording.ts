import { type Instant, type JsonObject, type LoggedType, parseInstant } from '@gatehouse/terms';
import { type SignedStatement, statementHash } from '@gatehouse/verifier';
import type { PoolClient } from 'pg';
import type { AccessOptions } from './context.ts';
import { insertStatement, RequestChangedMeanwhile } from './store.ts';

/** Whose log and which grant an entry belongs to, and whose person its payload is about. */
export type Subject = { readonly id: string; readonly logId: string; readonly requester: string };

/** What is recorded: the entry's type and sealed payload; for the first use and for more time also the grant's end. */
export type Recorded = {
  readonly type: LoggedType;
  readonly payload: object;
  readonly grant?: { readonly notAfter: number };
};

/** Where and when an entry became durable. */
export type Durable = { readonly seq: number; readonly at: Instant };

/**
 * Appends to the tenant's log and, in the same transaction, lets `write` change the index. Either both are durable or
 * neither is (INV-6). Throws RequestChangedMeanwhile if the grant was ended or activated by somebody else.
 */
export async function recordEntry(
  { log }: AccessOptions,
  subject: Subject,
  entry: Recorded,
  write?: (client: PoolClient, durable: Durable) => Promise<void>,
): Promise<Durable> {
  const appended = await log.append(
    subject.logId,
    {
      type: entry.type,
      ref: subject.id,
      person: subject.requester,
      compartment: 'actor',
      payload: entry.payload as JsonObject,
      ...(entry.grant === undefined ? {} : { grant: entry.grant }),
    },
    write === undefined ? undefined : (client, at) => write(client, { seq: at.seq, at: timeOf(at.time) }),
  );
  // The log's order is the truth: it knows an end or an activation that the caller had not seen yet.
  if (appended.kind === 'refused') throw new RequestChangedMeanwhile(subject.id);
  return { seq: appended.seq, at: timeOf(appended.time) };
}

/** Files the statement that was acted on, with its place in the log. */
export async function fileStatement(
  client: PoolClient,
  requestId: string,
  person: string,
  signed: SignedStatement,
  { seq, at }: Durable,
): Promise<void> {
  const { document } = signed;
  await insertStatement(client, {
    hash: statementHash(document),
    requestId,
    type: document.type,
    decision: document.decision,
    keyId: document.keyId,
    person,
    signed,
    seq,
    decidedAt: at,
  });
}

function timeOf(text: string): Instant {
  const at = parseInstant(text);
  if (at === null) throw new Error(`The log gave the time ${text}; expected the form 2026-03-02T09:00:00.000Z.`);
  return at;
}
