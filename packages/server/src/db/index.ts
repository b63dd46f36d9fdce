import { Pool, type PoolClient } from 'pg';
import type { Logger } from '../logger.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { productRole, superuser } from './cluster-settings.ts';
import { type ConnectionParameters, connectionParameters, poolConfig } from './connection.ts';
import { DbError, messageOf } from './errors.ts';
import { checkServer, parseDatabaseUrl } from './external.ts';
import { prepareDataDir } from './home.ts';
import { type DirectoryLock, lockDirectory } from './lock.ts';
import { type Migration, ownMigrations, runMigrations } from './migrations.ts';
import { inTransaction } from './transaction.ts';

export { Answers, type RememberedAnswer } from './answers.ts';
export type { ConnectionParameters } from './connection.ts';
export { DbError, type DbErrorCode } from './errors.ts';

/** The product's database, open. Statements on hot paths are named (`{ name, text, values }`), one name per text. */
export interface Database {
  readonly kind: 'embedded' | 'external';
  /** Connections to the product database as its owner. */
  readonly pool: Pool;
  /** Runs `work` in one transaction; resolves after the commit, rolls back when `work` throws. */
  transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T>;
  /**
   * How to reach `database` on the same server with administrator's rights: the embedded cluster's superuser, or the
   * user of `DATABASE_URL`. Hands out power over that database: never to a caller from outside.
   */
  adminUrlFor(database: string): ConnectionParameters;
  /** Whether the server answers a question now. Why not is in the log of the program. */
  answers(): Promise<boolean>;
  /** Calls `listener` once if the embedded server ends without having been asked to: from then on fail closed. */
  onExit(listener: (reason: DbError) => void): void;
  /** Lets running work finish for a few seconds, stops the embedded server (fast), gives the directory free. */
  close(): Promise<void>;
}

/** What `openDatabase` needs to know. `dataDir` is locked in both kinds, because keys and tiles live there too. */
export type OpenOptions = { readonly dataDir: string; readonly databaseUrl?: string; readonly logger: Logger };

/**
 * Opens the product's database: the embedded PostgreSQL of `dataDir`, started by us, or the server that `databaseUrl`
 * names (PostgreSQL 15 to 18). Everything acknowledged survives kill -9 of program and server. Fails with a `DbError`.
 */
export async function openDatabase(options: OpenOptions): Promise<Database> {
  const dataDir = prepareDir(options.dataDir);
  const lock = lockDirectory(dataDir);
  try {
    if (options.databaseUrl === undefined) return await openEmbedded(dataDir, lock, options.logger);
    return await openExternal(options.databaseUrl, lock, options.logger);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Brings the product database to this program's schema; returns the migrations it ran. `folder` is for tests. */
export async function migrate(database: Database, folder: string = ownMigrations): Promise<readonly Migration[]> {
  return runMigrations(database.pool, folder);
}

function prepareDir(dataDir: string): string {
  try {
    return prepareDataDir(dataDir);
  } catch (cause) {
    throw new DbError(
      'DATA_DIR_UNUSABLE',
      `The data directory ${dataDir} cannot be used (${messageOf(cause)}): name a folder that this user can write, with --data.`,
      { cause },
    );
  }
}

async function openEmbedded(dataDir: string, lock: DirectoryLock, logger: Logger): Promise<Database> {
  const cluster = await startCluster(dataDir);
  const at = (database: string, user: string): ConnectionParameters =>
    connectionParameters({ host: cluster.socketFolder, port: 5432, database, user });
  return compose({ lock, logger, cluster, own: at(productRole, productRole), other: (name) => at(name, superuser) });
}

async function openExternal(databaseUrl: string, lock: DirectoryLock, logger: Logger): Promise<Database> {
  const own = parseDatabaseUrl(databaseUrl);
  await checkServer(own);
  return compose({ lock, logger, cluster: null, own, other: (database) => connectionParameters({ ...own, database }) });
}

function compose(parts: {
  lock: DirectoryLock;
  logger: Logger;
  cluster: Cluster | null;
  own: ConnectionParameters;
  other: (database: string) => ConnectionParameters;
}): Database {
  const { lock, logger, cluster } = parts;
  const pool = new Pool(poolConfig(parts.own));
  // Without listeners a connection that breaks while nobody queries would end the program.
  let closed: Promise<void> | undefined;
  // While closing, connections end with the server that they are to: nothing to warn about.
  const noteBroken = (error: Error): void => {
    if (closed === undefined) logger.warn({ reason: error.message }, 'A database connection broke.');
  };
  pool.on('error', noteBroken);
  pool.on('connect', (client) => client.on('error', noteBroken));
  return {
    kind: cluster === null ? 'external' : 'embedded',
    pool,
    transaction: (work) => inTransaction(pool, work),
    answers: () =>
      pool.query('select 1').then(
        () => true,
        () => false,
      ),
    adminUrlFor: parts.other,
    onExit: (listener) => {
      void cluster?.exited.then((reason) => {
        if (reason !== null) listener(reason);
      });
    },
    close: () => {
      closed ??= closeAll(pool, cluster, lock);
      return closed;
    },
  };
}

/** Running transactions get 5 s; what is still open then is rolled back by the shutdown. */
async function closeAll(pool: Pool, cluster: Cluster | null, lock: DirectoryLock): Promise<void> {
  const patience = new AbortController();
  const timeUp = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 5_000);
    patience.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
  try {
    await Promise.race([pool.end(), timeUp]);
    await cluster?.stop();
  } finally {
    patience.abort();
    lock.release();
  }
}
