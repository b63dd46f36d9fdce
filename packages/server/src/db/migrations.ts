import { readdirSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Pool, PoolClient } from 'pg';
import { DbError, messageOf } from './errors.ts';
import { inTransaction } from './transaction.ts';

/** One step of the schema: `NNNN-name.sql`. Once applied anywhere it never changes (forward only). */
export type Migration = {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
  readonly sql: string;
};

type Applied = { number: number; name: string; checksum: string };

/** The migrations that this program brings. */
export const ownMigrations = join(import.meta.dirname, 'migrations');

/** Any constant will do: it only has to be the same in every Gatehouse ("gatehous" as eight bytes). */
const advisoryLock = '7449366270286591347';

/** Reads the migrations of a folder, in order. */
function readMigrations(folder: string): readonly Migration[] {
  const migrations = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => parseMigration(folder, file));
  const twice = migrations.find((migration, index) => migrations[index + 1]?.number === migration.number);
  if (twice !== undefined) {
    throw new DbError(
      'MIGRATION_FAILED',
      `Two migrations carry the number ${twice.number}: give one of them the next free number.`,
    );
  }
  return migrations;
}

function parseMigration(folder: string, file: string): Migration {
  const parts = /^(\d{4})-([a-z0-9-]+)\.sql$/.exec(file);
  if (parts === null) {
    throw new DbError('MIGRATION_FAILED', `The migration file ${file} is not named NNNN-name.sql: rename it.`);
  }
  const sql = readFileSync(join(folder, file), 'utf8');
  const checksum = createHash('sha256').update(sql).digest('hex');
  return { number: Number(parts[1]), name: parts[2] ?? '', checksum, sql };
}

/**
 * Brings the product database to this program's schema: each missing migration in a transaction of its own, together
 * with the row that records it. Two programs at once are safe (one waits). Refuses, without changing anything, a schema
 * that a newer program made, a migration that was changed after it was applied, and one that comes too late in the order.
 */
export async function runMigrations(pool: Pool, folder: string): Promise<readonly Migration[]> {
  const migrations = readMigrations(folder);
  const client = await pool.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [advisoryLock]);
    await client.query(ledger);
    const applied = await client.query<Applied>('select number, name, checksum from db.migrations order by number');
    const pending = judge(migrations, applied.rows);
    for (const migration of pending) await applyOne(pool, migration);
    return pending;
  } finally {
    await release(client);
  }
}

const ledger = `
  create schema if not exists db;
  create table if not exists db.migrations (
    number     integer primary key,
    name       text not null,
    checksum   text not null,
    applied_at timestamptz not null default clock_timestamp()
  )`;

async function release(client: PoolClient): Promise<void> {
  try {
    await client.query('select pg_advisory_unlock($1)', [advisoryLock]);
    client.release();
  } catch (error) {
    client.release(true); // the lock ends with its connection
    throw error;
  }
}

/** Which migrations are still to run, or a refusal. */
function judge(migrations: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  const last = applied.at(-1)?.number ?? 0;
  const newest = migrations.at(-1)?.number ?? 0;
  if (last > newest) {
    throw new DbError(
      'SCHEMA_NEWER',
      `The database has schema ${last}, made by a newer Gatehouse; this program knows ${newest}: start the newer version. Nothing was changed.`,
    );
  }
  for (const row of applied) {
    const own = migrations.find((migration) => migration.number === row.number);
    if (own?.checksum !== row.checksum) {
      throw new DbError(
        'MIGRATION_CHANGED',
        `Migration ${row.number} (${row.name}) was applied to this database with other content than this program brings: use the version that applied it. Nothing was changed.`,
      );
    }
  }
  const pending = migrations.filter((migration) => !applied.some((row) => row.number === migration.number));
  const late = pending.find((migration) => migration.number < last);
  if (late === undefined) return pending;
  throw new DbError(
    'MIGRATION_OUT_OF_ORDER',
    `Migration ${late.number} (${late.name}) is missing in a database that already has ${last}: give it a number above ${last}. Nothing was changed.`,
  );
}

async function applyOne(pool: Pool, migration: Migration): Promise<void> {
  try {
    await inTransaction(pool, async (client) => {
      const before = await transactionOf(client);
      await client.query(migration.sql);
      if ((await transactionOf(client)) !== before) throw new Error('it ends its own transaction');
      await client.query('insert into db.migrations (number, name, checksum) values ($1, $2, $3)', [
        migration.number,
        migration.name,
        migration.checksum,
      ]);
    });
  } catch (cause) {
    throw new DbError(
      'MIGRATION_FAILED',
      `Migration ${migration.number} (${migration.name}) failed (${messageOf(cause)}): the database stands at the migration before it.`,
      { cause },
    );
  }
}

async function transactionOf(client: PoolClient): Promise<string> {
  const answer = await client.query<{ id: string }>('select pg_current_xact_id()::text as id');
  return answer.rows[0]?.id ?? '';
}
