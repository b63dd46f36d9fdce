import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readFolder, verifyLog } from '@gatehouse/verifier';
import { afterEach, describe, expect, it } from 'vitest';
import { steeredClock } from '../../src/clock.ts';
import type { Database } from '../../src/db/index.ts';
import { type Log, LogError } from '../../src/log/index.ts';
import {
  aDataDir,
  aDatabase,
  aLog,
  anActivation,
  anIntent,
  appended,
  aRef,
  codeOf,
  published,
  rememberingLogger,
  startOfTest,
  until,
} from './kit.ts';

const opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.stop();
});

function cleanUp<Thing>(thing: Thing, stop: () => Promise<void> | void): Thing {
  opened.push({ stop: async () => stop() });
  return thing;
}

async function start(path: string): Promise<{ database: Database; log: Log }> {
  const database = await aDatabase(path);
  cleanUp(database, () => database.close());
  const log = await aLog(database, path);
  return { database, log: cleanUp(log, () => log.stop()) };
}

function aCleanDir(): string {
  const dir = aDataDir();
  cleanUp(dir, () => dir.remove());
  return dir.path;
}

/** Appends from many callers until `stopped`; remembers what was acknowledged. */
function load(log: Log, logs: readonly string[], acknowledged: Map<string, string>, stopped: AbortSignal) {
  const failures: unknown[] = [];
  const caller = async (at: number): Promise<void> => {
    for (let n = 0; !stopped.aborted; n++) {
      const logId = logs[(at + n) % logs.length] ?? '';
      try {
        const { seq, leafHash } = await appended(log, logId, { type: 'person.changed', payload: { at, n } });
        acknowledged.set(`${logId}/${seq}`, leafHash);
      } catch (error) {
        failures.push(error);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  };
  return { done: Promise.all(Array.from({ length: 32 }, (_, at) => caller(at))), failures };
}

async function expectAcknowledged(database: Database, log: Log, acknowledged: ReadonlyMap<string, string>) {
  const { rows } = await database.pool.query<{ place: string; hash: string }>(
    `select l.id || '/' || e.seq as place, encode(sha256('\\x00'::bytea || convert_to(e.leaf, 'UTF8')), 'base64') as hash
     from log.entries e join log.logs l using (slot)`,
  );
  const stored = new Map(rows.map(({ place, hash }) => [place, hash]));
  for (const [place, hash] of acknowledged) expect([place, stored.get(place)]).toEqual([place, hash]);
  for (const id of log.logs())
    expect([...stored.keys()].filter((place) => place.startsWith(`${id}/`)).length).toBe(log.size(id));
}

describe('after a crash', () => {
  it('has every acknowledged entry when PostgreSQL was killed under load, without gaps, and goes on', async () => {
    const path = aCleanDir();
    const first = await start(path);
    const logs = await Promise.all(Array.from({ length: 5 }, () => first.log.openTenantLog()));
    const acknowledged = new Map<string, string>();
    const stopped = new AbortController();
    const running = load(first.log, logs, acknowledged, stopped.signal);
    await until('entries are acknowledged', () => acknowledged.size > 300);
    process.kill(Number(readFileSync(join(path, 'pg', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
    await until('appends are refused', () => running.failures.length > 0);
    stopped.abort();
    await running.done;
    for (const failure of running.failures)
      expect((failure as LogError).code).toMatch(/^LOG_(UNAVAILABLE|OUTCOME_UNKNOWN)$/);
    await first.log.stop();
    await first.database.close();

    const { database, log } = await start(path);
    await expectAcknowledged(database, log, acknowledged);
    for (const id of logs) {
      await appended(log, id, { type: 'person.changed' });
      await published(log, id);
      const read = readFolder(join(path, 'log', 't', id));
      expect(await verifyLog({ read, originOrVkey: log.vkeyOf(id), tiles: true })).toMatchObject({
        ok: true,
        findings: [],
      });
    }
  });

  it('tells the callers of a lost connection the truth, and goes on by itself', async () => {
    const { database, log } = await start(aCleanDir());
    const logs = await Promise.all(Array.from({ length: 3 }, () => log.openTenantLog()));
    const acknowledged = new Map<string, string>();
    const stopped = new AbortController();
    const running = load(log, logs, acknowledged, stopped.signal);
    for (let round = 1; round <= 5; round++) {
      const enough = acknowledged.size + 50;
      await until('entries are acknowledged again', () => acknowledged.size > enough);
      await database.pool.query(
        `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()`,
      );
    }
    const enough = acknowledged.size + 50;
    await until('entries are acknowledged at the end', () => acknowledged.size > enough);
    stopped.abort();
    await running.done;
    expect(running.failures.length).toBeGreaterThan(0);
    for (const failure of running.failures) expect((failure as LogError).code).toBe('LOG_UNAVAILABLE');
    await expectAcknowledged(database, log, acknowledged);
    const entries = (await Promise.all(logs.map(async (id) => log.size(id) - 1))).reduce((sum, size) => sum + size);
    expect(acknowledged.size).toBe(entries); // nothing was appended that a caller was told is not
  });

  it('ends the intents that a killed program left open with "unknown", and keeps grants, counters and time', async () => {
    const path = aCleanDir();
    const database = await aDatabase(path);
    cleanUp(database, () => database.close());
    const clock = steeredClock(startOfTest);
    const before = await aLog(database, path, { clock });
    const id = await before.openTenantLog();
    const [live, ended] = [aRef(), aRef()];
    await appended(before, id, anActivation(live));
    await appended(before, id, anActivation(ended));
    clock.advance(1_000);
    const { seq: intent } = await appended(before, id, anIntent(live));
    await appended(before, id, { type: 'access.revoked', ref: ended });
    await published(before, id);
    await before.stop();

    const log = await aLog(database, path, { clock: steeredClock(startOfTest) }); // a second back
    cleanUp(log, () => log.stop());
    const entries = await log.entries(id, 0, 100);
    expect(entries.at(-1)?.entry).toMatchObject({
      type: 'access.outcome',
      intent,
      ref: live,
      outcome: 'unknown',
      seq: 5,
    });
    expect(entries.at(-1)?.entry.time).toBe('2026-03-02T09:00:01.000Z');
    expect(await log.append(id, anIntent(live))).toMatchObject({ kind: 'appended', seq: 6 });
    expect(await log.append(id, anIntent(ended))).toEqual({ kind: 'refused', reason: 'grant_ended' });
    await published(log, id);
    const report = await verifyLog({
      read: readFolder(join(path, 'log', 't', id)),
      originOrVkey: log.vkeyOf(id),
      tiles: true,
    });
    expect(report).toMatchObject({ ok: true, findings: [], size: 7 });
  });

  it('answers a LogError and leaves nothing half-written when the database is closed', async () => {
    const path = aCleanDir();
    const { database, log } = await start(path);
    const id = await log.openTenantLog();
    await appended(log, id, { type: 'person.changed' });
    await database.pool.query('alter table log.wraps rename to wraps_gone');
    expect(await codeOf(log.append(id, { type: 'person.changed', payload: { half: 'written' } }))).toBe(
      'LOG_UNAVAILABLE',
    );
    await database.pool.query('alter table log.wraps_gone rename to wraps');
    await until('the log takes entries again', () => log.health().accepting);
    expect(await appended(log, id, { type: 'person.changed', payload: { a: 1 } })).toMatchObject({ seq: 2 });
    expect((await database.pool.query('select from log.envelopes')).rowCount).toBe(1);
    await database.close();
    await until(
      'the log notices',
      async () => (await codeOf(log.append(id, { type: 'person.changed' }))) === 'LOG_UNAVAILABLE',
    );
    expect(log.health().accepting).toBe(false);
  });

  it('signs nothing while the disk is full, keeps appending, and publishes when there is room again', async () => {
    const path = aCleanDir();
    const database = await aDatabase(path);
    cleanUp(database, () => database.close());
    const logger = rememberingLogger();
    const log = await aLog(database, path, { logger });
    cleanUp(log, () => log.stop());
    const id = await log.openTenantLog();
    await published(log, id);
    const before = await log.checkpoint('root');
    // Writing to /dev/full fails as a full disk does; the name is the one that the next lock file is written under.
    symlinkSync('/dev/full', join(path, 'log', 'lock.json.new'));
    await appended(log, id, { type: 'person.changed' });
    await until('the fault is told', () => logger.lines.some((line) => line.includes('ENOSPC')));
    expect(before).not.toBeNull();
    await published(log, id);
    expect(log.health()).toMatchObject({ signing: true, accepting: true });
    const report = await verifyLog({
      read: readFolder(join(path, 'log', 't', id)),
      originOrVkey: log.vkeyOf(id),
      tiles: true,
    });
    expect(report).toMatchObject({ ok: true, size: 2 });
  });
});
