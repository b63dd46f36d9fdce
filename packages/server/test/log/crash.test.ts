import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readFolder, verifyLog } from '@gatehouse/verifier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

// One deployment, crashed again and again.
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
async function whileOpen(work: (log: Log) => Promise<void>, more: Parameters<typeof aLog>[2] = {}): Promise<void> {
  const log = await aLog(database, path, more);
  try {
    await work(log);
  } finally {
    await log.stop();
  }
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

async function expectVerified(log: Log, id: string, size: number): Promise<void> {
  await published(log, id);
  const report = await verifyLog({
    read: readFolder(join(path, 'log', 't', id)),
    originOrVkey: log.vkeyOf(id),
    tiles: true,
  });
  expect(report).toMatchObject({ ok: true, findings: [], size });
}

describe('after a crash', () => {
  it('has every acknowledged entry when PostgreSQL was killed under load, without gaps, and goes on', async () => {
    const logs: string[] = [];
    const acknowledged = new Map<string, string>();
    await whileOpen(async (log) => {
      for (let at = 0; at < 5; at++) logs.push(await log.openTenantLog());
      const stopped = new AbortController();
      const running = load(log, logs, acknowledged, stopped.signal);
      await until('entries are acknowledged', () => acknowledged.size > 300);
      process.kill(Number(readFileSync(join(path, 'pg', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
      await until('appends are refused', () => running.failures.length > 0);
      stopped.abort();
      await running.done;
      for (const failure of running.failures) expect(codeIn(failure)).toMatch(/^LOG_(UNAVAILABLE|OUTCOME_UNKNOWN)$/);
    });
    await database.close();

    database = await aDatabase(path);
    await whileOpen(async (log) => {
      await expectAcknowledged(database, log, acknowledged);
      for (const id of logs) {
        const { seq } = await appended(log, id, { type: 'person.changed' });
        await expectVerified(log, id, seq + 1);
      }
    });
  });

  it('tells the callers of a lost connection the truth, and goes on by itself', async () => {
    await whileOpen(async (log) => {
      const logs = [await log.openTenantLog(), await log.openTenantLog(), await log.openTenantLog()];
      const acknowledged = new Map<string, string>();
      const stopped = new AbortController();
      const running = load(log, logs, acknowledged, stopped.signal);
      for (let round = 1; round <= 6; round++) {
        const enough = acknowledged.size + 50;
        await until('entries are acknowledged again', () => acknowledged.size > enough);
        if (round === 6) break;
        await database.pool.query(
          `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()`,
        );
      }
      stopped.abort();
      await running.done;
      expect(running.failures.length).toBeGreaterThan(0);
      for (const failure of running.failures) expect(codeIn(failure)).toBe('LOG_UNAVAILABLE');
      await expectAcknowledged(database, log, acknowledged);
      // Nothing was appended that a caller was told is not.
      expect(acknowledged.size).toBe(logs.reduce((sum, id) => sum + log.size(id) - 1, 0));
    });
  });

  it('ends the intents that a killed program left open with "unknown", and keeps grants, counters and time', async () => {
    const clock = steeredClock(startOfTest);
    const [live, ended] = [aRef(), aRef()];
    let id = '';
    let intent = -1;
    await whileOpen(
      async (log) => {
        id = await log.openTenantLog();
        await appended(log, id, anActivation(live));
        await appended(log, id, anActivation(ended));
        clock.advance(1_000);
        intent = (await appended(log, id, anIntent(live))).seq;
        await appended(log, id, { type: 'access.revoked', ref: ended });
      },
      { clock },
    );
    // The second clock is a second behind.
    await whileOpen(async (log) => {
      const last = (await log.entries(id, 0, 100)).at(-1)?.entry;
      expect(last).toMatchObject({ type: 'access.outcome', intent, ref: live, outcome: 'unknown', seq: 5 });
      expect(last?.time).toBe('2026-03-02T09:00:01.000Z');
      expect(await log.append(id, anIntent(live))).toMatchObject({ kind: 'appended', seq: 6 });
      expect(await log.append(id, anIntent(ended))).toEqual({ kind: 'refused', reason: 'grant_ended' });
      await expectVerified(log, id, 7);
    });
  });

  it('leaves nothing half-written when a part of a commit fails', async () => {
    await whileOpen(async (log) => {
      const id = await log.openTenantLog();
      await appended(log, id, { type: 'person.changed' });
      const envelopes = async () => (await database.pool.query('select from log.envelopes')).rowCount;
      const before = await envelopes();
      await database.pool.query('alter table log.wraps rename to wraps_gone');
      const failing = log.append(id, { type: 'person.changed', payload: { half: 'written' } });
      expect(await codeOf(failing)).toBe('LOG_UNAVAILABLE');
      await database.pool.query('alter table log.wraps_gone rename to wraps');
      await until('the log takes entries again', () => log.health().accepting);
      expect(await envelopes()).toBe(before);
      expect(await appended(log, id, { type: 'person.changed', payload: { a: 1 } })).toMatchObject({ seq: 2 });
    });
  });

  it('signs nothing while the disk is full, keeps appending, and publishes when there is room again', async () => {
    const logger = rememberingLogger();
    await whileOpen(
      async (log) => {
        const id = await log.openTenantLog();
        await published(log, id);
        // Writing to /dev/full fails as a full disk does; the name is the one that the next lock file is written under.
        await until('the disk is full', () => fillUp(join(path, 'log', 'lock.json.new')));
        await appended(log, id, { type: 'person.changed' });
        await until('the fault is told', () => logger.lines.some((line) => line.includes('ENOSPC')));
        await expectVerified(log, id, 2);
        expect(log.health()).toMatchObject({ signing: true, accepting: true });
      },
      { logger },
    );
  });

  it('takes nothing and says so when the database is gone', async () => {
    const log = await aLog(database, path);
    await database.close();
    const append = () => log.append('operator', { type: 'system.stopped' });
    await until('the log notices', async () => (await codeOf(append())) === 'LOG_UNAVAILABLE');
    expect(log.health()).toMatchObject({ accepting: false });
    await log.stop();
  });
});

function codeIn(failure: unknown): string {
  return failure instanceof LogError ? failure.code : String(failure);
}

/** False while the log is writing that very file. */
function fillUp(file: string): boolean {
  try {
    symlinkSync('/dev/full', file);
    return true;
  } catch {
    return false;
  }
}
