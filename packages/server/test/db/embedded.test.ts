import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/db/index.ts';
import { stderrLogger } from '../../src/logger.ts';
import { openTestDatabase, type TestDatabase, temporaryFolder } from '../cluster.ts';

const logger = stderrLogger('silent');

async function inFolder(work: (path: string) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  try {
    await work(folder.path);
  } finally {
    folder.remove();
  }
}

async function setting(database: Database, name: string): Promise<unknown> {
  const answer = await database.pool.query<{ value: unknown }>('select current_setting($1) as value', [name]);
  return answer.rows[0]?.value;
}

describe('the embedded PostgreSQL', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await openTestDatabase({ migrated: false });
  });
  afterAll(() => test.close());

  it('writes through to the disk and has no network listener', async () => {
    expect(await setting(test.database, 'fsync')).toBe('on');
    expect(await setting(test.database, 'full_page_writes')).toBe('on');
    expect(await setting(test.database, 'synchronous_commit')).toBe('on');
    expect(await setting(test.database, 'listen_addresses')).toBe('');
    expect(await setting(test.database, 'unix_socket_permissions')).toBe('0700');
  });

  it('keeps durability on the command line, where no statement can turn it off', async () => {
    const client = new Client(test.database.adminUrlFor('postgres'));
    await client.connect();
    await client.query('alter system set fsync = off');
    await client.query('select pg_reload_conf()');
    await client.query('alter system reset fsync');
    await client.end();
    expect(await setting(test.database, 'fsync')).toBe('on');
  });

  it('never runs as root', () => {
    const owner = statSync(join(test.dataDir, 'pg', 'data')).uid;
    expect(owner).not.toBe(0);
  });

  it('uses an encoding and order of text that no operating system update changes', async () => {
    const answer = await test.database.pool.query(
      "select datlocprovider, datlocale, pg_encoding_to_char(encoding) as encoding from pg_database where datname = 'gatehouse'",
    );
    expect(answer.rows).toEqual([{ datlocprovider: 'b', datlocale: 'C.UTF-8', encoding: 'UTF8' }]);
  });

  it('owns its product database with a role that is no superuser', async () => {
    const answer = await test.database.pool.query(
      'select current_user as who, usesuper as all_powerful from pg_user where usename = current_user',
    );
    expect(answer.rows).toEqual([{ who: 'gatehouse', all_powerful: false }]);
  });

  it('lets nobody connect to a database that is not theirs', async () => {
    const admin = new Client(test.database.adminUrlFor('postgres'));
    await admin.connect();
    await admin.query("create role stranger login password 'secret'");
    const answer = await admin.query<{ datname: string }>(
      "select datname from pg_database where datallowconn and has_database_privilege('stranger', oid, 'connect')",
    );
    await admin.end();
    expect(answer.rows).toEqual([]);
    const { host, port } = test.database.adminUrlFor('gatehouse');
    const at = { host, port, ssl: false, user: 'stranger' };
    await expect(connect({ ...at, database: 'gatehouse', password: 'secret' })).rejects.toMatchObject({
      code: '42501',
    });
    await expect(connect({ ...at, database: 'gatehouse', password: 'wrong' })).rejects.toMatchObject({ code: '28P01' });
  });

  it('keeps what a statement said out of its log', async () => {
    await expect(test.database.pool.query("select 'a secret of acme'::date")).rejects.toThrow();
    expect(readFileSync(join(test.dataDir, 'pg', 'postgres.log'), 'utf8')).not.toContain('secret of acme');
  });

  it('can be reached by an administrator on the host with psql', async (context) => {
    const psql = '/usr/lib/postgresql/15/bin/psql';
    if (!existsSync(psql)) context.skip('psql of Debian 15 is not installed');
    const { stdout } = await promisify(execFile)(psql, [
      test.database.adminUrlFor('sample').url,
      '-Atc',
      'select 6 * 7',
    ]);
    expect(stdout.trim()).toBe('42');
  });

  it('commits what returns and rolls back what throws', async () => {
    const { database } = test;
    await database.pool.query('create table kept (n integer)');
    await database.transaction((client) => client.query('insert into kept values (1)'));
    const failing = database.transaction(async (client) => {
      await client.query('insert into kept values (2)');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const swallowing = database.transaction(async (client) => {
      await client.query('insert into kept values (3)');
      await client.query('select 1 / 0').catch(() => undefined);
    });
    await expect(swallowing).rejects.toThrow('rolled back');
    expect((await database.pool.query('select n from kept')).rows).toEqual([{ n: 1 }]);
  });

  it('refuses a second program on the same directory, and names the first', async () => {
    const second = openDatabase({ dataDir: test.dataDir, logger });
    await expect(second).rejects.toMatchObject({ code: 'DATA_DIR_IN_USE' });
    await expect(second).rejects.toThrow(`process ${process.pid}`);
    expect((await test.database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  it('refuses the second program also when it is another process', async () => {
    const program = join(import.meta.dirname, 'ledger-program.ts');
    const child = promisify(execFile)(process.execPath, [program, test.dataDir]);
    await expect(child).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('DATA_DIR_IN_USE') });
  });
});

async function connect(config: ConstructorParameters<typeof Client>[0]): Promise<void> {
  const client = new Client(config);
  try {
    await client.connect();
  } finally {
    await client.end();
  }
}

describe('the data directory', () => {
  it('keeps its rows over stop and start, and is free after a stop', () =>
    inFolder(async (path) => {
      const first = await openDatabase({ dataDir: path, logger });
      await first.pool.query("create table kept as select 'Zoë 🙂' as name");
      await first.close();
      await first.close();
      const second = await openDatabase({ dataDir: path, logger });
      expect((await second.pool.query('select name from kept')).rows).toEqual([{ name: 'Zoë 🙂' }]);
      await second.close();
    }));

  it('may have spaces, commas, quotes and Unicode in its path', () =>
    inFolder(async (path) => {
      const database = await openDatabase({ dataDir: join(path, `it's, "ours" – 値`), logger });
      expect((await database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
      await database.close();
    }));

  it('may have a path that is too long for a socket', () =>
    inFolder(async (path) => {
      const dataDir = join(path, 'long'.repeat(40));
      const database = await openDatabase({ dataDir, logger });
      const { host } = database.adminUrlFor('sample');
      expect(Buffer.byteLength(`${host}/.s.PGSQL.5432`)).toBeLessThanOrEqual(107);
      expect(statSync(host).mode & 0o777).toBe(0o700);
      await database.close();
      expect(existsSync(host)).toBe(false);
    }));

  it('is not led astray by the PG variables of the shell', () =>
    inFolder(async (path) => {
      const misleading = { PGPORT: '1', PGHOST: 'nowhere.invalid', PGUSER: 'x', PGPASSWORD: 'x', PGDATABASE: 'x' };
      const before = { ...process.env };
      Object.assign(process.env, misleading, {
        PGOPTIONS: '-c default_transaction_read_only=on',
        PGSSLMODE: 'require',
      });
      try {
        const database = await openDatabase({ dataDir: path, logger });
        expect(await setting(database, 'default_transaction_read_only')).toBe('off');
        await database.close();
      } finally {
        for (const name of [...Object.keys(misleading), 'PGOPTIONS', 'PGSSLMODE']) {
          if (before[name] === undefined) delete process.env[name];
          else process.env[name] = before[name];
        }
      }
    }));

  it('may lie below a folder that only its owner enters, such as /root', () =>
    inFolder(async (path) => {
      chmodSync(path, 0o700);
      const dataDir = join(path, 'data');
      const database = await openDatabase({ dataDir, logger });
      await database.pool.query('create table kept (n integer)');
      await database.close();
      if (process.getuid?.() !== 0) return;
      const home = readFileSync(join(dataDir, 'pg'), 'utf8').trim();
      try {
        expect(home).toMatch(/^\/var\/lib\/gatehouse\/[0-9a-f]{16}$/);
        const again = await openDatabase({ dataDir, logger });
        expect((await again.pool.query('select count(*)::int as n from kept')).rows).toEqual([{ n: 0 }]);
        await again.close();
      } finally {
        rmSync(home, { recursive: true });
      }
    }));

  it('is refused with a sentence when it is a file or cannot be made', () =>
    inFolder(async (path) => {
      writeFileSync(join(path, 'file'), '');
      await expect(openDatabase({ dataDir: join(path, 'file'), logger })).rejects.toMatchObject({
        code: 'DATA_DIR_UNUSABLE',
      });
      await expect(openDatabase({ dataDir: join(path, 'file', 'below'), logger })).rejects.toMatchObject({
        code: 'DATA_DIR_UNUSABLE',
      });
      await expect(openDatabase({ dataDir: '/proc/nothing', logger })).rejects.toMatchObject({
        code: 'DATA_DIR_UNUSABLE',
      });
    }));

  it('is completed when the first start was killed in the middle', () =>
    inFolder(async (path) => {
      mkdirSync(join(path, 'pg', 'unfinished-abc', 'base'), { recursive: true });
      const database = await openDatabase({ dataDir: path, logger });
      expect(existsSync(join(path, 'pg', 'unfinished-abc'))).toBe(false);
      await database.close();
    }));
});
