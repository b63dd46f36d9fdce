import type { SignedStatement } from '@gatehouse/verifier';
import type { Pool, PoolClient } from 'pg';
import type { DirectoryId } from './directory.ts';

type Queryable = Pick<Pool | PoolClient, 'query'>;

/** The log of a directory and its statements in order, as text: equal text needs no second replay. */
export type StoredDirectory = { readonly logId: string; readonly statements: readonly string[] };

/** The rows of a directory; null if there are none at all. What they say is checked by the replay, not here. */
export async function storedDirectory(db: Queryable, id: DirectoryId): Promise<StoredDirectory | null> {
  const { rows } = await db.query<{ log_id: string; signed: string | null }>({
    name: 'identity.stored_directory',
    text: `select    directories.log_id, statements.signed::text as signed
           from      identity.directories
           left join identity.statements on statements.directory = directories.id
           where     directories.id = $1
           order by  statements.position`,
    values: [id],
  });
  const first = rows[0];
  if (first === undefined) return null;
  return { logId: first.log_id, statements: rows.flatMap((row) => (row.signed === null ? [] : [row.signed])) };
}

/** Writes a directory that begins; false if it exists already. */
export async function insertDirectory(db: Queryable, id: DirectoryId, logId: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into identity.directories (id, log_id)
     values ($1, $2)
     on conflict do nothing`,
    [id, logId],
  );
  return rowCount === 1;
}

/** Writes the next statement of a directory; false if its place is taken or the same statement stands anywhere. */
export async function insertStatement(
  db: Queryable,
  next: {
    readonly directory: DirectoryId;
    readonly position: number;
    readonly hash: string;
    readonly seq: number;
    readonly signed: SignedStatement;
  },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into identity.statements (directory, position, hash, seq, signed)
     values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [next.directory, next.position, next.hash, next.seq, JSON.stringify(next.signed)],
  );
  return rowCount === 1;
}

/** Notes where to look for a key; false if another enrolment has it. */
export async function insertKey(db: Queryable, keyId: string, directory: DirectoryId): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into identity.keys (key_id, directory)
     values ($1, $2)
     on conflict do nothing`,
    [keyId, directory],
  );
  return rowCount === 1;
}

/** The directory to look in for a key; null if none is known. */
export async function directoryOfKey(db: Queryable, keyId: string): Promise<DirectoryId | null> {
  const { rows } = await db.query<{ directory: DirectoryId }>({
    name: 'identity.directory_of_key',
    text: 'select directory from identity.keys where key_id = $1',
    values: [keyId],
  });
  return rows[0]?.directory ?? null;
}
