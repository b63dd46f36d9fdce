import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/index.ts';
import { type Log, LogError } from '../../src/log/index.ts';
import { aDataDir, aDatabase, aLog, appended, codeOf, published, until } from './kit.ts';

// One deployment for all: each test opens its log and stops it, as a program that is started again and again.
const dataDir = aDataDir();
const path = dataDir.path;
let database: Database;

beforeAll(async () => {
  database = await aDatabase(path);
});
afterAll(async () => {
  await database.close();
  dataDir.remove();
});

/** Starts, lends the log, stops. */
async function whileOpen<Result>(work: (log: Log) => Promise<Result>): Promise<Result> {
  const log = await aLog(database, path);
  try {
    return await work(log);
  } finally {
    await log.stop();
  }
}

describe('who this deployment is', () => {
  it('refuses an operator name that cannot name logs, and writes nothing', async () => {
    for (const operatorName of ['Cloud.example', 'cloud example', 'cloud.example/', '', '../log', 'a//b']) {
      const code = await codeOf(aLog(database, path, { operatorName }));
      expect([operatorName, code]).toEqual([operatorName, 'LOG_NAME_INVALID']);
    }
    expect(existsSync(join(path, 'log', 'lock.json'))).toBe(false);
  });

  it('takes the operator name that it is given first, keeps it, and refuses another', async () => {
    const log = await aLog(database, path, { operatorName: 'cloud.example/log' });
    expect(log.originOf('operator')).toBe('cloud.example/log/t/operator');
    expect(log.sourceName('gateway')).toBe('cloud.example/gateway/1');
    await log.stop();
    expect(await codeOf(aLog(database, path, { operatorName: 'other.example/log' }))).toBe('LOG_NAME_MISMATCH');
    expect(await whileOpen(async ({ operatorName, rootVkey }) => [operatorName, rootVkey])).toEqual([
      'cloud.example/log',
      log.rootVkey,
    ]);
  });

  it('refuses a second sequencer on the same database, and frees it when it stops', async () => {
    await whileOpen(async (log) => {
      expect(await codeOf(aLog(database, path))).toBe('LOG_ALREADY_OPEN');
      await appended(log, 'operator', { type: 'system.started' });
      await log.stop();
      expect(await codeOf(log.append('operator', { type: 'system.stopped' }))).toBe('LOG_STOPPED');
    });
    await whileOpen((log) => appended(log, 'operator', { type: 'system.started' }));
  });

  it('refuses a database without its lock file, its seed, or with another seed', async () => {
    await whileOpen((log) => published(log, 'operator'));
    const [lock, seed] = [join(path, 'log', 'lock.json'), join(path, 'keys', 'log.seed')];
    renameSync(lock, `${lock}.away`);
    expect(await codeOf(aLog(database, path))).toBe('LOG_LOCK_MISSING');
    writeFileSync(lock, '{"v":1}');
    expect(await codeOf(aLog(database, path))).toBe('LOG_LOCK_UNUSABLE');
    renameSync(`${lock}.away`, lock);
    renameSync(seed, `${seed}.away`);
    expect(await codeOf(aLog(database, path))).toBe('LOG_KEY_UNUSABLE');
    writeFileSync(seed, Buffer.alloc(32, 7), { mode: 0o600 });
    expect(await codeOf(aLog(database, path))).toBe('LOG_KEY_UNUSABLE');
    renameSync(`${seed}.away`, seed);
    await whileOpen((log) => appended(log, 'operator', { type: 'system.started' }));
  });

  it('signs nothing on a database that was rolled back behind the lock file', async () => {
    await whileOpen((log) => published(log, 'operator'));
    await database.close();
    const [data, backup, newer] = ['data', 'backup', 'newer'].map((name) => join(path, 'pg', name)) as [
      string,
      string,
      string,
    ];
    execFileSync('cp', ['-a', data, backup]); // the owner too
    database = await aDatabase(path);
    await whileOpen(async (log) => {
      await appended(log, 'operator', { type: 'system.started' });
      await published(log, 'operator');
    });
    const signed = readFileSync(join(path, 'log', 'root', 'checkpoint'), 'utf8');
    await database.close();
    renameSync(data, newer);
    renameSync(backup, data);
    database = await aDatabase(path);

    expect(await codeOf(aLog(database, path))).toBe('LOG_BEHIND_LOCK');
    expect(readFileSync(join(path, 'log', 'root', 'checkpoint'), 'utf8')).toBe(signed);
    await database.close();
    rmSync(data, { recursive: true });
    renameSync(newer, data);
    database = await aDatabase(path);
  });

  it('signs nothing on a database with another history of the same length', async () => {
    await whileOpen((log) => published(log, 'operator'));
    const client = await database.pool.connect();
    await client.query('create temporary table honest as select * from log.slot_leaves');
    await client.query(`update log.slot_leaves set leaf = regexp_replace(leaf, '"prev":-?[0-9]+', '"prev":7')`);
    expect(await codeOf(aLog(database, path))).toBe('LOG_DAMAGED');
    await client.query(
      'update log.slot_leaves s set leaf = h.leaf from honest h where s.slot = h.slot and s.epoch = h.epoch',
    );
    client.release(true);
    await whileOpen((log) => published(log, 'operator'));
  });

  it('stops signing and appending when stored entries are not those that were committed', async () => {
    await whileOpen(async (log) => {
      const id = await log.openTenantLog();
      await published(log, id);
      const before = await log.checkpoint(id);
      await database.transaction(async (client) => {
        await client.query('lock table log.slot_leaves in share row exclusive mode'); // no epoch is cut meanwhile
        await appended(log, id, { type: 'person.locked' });
        await client.query(
          `update log.entries set leaf = replace(leaf, 'person.locked', 'person.changed') where seq = 1`,
        );
      });
      await until('the log halts', () => !log.health().accepting);
      expect(log.health().signing).toBe(false);
      await expect(log.append(id, { type: 'person.changed' })).rejects.toThrow(LogError);
      expect(await codeOf(log.append(id, { type: 'person.changed' }))).toBe('LOG_DAMAGED');
      expect(await log.checkpoint(id)).toBe(before);
    });
  });
});
