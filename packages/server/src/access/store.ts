import type { AccessRequest, Instant, RequestState } from '@gatehouse/terms';
import type { SignedStatement } from '@gatehouse/verifier';
import type { Pool, PoolClient } from 'pg';
import type { StoredCredential } from './credential.ts';
import type { Extension, RequestChange, RequestFilter, RequestRecord, StatementRecord } from './record.ts';

type Queryable = Pick<Pool | PoolClient, 'query'>;

type RequestRow = {
  id: string;
  tenant_id: string;
  log_id: string;
  source: string;
  requester: string;
  state: RequestState;
  matter: AccessRequest;
  statement_hash: string;
  raised_at: Date;
  manager_approved_at: Date | null;
  notified_at: Date | null;
  approved_at: Date | null;
  not_before: Date;
  not_after: Date;
  activated_at: Date | null;
  ends_at: Date | null;
  ended_at: Date | null;
  end_reason: string | null;
  extension: Extension | null;
  rows_used: string;
  bytes_used: string;
  statements_used: string;
};

type StatementRow = {
  hash: string;
  request_id: string;
  type: string;
  decision: string;
  key_id: string;
  person: string;
  signed: SignedStatement;
  seq: string;
  decided_at: Date;
};

/** Somebody else changed the request between reading and writing; the command reads again. */
export class RequestChangedMeanwhile extends Error {
  /** The request of that id is no longer in the state that the decision was made on. */
  constructor(id: string) {
    super(`The request ${id} was changed by somebody else in the meantime. Look at it again, then repeat.`);
    this.name = 'RequestChangedMeanwhile';
  }
}

/** Holds if two callers filed the same statement or request at once: the unique keys let one of them through (P5). */
export function filedAlready(cause: unknown): boolean {
  return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === '23505';
}

/** Adds a request. Fails on an id or a request statement that is there already. */
export async function insertRequest(db: Queryable, request: RequestRecord): Promise<void> {
  await db.query(
    `insert into access.requests (id, tenant_id, log_id, source, requester, state, matter, statement_hash,
                                  raised_at, not_before, not_after)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      request.id,
      request.tenant,
      request.logId,
      request.source,
      request.requester,
      request.state,
      JSON.stringify(request.matter),
      request.statementHash,
      timestamp(request.raisedAt),
      timestamp(request.notBefore),
      timestamp(request.notAfter),
    ],
  );
}

/** Changes a request only if it is still in `from`; else throws `RequestChangedMeanwhile` and changes nothing (INV-8c). */
export async function changeRequest(
  db: Queryable,
  id: string,
  from: RequestState,
  change: RequestChange,
): Promise<void> {
  const { rowCount } = await db.query(
    `update access.requests
        set state               = $3,
            manager_approved_at = coalesce($4, manager_approved_at),
            notified_at         = coalesce($5, notified_at),
            approved_at         = coalesce($6, approved_at),
            activated_at        = coalesce($7, activated_at),
            ends_at             = coalesce($8, ends_at),
            ended_at            = coalesce($9, ended_at),
            end_reason          = coalesce($10, end_reason),
            extension           = case when $11 then $12::jsonb else extension end
      where id = $1 and state = $2`,
    [
      id,
      from,
      change.state,
      timestamp(change.managerApprovedAt),
      timestamp(change.notifiedAt),
      timestamp(change.approvedAt),
      timestamp(change.activatedAt),
      timestamp(change.endsAt),
      timestamp(change.endedAt),
      change.endReason ?? null,
      change.extension !== undefined,
      change.extension === undefined || change.extension === null ? null : JSON.stringify(change.extension),
    ],
  );
  if (rowCount !== 1) throw new RequestChangedMeanwhile(id);
}

/** Files a statement under its request. A nonce or a statement that was used before violates a unique key. */
export async function insertStatement(db: Queryable, statement: StatementRecord): Promise<void> {
  await db.query(
    `insert into access.statements (hash, request_id, type, decision, key_id, person, nonce, signed, seq, decided_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      statement.hash,
      statement.requestId,
      statement.type,
      statement.decision,
      statement.keyId,
      statement.person,
      statement.signed.document.nonce,
      JSON.stringify(statement.signed),
      statement.seq,
      timestamp(statement.decidedAt),
    ],
  );
}

/** Holds if a statement with this nonce was used before. */
export async function nonceUsed(db: Queryable, nonce: string): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from access.statements where nonce = $1', [nonce]);
  return rowCount !== 0;
}

/** The request of that id, or null. */
export async function findRequest(db: Queryable, id: string): Promise<RequestRecord | null> {
  const { rows } = await db.query<RequestRow>('select * from access.requests where id = $1', [id]);
  const row = rows[0];
  return row === undefined ? null : requestFrom(row);
}

/** Requests, newest first. */
export async function listRequests(db: Queryable, filter: RequestFilter): Promise<readonly RequestRecord[]> {
  const { rows } = await db.query<RequestRow>(
    `select *
       from access.requests
      where ($1::text is null or tenant_id = $1)
        and ($2::text is null or requester = $2)
        and ($3::text is null or state = $3)
        and ($4::timestamptz is null or (raised_at, id) < ($4, $5))
      order by raised_at desc, id desc
      limit $6`,
    [
      filter.tenant ?? null,
      filter.requester ?? null,
      filter.state ?? null,
      timestamp(filter.before?.raisedAt),
      filter.before?.id ?? null,
      filter.most,
    ],
  );
  return rows.map(requestFrom);
}

