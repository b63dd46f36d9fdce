import { chown, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { accountFor, spawnAs } from '../packages/server/src/db/account.ts';
import { run, start, type Undo } from './children.ts';

/** The database that is protected: Debian's PostgreSQL with TLS and SCRAM, filled by pgbench. */
export type Source = {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly version: string;
  readonly pid: number;
  /** The owner of the tables and administrator: what `gatehouse source add` gets. */
  readonly adminUrl: string;
  /** The application: reads everything, owns nothing. */
  readonly application: { readonly user: string; readonly password: string };
  /** How many connections have run a statement of the benchmark since then. */
  answered(since: number): Promise<number>;
  /** Resolves when no role of a grant is connected any more: the load before is really over. */
  withoutGrants(): Promise<void>;
};

/** Key pair files for a server's TLS, readable by the account that PostgreSQL runs under. */
export type Certificate = { readonly certificate: string; readonly key: string };

/** Tenant 1 owns the first 100,000 accounts: `pgbench_accounts.bid` is whose they are. */
export const ownAccounts = 100_000;
const password = 'benchmark';

/** Starts the source, fills it at `scale` (that many tenants) and makes the application's role. */
export async function startSource(options: {
  readonly tools: {
    readonly postgres: string;
    readonly initdb: string;
    readonly pgbench: string;
    readonly psql: string;
  };
  readonly folder: string;
  readonly scale: number;
  readonly certificate: Certificate;
  readonly undo: Undo;
}): Promise<Source> {
  const { tools, folder, undo } = options;
  const account = accountFor(null);
  const port = await freePort();
  const data = join(folder, 'source');
  await mkdir(data, { mode: 0o700 });
  await writeFile(join(folder, 'password'), password, { mode: 0o644 });
  if (process.getuid?.() === 0) await chown(data, account.uid, account.gid);
  const as = { ...spawnAs(account), cwd: data };
  const initdb = ['-D', data, '-U', 'admin', '-E', 'UTF8', '--no-sync', '-A', 'scram-sha-256'];
  await run(tools.initdb, [...initdb, `--pwfile=${join(folder, 'password')}`], as);

  const files = { hba: join(data, 'hba'), certificate: join(data, 'server.crt'), key: join(data, 'server.key') };
  // Grants log in without TLS from the gateway, as PgBouncer does for the application: one machine, one hop.
  const hba = 'hostssl all all 127.0.0.1/32 scram-sha-256\nhostnossl all all 127.0.0.1/32 scram-sha-256\n';
  await writeFile(files.hba, hba);
  await writeFile(files.certificate, options.certificate.certificate);
  await writeFile(files.key, options.certificate.key, { mode: 0o600 });
  if (process.getuid?.() === 0) await chown(files.key, account.uid, account.gid);
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '256MB',
    hba_file: files.hba,
    ssl: 'on',
    ssl_cert_file: files.certificate,
    ssl_key_file: files.key,
    ssl_min_protocol_version: 'TLSv1.3',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = start(tools.postgres, ['-D', data, ...flags], as);
  undo.push(() => server.stop('SIGINT'));

  const urlOf = (database: string, tls = 'disable'): string =>
    `postgresql://admin:${password}@127.0.0.1:${port}/${database}?sslmode=${tls}`;
  const ask = (database: string, sql: string): Promise<string> =>
    run(tools.psql, ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', urlOf(database)], { input: sql });
  await isReady(() => ask('postgres', 'select 1'), server.ended);
  await ask('postgres', 'create database bench');
  await run(tools.pgbench, ['-i', '-q', '-s', String(options.scale), urlOf('bench')]);
  await ask(
    'bench',
    `create role application login password '${password}';
     grant select, insert, update, delete on all tables in schema public to application;
     checkpoint;`,
  );
  const version = (await ask('bench', 'show server_version')).trim();
  const watch = openWatch(tools.psql, urlOf('bench'), undo);
  return {
    host: '127.0.0.1',
    port,
    database: 'bench',
    version,
    pid: server.pid,
    adminUrl: urlOf('bench'),
    application: { user: 'application', password },
    answered: async (since) =>
      Number(
        await watch(
          `select count(*) from pg_stat_activity where datname = 'bench' and pid <> pg_backend_pid() and query ilike 'select abalance%' and query_start > to_timestamp(${since / 1000});`,
        ),
      ),
    withoutGrants: () =>
      isReady(async () => {
        const left = await watch(`select count(*) from pg_stat_activity where usename like 'g\\_%';`);
        if (left !== '0') throw new Error(`${left} connections of grants are still open.`);
      }, server.ended),
  };
}

/** One psql that stays, because starting one for each question would be a load of its own. */
function openWatch(psql: string, url: string, undo: Undo): (sql: string) => Promise<string> {
  const child = start(psql, ['-XqAt', '-d', url]);
  undo.push(() => child.stop('SIGTERM'));
  const waiting: ((line: string) => void)[] = [];
  const { stdin, stdout } = child.process;
  if (stdin === null || stdout === null) throw new Error('psql was started without pipes.');
  createInterface({ input: stdout }).on('line', (line) => waiting.shift()?.(line));
  return (sql) => {
    const answer = new Promise<string>((resolve) => void waiting.push(resolve));
    stdin.write(`${sql}\n`);
    return Promise.race([answer, child.ended]);
  };
}

/** Asks until there is an answer, at most 20 s. */
export async function isReady(ask: () => Promise<unknown>, ended: Promise<unknown>): Promise<void> {
  const giveUpAt = performance.now() + 20_000;
  for (;;) {
    try {
      await ask();
      return;
    } catch (cause) {
      if (performance.now() > giveUpAt) throw cause;
      await Promise.race([delay(100), ended]);
    }
  }
}

/** A TCP port of the loopback address that nobody listens on. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
