import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import {
  fileSecrets,
  openSources,
  type SourceConnection,
  type SourceEvent,
  type Sources,
} from '../../src/sources/index.ts';
import { steeredClock, systemClock } from '../../src/clock.ts';
import { stderrLogger } from '../../src/logger.ts';
import { debian15Missing, openTestDatabase, startDebian15, type TestDatabase } from '../cluster.ts';

/** The real database that adoption must work on, beside the repository. */
const northwindFile = join(import.meta.dirname, '../../../../../shared/data/northwind.sql');

/** Null, or the sentence to print when the tests on Northwind are skipped. */
export const northwindMissing: string | null = existsSync(northwindFile)
  ? null
  : `northwind.sql is not beside the repository (../shared/data): the adoption of a real database is not tested`;

/** A server to protect databases of, as its superuser. */
export type SourceServer = {
  readonly name: string;
  readonly pgDump: boolean;
  connection(database: string): SourceConnection;
  close(): Promise<void>;
};

/** Makes a product with its own embedded database, and the server under test: the same cluster, or Debian's 15. */
export async function openProduct(kind: '18' | '15'): Promise<Product> {
  const product = await openTestDatabase();
  const server = kind === '18' ? embedded(product) : await debian();
  return {
    ...compose(product),
    server,
    close: async () => {
      await server.close();
      await product.close();
    },
  };
}

/** The sources of a product under test, with what they recorded. */
export type Product = {
  readonly sources: Sources;
  readonly events: SourceEvent[];
  readonly clock: ReturnType<typeof steeredClock>;
  readonly server: SourceServer;
  /** The product as a new process would have it: it knows no password. */
  restarted(): Sources;
  close(): Promise<void>;
};

function embedded(product: TestDatabase): SourceServer {
  return {
    name: 'embedded PostgreSQL 18',
    pgDump: false, // the package ships none, and Debian's refuses a newer server
    connection: (database) => {
      const { host, port, user } = product.database.adminUrlFor(database);
      return { host, port, user, tls: null, database };
    },
    close: () => Promise.resolve(),
  };
}

async function debian(): Promise<SourceServer> {
  const server = await startDebian15();
  return {
    name: 'Debian PostgreSQL 15',
    pgDump: true,
    connection: (database) => ({
      host: server.host,
      port: server.port,
      user: 'admin',
      password: server.password,
      tls: null,
      database,
    }),
    close: () => server.close(),
  };
}

function compose(product: TestDatabase): Omit<Product, 'server' | 'close'> {
  const events: SourceEvent[] = [];
  const clock = steeredClock(systemClock().now());
  const open = (): Sources =>
    openSources({
      database: product.database,
      secrets: fileSecrets(join(product.dataDir, 'keys')),
      clock,
      random: (bytes) => randomBytes(bytes),
      record: (event) => {
        events.push(event);
        return Promise.resolve();
      },
      ensureTenant: (key) =>
        Promise.resolve({ id: key, logId: createHash('sha256').update(key).digest('hex').slice(0, 32) }),
      logger: stderrLogger('silent'),
      stopwatch: () => performance.now(),
    });
  return { sources: open(), events, clock, restarted: open };
}

/** Which servers the tests of this machine run on, with the reason for what is left out. */
export const servers: readonly { kind: '18' | '15'; missing: string | null }[] = [
  { kind: '18', missing: null },
  { kind: '15', missing: debian15Missing },
];

/** Lends a connection. Password login for roles, as the server's superuser otherwise. */
export async function connected<T>(to: SourceConnection, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ ...to, password: to.password ?? '' });
  client.on('error', () => undefined); // a session that is terminated on purpose
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Makes a database with an owner and an application role that owns nothing, and loads `sql` as the owner. */
export async function makeDatabase(server: SourceServer, name: string, sql: string): Promise<void> {
  await connected(server.connection('postgres'), async (client) => {
    await client.query(
      `create role "${name}_owner" login password 'owner'; create role "${name}_app" login password 'app'`,
    );
    await client.query(`create database "${name}" owner "${name}_owner"`);
  });
  await connected(as(server, name, 'owner'), async (client) => {
    await client.query(sql);
    await client.query(
      `set search_path = public; grant select, insert, update, delete on all tables in schema public to "${name}_app"`,
    );
  });
}

/** The connection of a database's owner or of its application. */
export function as(server: SourceServer, database: string, who: 'owner' | 'app'): SourceConnection {
  return { ...server.connection(database), user: `${database}_${who}`, password: who };
}

/** Northwind as it comes. Its settings for versions long gone are left out. */
export function northwindSql(): string {
  return readFileSync(northwindFile, 'utf8').replace('SET default_with_oids = false;', '');
}

/** The catalogs as Debian's client shows them: `pg_dump -s -C` of a database, or `pg_dumpall -r`. */
export async function dump(
  tool: 'pg_dump' | 'pg_dumpall',
  to: SourceConnection,
  args: readonly string[],
): Promise<string> {
  const where = ['-h', to.host, '-p', String(to.port), '-U', to.user];
  const { stdout } = await promisify(execFile)(
    `/usr/lib/postgresql/15/bin/${tool}`,
    [...where, '--restrict-key=x', ...args],
    { env: { PGPASSWORD: to.password ?? '', PATH: '/usr/bin:/bin' }, maxBuffer: 64 * 1024 * 1024 },
  );
  return stdout;
}

/** Everything that a role can read of a database's tables, as one digest for each. */
export async function digests(to: SourceConnection): Promise<Record<string, string>> {
  return await connected(to, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema', 'gov') order by 1`,
    );
    const found: Record<string, string> = {};
    for (const { name } of rows) {
      const digest = await client.query<{ d: string }>(
        `select count(*) || ':' || coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '') as d from ${name} as t`,
      );
      found[name] = digest.rows[0]?.d ?? '';
    }
    return found;
  });
}