/** Every request that is not over: what a restart has to look at. */
export async function listOpenRequests(db: Queryable): Promise<readonly RequestRecord[]> {
  const { rows } = await db.query<RequestRow>(
    `select *
       from access.requests
      where state not in ('denied', 'withdrawn', 'lapsed', 'revoked', 'completed', 'expired', 'close_failed')
      order by raised_at`,
  );
  return rows.map(requestFrom);
}

/** How many grants of that person are in use at `now`, the request `except` not counted. */
export async function countLiveGrants(db: Queryable, person: string, now: Instant, except: string): Promise<number> {
  const { rows } = await db.query<{ live: string }>(
    `select count(*) as live
       from access.requests
      where requester = $1 and id <> $2
        and state in ('active', 'extension_requested') and ends_at > $3`,
    [person, except, timestamp(now)],
  );
  return Number(rows[0]?.live ?? 0);
}

/** The statements about a request in the order of the log. */
export async function statementsOf(db: Queryable, requestId: string): Promise<readonly StatementRecord[]> {
  const { rows } = await db.query<StatementRow>(
    'select * from access.statements where request_id = $1 order by seq, hash',
    [requestId],
  );
  return rows.map((row) => ({
    hash: row.hash,
    requestId: row.request_id,
    type: row.type,
    decision: row.decision,
    keyId: row.key_id,
    person: row.person,
    signed: row.signed,
    seq: Number(row.seq),
    decidedAt: instantOf(row.decided_at),
  }));
}

/** Adds what a statement used of the grant's budgets. */
export async function addUse(
  db: Queryable,
  id: string,
  used: { readonly rows: number; readonly bytes: number; readonly statements: number },
): Promise<void> {
  await db.query(
    `update access.requests
        set rows_used = rows_used + $2, bytes_used = bytes_used + $3, statements_used = statements_used + $4
      where id = $1`,
    [id, used.rows, used.bytes, used.statements],
  );
}

/** Keeps a one-time credential of a grant; an older one that waits unused is spent by it. */
export async function insertCredential(
  db: Queryable,
  credential: StoredCredential & { id: string; requestId: string; issuedAt: Instant; expiresAt: Instant },
): Promise<void> {
  await db.query(
    `insert into access.credentials (id, request_id, salt, iterations, stored_key, server_key, issued_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      credential.id,
      credential.requestId,
      credential.salt,
      credential.iterations,
      credential.storedKey,
      credential.serverKey,
      timestamp(credential.issuedAt),
      timestamp(credential.expiresAt),
    ],
  );
}

/** The newest credential of a grant, used or not, so that its holder can be told why it no longer opens anything. */
export async function newestCredential(
  db: Queryable,
  requestId: string,
  source: string,
): Promise<(StoredCredential & { id: string }) | null> {
  const { rows } = await db.query<{
    id: string;
    salt: Buffer;
    iterations: number;
    stored_key: Buffer;
    server_key: Buffer;
  }>(
    `select c.id, c.salt, c.iterations, c.stored_key, c.server_key
       from access.credentials c join access.requests r on r.id = c.request_id
      where c.request_id = $1 and r.source = $2
      order by c.issued_at desc, c.id
      limit 1`,
    [requestId, source],
  );
  const row = rows[0];
  return row === undefined
    ? null
    : {
        id: row.id,
        salt: row.salt,
        iterations: row.iterations,
        storedKey: row.stored_key,
        serverKey: row.server_key,
      };
}

/** Spends a credential. Of many callers exactly one gets `spent`. */
export async function spendCredential(
  db: Queryable,
  id: string,
  now: Instant,
): Promise<'spent' | 'used' | 'expired' | 'unknown'> {
  const { rowCount } = await db.query(
    'update access.credentials set used_at = $2 where id = $1 and used_at is null and expires_at > $2',
    [id, timestamp(now)],
  );
  if (rowCount === 1) return 'spent';
  const { rows } = await db.query<{ used: boolean }>(
    'select used_at is not null as used from access.credentials where id = $1',
    [id],
  );
  const row = rows[0];
  if (row === undefined) return 'unknown';
  return row.used ? 'used' : 'expired';
}

function requestFrom(row: RequestRow): RequestRecord {
  return {
    id: row.id,
    tenant: row.tenant_id,
    logId: row.log_id,
    source: row.source,
    requester: row.requester,
    state: row.state,
    matter: row.matter,
    statementHash: row.statement_hash,
    raisedAt: instantOf(row.raised_at),
    managerApprovedAt: optionalInstant(row.manager_approved_at),
    notifiedAt: optionalInstant(row.notified_at),
    approvedAt: optionalInstant(row.approved_at),
    notBefore: instantOf(row.not_before),
    notAfter: instantOf(row.not_after),
    activatedAt: optionalInstant(row.activated_at),
    endsAt: optionalInstant(row.ends_at),
    endedAt: optionalInstant(row.ended_at),
    endReason: row.end_reason,
    extension: row.extension,
    rowsUsed: Number(row.rows_used),
    bytesUsed: Number(row.bytes_used),
    statementsUsed: Number(row.statements_used),
  };
}

function timestamp(at: Instant): Date;
function timestamp(at: Instant | undefined): Date | null;
function timestamp(at: Instant | undefined): Date | null {
  return at === undefined ? null : new Date(at);
}

function instantOf(date: Date): Instant {
  return date.getTime() as Instant;
}

function optionalInstant(date: Date | null): Instant | null {
  return date === null ? null : instantOf(date);
}
