import { readFolder, verifyLog } from '@gatehouse/verifier';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { steeredClock } from '../../src/clock.ts';
import type { Database } from '../../src/db/index.ts';
import type { Log } from '../../src/log/index.ts';
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
  startOfTest,
} from './kit.ts';

const dataDir = aDataDir();
const clock = steeredClock(startOfTest);
let database: Database;
let log: Log;

beforeAll(async () => {
  database = await aDatabase(dataDir.path);
  log = await aLog(database, dataDir.path, { clock });
});
afterAll(async () => {
  await log.stop();
  await database.close();
  dataDir.remove();
});

async function rowCount(sql: string, values: unknown[] = []): Promise<number> {
  const { rows } = await database.pool.query<{ count: string }>(sql, values);
  return Number(rows[0]?.count);
}

describe('appending', () => {
  it('gives 200 callers at once on 20 logs sequences without gap or repetition, and counts sources without gaps', async () => {
    const logs = await Promise.all(Array.from({ length: 20 }, () => log.openTenantLog()));
    const refs = new Map(logs.map((id) => [id, aRef()]));
    await Promise.all(logs.map((id) => appended(log, id, anActivation(refs.get(id) ?? ''))));
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, at) => {
        const id = logs[at % logs.length] ?? '';
        return appended(log, id, anIntent(refs.get(id) ?? ''));
      }),
    );
    for (const id of logs) {
      const seqs = answers.filter(({ logId }) => logId === id).map(({ seq }) => seq);
      expect(seqs.sort((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, at) => at + 2));
      await published(log, id);
      const read = readFolder(join(dataDir.path, 'log', 't', id));
      const report = await verifyLog({ read, originOrVkey: log.vkeyOf(id), tiles: true });
      expect(report.findings).toEqual([]);
      expect(report).toMatchObject({ ok: true, size: 12, intents: { intents: 10, outcomes: 0, open: 10 } });
    }
  });

  it('answers only after the commit: another connection sees the entry at once', async () => {
    const id = await log.openTenantLog();
    for (let at = 0; at < 20; at++) {
      const { seq } = await appended(log, id, { type: 'tenant.policy_changed', payload: { at } });
      const found = 'select count(*) from log.entries e join log.logs l using (slot) where l.id = $1 and e.seq = $2';
      expect(await rowCount(found, [id, seq])).toBe(1);
    }
  });

  it('runs the caller’s writes in the transaction of the entry, and tells them its place', async () => {
    await database.pool.query('create table if not exists public.noted (seq bigint, time text)');
    const id = await log.openTenantLog();
    const answer = await log.append(id, { type: 'person.locked' }, async (client, at) => {
      await client.query('insert into public.noted values ($1, $2)', [at.seq, at.time]);
    });
    expect(answer).toMatchObject({ kind: 'appended', seq: 1 });
    expect(
      await rowCount('select count(*) from public.noted where seq = 1 and time = $1', ['2026-03-02T09:00:00.000Z']),
    ).toBe(1);
  });

  it('uses no seq for a draft whose write throws, rolls its rows back, and takes its neighbours', async () => {
    await database.pool.query('create table public.kept (n int)');
    const id = await log.openTenantLog();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 9 }, (_, n) =>
        log.append(id, { type: 'person.changed', payload: { n } }, async (client) => {
          await client.query('insert into public.kept values ($1)', [n]);
          if (n % 3 === 1) throw new Error(`no ${n}`);
          if (n % 3 === 2) await client.query('select 1 / 0').catch(() => undefined); // swallowed by a careless caller
        }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(3);
    expect(outcomes[1]).toMatchObject({ reason: new Error('no 1') });
    expect(await rowCount('select count(*) from public.kept')).toBe(3);
    expect(log.size(id)).toBe(4);
    expect((await log.entries(id, 0, 10)).map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
  });

  it('opens no log when the write that goes with it throws, and gives its slot to the next', async () => {
    const before = log.logs().length;
    await expect(log.openTenantLog(async () => Promise.reject(new Error('no tenant')))).rejects.toThrow('no tenant');
    expect(log.logs().length).toBe(before);
    const id = await log.openTenantLog(async (_, at) => expect(at.seq).toBe(0));
    const [open] = await log.entries(id, 0, 1);
    expect(open?.entry).toMatchObject({
      type: 'log.open',
      slot: before,
      origin: log.originOf(id),
      vkey: log.vkeyOf(id),
    });
  });

  it('never gives out a time below the one before, also when the clock is set back', async () => {
    const id = await log.openTenantLog();
    clock.advance(5_000);
    const { time } = await appended(log, id, { type: 'person.changed' });
    clock.set(startOfTest);
    expect((await appended(log, id, { type: 'person.changed' })).time).toBe(time);
    clock.advance(6_000);
  });

  it('refuses drafts that a verifier would reject, in words, and appends nothing', async () => {
    const id = await log.openTenantLog();
    const refused = [
      { type: 'Not A Type' },
      { type: 'person.changed', fields: { name: 'Jürgen' } },
      { type: 'person.changed', fields: { long: 'x'.repeat(129) } },
      { type: 'person.changed', payload: { half: 0.5 } },
      { type: 'person.changed', payload: { long: 'x'.repeat(65_536) } },
      { type: 'access.outcome', ref: aRef(), intent: 0, outcome: 'ok', payload: {} },
      { type: 'log.open', fields: { origin: log.originOf(id), slot: 0, vkey: log.vkeyOf(id), keep: 0 } },
    ] as const;
    for (const draft of refused) {
      expect([draft.type, await codeOf(log.append(id, draft))]).toEqual([draft.type, 'LOG_DRAFT_INVALID']);
    }
    expect(log.size(id)).toBe(1);
    expect(await codeOf(log.append('0'.repeat(32), { type: 'person.changed' }))).toBe('LOG_UNKNOWN');
  });

  it('keeps everything personal out of the entries', async () => {
    const id = await log.openTenantLog();
    const ref = aRef();
    await appended(log, id, anActivation(ref));
    const { seq } = await appended(log, id, anIntent(ref, "select * from people where name = 'Anna Trujillo'"));
    const { rows } = await database.pool.query<{ leaf: string }>('select leaf from log.entries');
    expect(rows.length).toBeGreaterThan(100);
    for (const { leaf } of rows) expect(leaf).not.toMatch(/maria|ortiz|trujillo|select/i);
    const payload = await log.payload(id, seq);
    expect(payload).toMatchObject({ kind: 'open', payload: { who: 'Maria Ortiz' } });
  });

  it('records each opening of a payload, with the right that was stated', async () => {
    const id = await log.openTenantLog();
    const { seq } = await appended(log, id, { type: 'person.changed', payload: { a: 1 } });
    const right = { kind: 'own_log', person: 'lee@contoso.example' } as const;
    expect(await log.payload(id, seq, right)).toMatchObject({ kind: 'open', payload: { a: 1 } });
    const recorded = 'select count(*) from log.openings where log = $1 and by = $2';
    expect(await rowCount(recorded, [log.originOf(id), JSON.stringify(right)])).toBe(1);
    expect(await log.payload(id, 0)).toEqual({ kind: 'none' });
    expect(await log.payload(id, 99)).toEqual({ kind: 'unknown_entry' });
  });

  it('seals with one key for at most five minutes, and opens what older keys sealed', async () => {
    const id = await log.openTenantLog();
    const draft = { type: 'person.changed', payload: { a: 1 } };
    const { seq } = await appended(log, id, draft);
    clock.advance(3 * 60_000);
    await appended(log, id, draft);
    clock.advance(2 * 60_000);
    await appended(log, id, draft);
    const keys = `select count(distinct s.sk) from log.envelopes s join log.logs l using (slot) where l.id = $1`;
    expect(await rowCount(keys, [id])).toBe(2);
    expect(await log.payload(id, seq)).toMatchObject({ kind: 'open' });
  });

  it('refuses more than the queue holds, and takes again when it is shorter', async () => {
    const id = await log.openTenantLog();
    const all = await Promise.allSettled(
      Array.from({ length: 16_500 }, () => log.append(id, { type: 'person.changed' })),
    );
    const refused = all.filter((one) => one.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ reason: { code: 'LOG_QUEUE_FULL' } });
    expect(log.size(id)).toBe(1 + all.length - refused.length);
    await appended(log, id, { type: 'person.changed' });
  });
});
