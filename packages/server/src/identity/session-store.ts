import { instant, type Instant } from '@gatehouse/terms';
import type { Pool, PoolClient } from 'pg';
import type { DirectoryId } from './directory.ts';

type Queryable = Pick<Pool | PoolClient, 'query'>;

/** A session as stored: who it speaks for, by which key of which directory. */
export type StoredSession = {
  readonly directory: DirectoryId;
  readonly person: string;
  readonly keyId: string;
  readonly via: 'key_proof' | 'portal_code';
  readonly openedAt: Instant;
};

/** A one-time code as stored. */
export type StoredCode = Pick<StoredSession, 'directory' | 'person' | 'keyId'>;

type SessionRow = {
  directory: DirectoryId;
  person: string;
  key_id: string;
  via: StoredSession['via'];
  opened_at: Date;
};

/** Remembers a used proof; false if it was used before. Two uses at once cannot both be the first. */
export async function rememberProof(db: Queryable, id: Uint8Array, forgetAt: Instant): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into identity.proofs (id, forget_at)
     values ($1, $2)
     on conflict do nothing`,
    [id, new Date(forgetAt)],
  );
  return rowCount === 1;
}

/** Writes a new session under the hash of its token. */
export async function insertSession(db: Queryable, tokenHash: Uint8Array, session: StoredSession): Promise<void> {
  await db.query(
    `insert into identity.sessions (token_hash, directory, person, key_id, via, opened_at, last_used_at)
     values ($1, $2, $3, $4, $5, $6, $6)`,
    [tokenHash, session.directory, session.person, session.keyId, session.via, new Date(session.openedAt)],
  );
}

/** Counts a use of a session that is still open by all three limits, in one statement; null if it is not or is unknown.
 * A use that lies in the future is one from before the clock went back: nobody knows how long ago that was. */
export async function useSession(
  db: Queryable,
  tokenHash: Uint8Array,
  limits: {
    readonly now: Instant;
    readonly openedAfter: Instant;
    readonly usedAfter: Instant;
    readonly usedUntil: Instant;
  },
): Promise<StoredSession | null> {
  const { rows } = await db.query<SessionRow>({
    name: 'identity.use_session',
    text: `update    identity.sessions
           set       last_used_at = $2
           where     token_hash = $1
           and       ended_at is null
           and       opened_at > $3
           and       last_used_at > $4
           and       last_used_at <= $5
           returning directory, person, key_id, via, opened_at`,
    values: [tokenHash, limits.now, limits.openedAfter, limits.usedAfter, limits.usedUntil].map((value) =>
      typeof value === 'number' ? new Date(value) : value,
    ),
  });
  const row = rows[0];
  if (row === undefined) return null;
  return {
    directory: row.directory,
    person: row.person,
    keyId: row.key_id,
    via: row.via,
    openedAt: instant(row.opened_at.getTime()),
  };
}

/** Ends a session for good, so that it does not come back when the clock does; false if there never was one. */
export async function endSession(db: Queryable, tokenHash: Uint8Array, at: Instant): Promise<boolean> {
  const { rowCount } = await db.query(
    `update identity.sessions
     set    ended_at = coalesce(ended_at, $2)
     where  token_hash = $1`,
    [tokenHash, new Date(at)],
  );
  return rowCount === 1;
}

/** Writes a one-time code under its hash. */
export async function insertCode(
  db: Queryable,
  codeHash: Uint8Array,
  code: StoredCode,
  endsAt: Instant,
): Promise<void> {
  await db.query(
    `insert into identity.portal_codes (code_hash, directory, person, key_id, ends_at)
     values ($1, $2, $3, $4, $5)`,
    [codeHash, code.directory, code.person, code.keyId, new Date(endsAt)],
  );
}

/** Spends a code; null if it is unknown, used or over. Two redemptions at once cannot both succeed. */
export async function spendCode(db: Queryable, codeHash: Uint8Array, now: Instant): Promise<StoredCode | null> {
  const { rows } = await db.query<{ directory: DirectoryId; person: string; key_id: string }>(
    `update    identity.portal_codes
     set       used_at = $2
     where     code_hash = $1 and used_at is null and ends_at > $2
     returning directory, person, key_id`,
    [codeHash, new Date(now)],
  );
  const row = rows[0];
  return row === undefined ? null : { directory: row.directory, person: row.person, keyId: row.key_id };
}

/** Drops what can no longer matter. Housekeeping only: nothing relies on it, every limit is checked at use. */
export async function forgetOld(
  db: Queryable,
  limits: { readonly now: Instant; readonly sessionsBefore: Instant },
): Promise<void> {
  await db.query('delete from identity.proofs where forget_at < $1', [new Date(limits.now)]);
  await db.query('delete from identity.portal_codes where ends_at < $1', [new Date(limits.now)]);
  await db.query('delete from identity.sessions where opened_at < $1', [new Date(limits.sessionsBefore)]);
}
