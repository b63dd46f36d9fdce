import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import pg from 'pg';
import { systemClock } from '../../src/clock.ts';
import { type AccessPort, type Gateway, type GatewayLimits, startGateway } from '../../src/gateway/index.ts';
import { stderrLogger } from '../../src/logger.ts';
import { type Debian15, startDebian15, temporaryFolder } from '../cluster.ts';
import { MemoryAccess, type TestGrant } from './memory-access.ts';

const run = promisify(execFile);

/** A PostgreSQL, a gateway before it, and the neighbour that remembers what it was told. */
export type Stage = {
  readonly access: MemoryAccess;
  readonly gateway: Gateway;
  readonly postgres: Debian15;
  grant(options?: Partial<Pick<TestGrant, 'mode' | 'uses' | 'rowsLeft' | 'notAfter'>>): TestGrant;
  environment(grant: TestGrant): NodeJS.ProcessEnv;
  psql(
    grant: TestGrant,
    args: readonly string[],
    environment?: NodeJS.ProcessEnv,
  ): Promise<{ code: number; stdout: string; stderr: string }>;
  connect(grant: TestGrant): Promise<pg.Client>;
  asOwner(sql: string): Promise<pg.QueryResult>;
  close(): Promise<void>;
};

const tables = `
  create role app_ro;
  create table orders (id int primary key, customer text not null, total numeric(10, 2), note text);
  insert into orders select i, 'c' || i % 10, i * 1.5, repeat('n', i % 50) from generate_series(1, 1000) i;
  create table wide (id int primary key, body text);
  insert into wide select i, repeat(md5(i::text), 8192) from generate_series(1, 8) i;
  grant select on orders, wide to app_ro;
  create role g_test login password 'role password' in role app_ro;
  create function public.leak() returns text language sql as $$ select 'leak' $$;
`;

/** A gateway of its own before `access`, with its certificate in `dataDir`. */
export function openGateway(
  access: AccessPort,
  dataDir: string,
  limits: Partial<GatewayLimits> = {},
): Promise<Gateway> {
  return startGateway({
    host: '127.0.0.1',
    port: 0,
    dataDir,
    access,
    clock: systemClock(),
    random: (length) => randomBytes(length),
    logger: stderrLogger(process.env['GATEWAY_TEST_LOG'] === undefined ? 'silent' : 'info'),
    limits,
  });
}

/** Starts the stage on Debian's PostgreSQL 15, with the given limits. */
export async function openStage(limits: Partial<GatewayLimits> = {}): Promise<Stage> {
  const folder = temporaryFolder();
  const postgres = await startDebian15();
  const owner = new pg.Pool({ connectionString: postgres.url, max: 2 });
  owner.on('error', () => undefined); // the server may stop before the pool's idle connections are closed
  await owner.query(tables);
  const access = new MemoryAccess();
  const gateway = await openGateway(access, folder.path, limits);
  const backend = {
    host: postgres.host,
    port: postgres.port,
    tls: null,
    database: 'postgres',
    user: 'g_test',
    password: 'role password',
  };
  const environment = (grant: TestGrant): NodeJS.ProcessEnv => ({
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C.UTF-8',
    PGHOST: 'localhost',
    PGPORT: String(gateway.port),
    PGUSER: grant.grantId,
    PGPASSWORD: grant.token,
    PGDATABASE: grant.source,
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: gateway.caFile,
    PGCONNECT_TIMEOUT: '10',
    PSQLRC: '/dev/null',
    PSQL_HISTORY: '/dev/null',
  });
  return {
    access,
    gateway,
    postgres,
    grant: (options = {}) => access.grant({ source: 'shop', backend, ...options }),
    environment,
    psql: async (grant, args, more = {}) => {
      try {
        const { stdout, stderr } = await run('psql', ['-X', '-w', ...args], {
          env: { ...environment(grant), ...more },
          timeout: 30_000,
        });
        return { code: 0, stdout, stderr };
      } catch (fault) {
        const { code, stdout, stderr } = fault as { code: number; stdout: string; stderr: string };
        return { code, stdout, stderr };
      }
    },
    connect: async (grant) => {
      const client = new pg.Client({
        host: 'localhost',
        port: gateway.port,
        user: grant.grantId,
        password: grant.token,
        database: grant.source,
        ssl: { ca: readFileSync(gateway.caFile, 'utf8') },
      });
      client.on('error', () => undefined); // the end of a session breaks its connection; each test looks for it itself
      await client.connect();
      return client;
    },
    asOwner: (sql) => owner.query(sql),
    close: async () => {
      await gateway.close();
      await owner.end();
      await postgres.close();
      folder.remove();
    },
  };
}
