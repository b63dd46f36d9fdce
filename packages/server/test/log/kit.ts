import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, steeredClock } from '../../src/clock.ts';
import { type Database, migrate, openDatabase } from '../../src/db/index.ts';
import { type Appended, type Draft, type Log, LogError, type LogOptions, openLog } from '../../src/log/index.ts';
import type { Logger } from '../../src/logger.ts';

/** The test's own time: 2026-03-02T09:00:00.000Z. */
export const startOfTest = Date.parse('2026-03-02T09:00:00.000Z');

/** Cryptographic randomness, as main.ts gives it. */
const random = (count: number): Uint8Array => randomBytes(count);

/** A ref as the product draws them: 22 characters of base64url. */
export function aRef(): string {
  for (;;) {
    const ref = randomBytes(16).toString('base64url');
    if (/^[A-Za-z0-9]/.test(ref)) return ref;
  }
}

/** Remembers what was logged, so that a test can read why something was refused. */
export function rememberingLogger(): Logger & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const keep = (fields: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
  };
  return { lines, info: keep, warn: keep, error: keep };
}

/** A data directory that is gone after the test. Its parent is enterable, because PostgreSQL runs as another user. */
export function aDataDir(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'gatehouse-log-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The embedded database of a data directory with this program's schema. */
export async function aDatabase(dataDir: string): Promise<Database> {
  const database = await openDatabase({ dataDir, logger: rememberingLogger() });
  await migrate(database);
  return database;
}

/** A log with epochs every 20 ms, unless the test is about them. */
export async function aLog(
  database: Database,
  dataDir: string,
  more: Partial<LogOptions> & { readonly clock?: Clock } = {},
): Promise<Log> {
  return openLog({
    database,
    dataDir,
    clock: steeredClock(startOfTest),
    random,
    logger: rememberingLogger(),
    epochs: { cadenceMs: 20, heartbeatMs: 60_000 },
    ...more,
    limits: { lockPatienceMs: 200, ...more.limits },
  });
}

/** The draft of an activation that holds for an hour of the test's time. */
export function anActivation(ref: string, notAfter: number = startOfTest + 3_600_000): Draft {
  return { type: 'access.activated', ref, grant: { notAfter }, person: 'maria.ortiz', payload: { who: 'Maria Ortiz' } };
}

/** The draft of an intent. */
export function anIntent(ref: string, sql = 'select * from orders'): Draft {
  return {
    type: 'access.intent',
    ref,
    src: 'cloud.example/gateway/1',
    person: 'maria.ortiz',
    compartment: 'subject',
    payload: { who: 'Maria Ortiz', sql },
  };
}

/** Appends and expects that it was taken. */
export async function appended(log: Log, logId: string, draft: Draft): Promise<Appended & { kind: 'appended' }> {
  const answer = await log.append(logId, draft);
  if (answer.kind !== 'appended') throw new Error(`refused: ${answer.reason}`);
  return answer;
}

/** The code of the LogError that `work` rejects with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'nothing was thrown';
  } catch (error) {
    return error instanceof LogError ? error.code : String(error);
  }
}

/** Waits until `holds`, at most 20 s. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`not within 20 s: ${what}`);
    await delay(10);
  }
}

/** Waits until everything that was appended to `logId` is published. */
export async function published(log: Log, logId: string): Promise<void> {
  await until(`${logId} is published`, async () => (await log.newestRoot(logId))?.size === log.size(logId));
}
