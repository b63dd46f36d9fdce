import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/index.ts';
import type { Log } from '../../src/log/index.ts';
import { aDataDir, aDatabase, aLog, appended, codeOf, published, until } from './kit.ts';

const opened: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function aDeployment(): Promise<{ path: string; database: Database; log: Log }> {
  const dir = aDataDir();
  opened.push(() => dir.remove());
  const database = await aDatabase(dir.path);
  opened.push(() => database.close());
  const log = await aLog(database, dir.path);
  opened.push(() => log.stop());
  return { path: dir.path, database, log };
}

describe('who this deployment is', () => {
  it('names itself at the first start, keeps the name, and refuses another', async () => {
    const { path, database, log } = await aDeployment();
    expect(log.operatorName).toMatch(/^localhost\/[0-9a-f]{8}\/log$/);
    expect(log.rootVkey).toMatch(/^localhost\/[0-9a-f]{8}\/log\/root\+[0-9a-f]{8}\+/);
    await log.stop();
    expect(await codeOf(aLog(database, path, { operatorName: 'cloud.example/log' }))).toBe('LOG_NAME_MISMATCH');
    const again = await aLog(database, path);
    expect(again.operatorName).toBe(log.operatorName);
    expect(again.rootVkey).toBe(log.rootVkey);
    await again.stop();
  });

  it('takes the operator name that it is given first, if it can name logs', async () => {
    const dir = aDataDir();
    opened.push(() => dir.remove());
    const database = await aDatabase(dir.path);
    opened.push(() => database.close());
    for (const operatorName of ['Cloud.example', 'cloud example', 'cloud.example/', '', '../log']) {
      expect([operatorName, await codeOf(aLog(database, dir.path, { operatorName }))]).toEqual([
        operatorName,
        'LOG_NAME_INVALID',
      ]);
    }
    const log = await aLog(database, dir.path, { operatorName: 'cloud.example/log' });
    opened.push(() => log.stop());
    expect(log.originOf('operator')).toBe('cloud.example/log/t/operator');
    expect(log.sourceName('gateway')).toBe('cloud.example/gateway/1');
  });

  it('refuses a second sequencer on the same database, and frees it when it stops', async () => {
    const { path, database, log } = await aDeployment();
    expect(await codeOf(aLog(database, path))).toBe('LOG_ALREADY_OPEN');
    await appended(log, 'operator', { type: 'system.started' });
    await log.stop();
    expect(await codeOf(log.append('operator', { type: 'system.stopped' }))).toBe('LOG_STOPPED');
    const next = await aLog(database, path);
    await appended(next, 'operator', { type: 'system.started' });
    await next.stop();
  });

  it('refuses a database without its lock file, its seed, or with another seed', async () => {
    const { path, database, log } = await aDeployment();
    await published(log, 'operator');
    await log.stop();
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
    await (await aLog(database, path)).stop();
  });

  it('signs nothing on a database that was rolled back behind the lock file', async () => {
    const { path, database, log } = await aDeployment();
    await published(log, 'operator');
    await log.stop();
    await database.close();
    const [data, backup] = [join(path, 'pg', 'data'), join(path, 'pg', 'backup')];
    execFileSync('cp', ['-a', data, backup]); // the owner too
    const later = await aDatabase(path);
    const grown = await aLog(later, path);
    await appended(grown, 'operator', { type: 'system.started' });
    await published(grown, 'operator');
    const signed = readFileSync(join(path, 'log', 'root', 'checkpoint'), 'utf8');
    await grown.stop();
    await later.close();
    rmSync(data, { recursive: true });
    renameSync(backup, data);

    const restored = await aDatabase(path);
    opened.push(() => restored.close());
    expect(await codeOf(aLog(restored, path))).toBe('LOG_BEHIND_LOCK');
    expect(readFileSync(join(path, 'log', 'root', 'checkpoint'), 'utf8')).toBe(signed);
  });

  it('signs nothing on a database with another history of the same length', async () => {
    const { path, database, log } = await aDeployment();
    await appended(log, 'operator', { type: 'system.started' });
    await published(log, 'operator');
    await log.stop();
    await database.pool.query(
      `update log.slot_leaves set leaf = regexp_replace(leaf, '"prev":-?[0-9]+', '"prev":7') where slot = 0`,
    );
    expect(await codeOf(aLog(database, path))).toBe('LOG_DAMAGED');
  });

  it('stops signing and appending when stored entries are not those that were committed', async () => {
    const { database, log } = await aDeployment();
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
    expect(await codeOf(log.append(id, { type: 'person.changed' }))).toBe('LOG_DAMAGED');
    expect(await log.checkpoint(id)).toBe(before);
  });
});
