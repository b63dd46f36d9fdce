import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer } from 'node:net';
import { Client } from 'pg';
import { accountFor, spawnAs } from '../src/db/account.ts';
import { type Database, migrate, openDatabase } from '../src/db/index.ts';
import { stderrLogger } from '../src/logger.ts';

/** A temporary folder that an unprivileged PostgreSQL can enter. `remove` deletes it. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  chmodSync(path, 0o711);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** An embedded database of its own in a temporary folder. `close` stops it and removes the folder. */
export type TestDatabase = { readonly database: Database; readonly dataDir: string; close(): Promise<void> };

/**
 * Starts an embedded cluster (about 1 s) with the product's schema, or without it (`migrated: false`).
 * For `beforeAll`/`afterAll`; for a single test see `withCluster`.
 */
export async function openTestDatabase(options: { migrated?: boolean } = {}): Promise<TestDatabase> {
  const folder = temporaryFolder();
  try {
    const database = await openDatabase({ dataDir: join(folder.path, 'data'), logger: stderrLogger('silent') });
    const close = async (): Promise<void> => {
      await database.close();
      folder.remove();
    };
    try {
      if (options.migrated !== false) await migrate(database);
    } catch (error) {
      await close();
      throw error;
    }
    return { database, dataDir: join(folder.path, 'data'), close };
  } catch (error) {
    folder.remove();
    throw error;
  }
}

/** Lends an embedded cluster with the product's schema for the time of `work`. */
export async function withCluster<T>(work: (database: Database, dataDir: string) => Promise<T>): Promise<T> {
  const test = await openTestDatabase();
  try {
    return await work(test.database, test.dataDir);
  } finally {
    await test.close();
  }
}

const debian15 = '/usr/lib/postgresql/15/bin';

/** Null, or the sentence to print when tests against Debian's PostgreSQL 15 are skipped. */
export const debian15Missing: string | null = existsSync(join(debian15, 'postgres'))
  ? null
  : `Debian's PostgreSQL 15 is not installed (${debian15}): apt-get install postgresql-15`;

/** A Debian PostgreSQL 15 of its own. `url` logs in as the superuser `admin`, over TCP with a password. */
export type Debian15 = {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly password: string;
  urlOf(database: string): string;
  close(): Promise<void>;
};

/** Starts Debian's PostgreSQL 15 on a free loopback port in a temporary folder, as an unprivileged user. */
export async function startDebian15(): Promise<Debian15> {
  const folder = temporaryFolder();
  const account = accountFor(null);
  const data = join(folder.path, 'data');
  const port = await freePort();
  const password = 'correct horse';
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(join(folder.path, 'password'), password, { mode: 0o644 });
  if (process.getuid?.() === 0) chownSync(data, account.uid, account.gid);
  const as = { ...spawnAs(account), cwd: data, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' } };
  const initdb = ['-D', data, '-U', 'admin', '--auth=scram-sha-256', `--pwfile=${join(folder.path, 'password')}`];
  execFileSync(join(debian15, 'initdb'), [...initdb, '--encoding=UTF8', '--no-sync'], { ...as, stdio: 'pipe' });
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=100'];
  const server = spawn(join(debian15, 'postgres'), ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
    ...as,
    stdio: 'ignore',
  });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const urlOf = (database: string): string =>
    `postgresql://admin:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  const close = async (): Promise<void> => {
    server.kill('SIGINT');
    await ended;
    folder.remove();
  };
  await until(() => answers(urlOf('postgres')));
  return { url: urlOf('postgres'), host: '127.0.0.1', port, password, urlOf, close };
}

/** Waits until `holds` says yes; fails after `deadlineMs`. */
export async function until(holds: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const endAt = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > endAt) throw new Error(`Still not true after ${deadlineMs} ms: ${holds.toString()}`);
    await delay(10);
  }
}

/** A TCP port of the loopback address that nobody listens on. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Process id of the embedded server of a data directory, from its own file. */
export function postmasterOf(dataDir: string): number {
  return Number.parseInt(readFileSync(join(dataDir, 'pg', 'data', 'postmaster.pid'), 'utf8'), 10);
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined); // a server that is not ready yet breaks the connection
  try {
    await client.connect();
    return true;
  } catch {
    return false; // not ready yet: asked again until the deadline
  } finally {
    await client.end();
  }
}
