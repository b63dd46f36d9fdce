import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createSlotReplay,
  openCheckpoint,
  parseDelta,
  parseEpochRecord,
  parseVkey,
  policyOf,
  readEntries,
  readFolder,
  verifyBundle,
  verifyLog,
} from '@gatehouse/verifier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/index.ts';
import type { Log } from '../../src/log/index.ts';
import { aDataDir, aDatabase, aLog, appended, published, until } from './kit.ts';

const dataDir = aDataDir();
let database: Database;
let log: Log;
let id: string;

beforeAll(async () => {
  database = await aDatabase(dataDir.path);
  log = await aLog(database, dataDir.path);
  id = await log.openTenantLog();
  for (const more of [3, 300, 1, 250, 600]) {
    await Promise.all(
      Array.from({ length: more }, (_, n) => appended(log, id, { type: 'person.changed', payload: { n } })),
    );
    await published(log, id);
  }
});
afterAll(async () => {
  await log.stop();
  await database.close();
  dataDir.remove();
});

const folderOf = (logId: string): string => join(dataDir.path, 'log', 't', logId);

describe('what is published', () => {
  it('is a log that the verifier accepts whole, tiles included, from its first checkpoint on', async () => {
    const report = await verifyLog({ read: readFolder(folderOf(id)), originOrVkey: log.vkeyOf(id), tiles: true });
    expect(report).toMatchObject({ ok: true, size: 1_155, findings: [] });
  });

  it('is a root log whose epochs replay: every slot transition of LOG-SPEC 4.6 holds', async () => {
    const root = readFolder(join(dataDir.path, 'log', 'root'));
    const key = parseVkey(log.rootVkey);
    if (!key.ok) throw new Error(key.finding.message);
    const opened = await openCheckpoint((await root('checkpoint')) ?? new Uint8Array(), { logs: [key.value] });
    if (!opened.ok) throw new Error(opened.finding.message);
    const { size } = opened.value.checkpoint;
    expect(size).toBeGreaterThan(4);
    const records = await readEntries(root, 0, Math.min(256, size));
    if (!records.ok) throw new Error(records.finding.message);
    const replay = createSlotReplay();
    for (const [epoch, bytes] of records.value.entries.entries()) {
      const record = parseEpochRecord(bytes);
      const delta = parseDelta(JSON.stringify(await log.delta(epoch)));
      if (!record.ok || !delta.ok) throw new Error(`epoch ${epoch} cannot be parsed`);
      expect([epoch, replay.apply(delta.value, record.value)]).toEqual([epoch, { ok: true, value: null }]);
    }
    expect(replay.slots.map(({ leaf }) => leaf.log)).toEqual([log.originOf('operator'), log.originOf(id)]);
  });

  it('gives for every entry a bundle that the verifier accepts, and for a new entry none before its epoch', async () => {
    const key = parseVkey(log.rootVkey);
    if (!key.ok) throw new Error(key.finding.message);
    const policy = policyOf({ logs: [key.value] });
    for (const seq of [0, 1, 255, 256, 511, 512, 1_154]) {
      const answer = await log.bundle(id, seq);
      if (answer.kind !== 'bundle') throw new Error(answer.kind);
      const verified = await verifyBundle(JSON.stringify(answer.bundle), { policy, origin: log.originOf(id) });
      expect([seq, verified.ok]).toEqual([seq, true]);
    }
    expect(await log.bundle(id, 1_155)).toEqual({ kind: 'unknown_entry' });
    const { seq } = await appended(log, 'operator', { type: 'system.started' });
    const early = (await log.bundle('operator', seq)).kind;
    expect(['entry_not_in_epoch', 'bundle']).toContain(early);
    await until('the entry is in an epoch', async () => (await log.bundle('operator', seq)).kind === 'bundle');
  });

  it('proves the slot of a log in each epoch since its first', async () => {
    const newest = log.health().publishedEpoch ?? -1;
    expect(await log.slot(id, newest)).toMatchObject({ v: 1, epoch: newest, slot: 1, slots: 2 });
    expect(await log.slot(id, newest + 1_000)).toBeNull();
    expect(await log.slot(id, -1)).toBeNull();
  });

  it('is named after this machine when nobody gave it a name', () => {
    expect(log.operatorName).toMatch(/^localhost\/[0-9a-f]{8}\/log$/);
    expect(log.rootVkey).toMatch(/^localhost\/[0-9a-f]{8}\/log\/root\+[0-9a-f]{8}\+/);
  });

  it('serves only the files of the format', async () => {
    expect(await log.file('vkeys')).toEqual(Buffer.from(`${log.rootVkey}\n`));
    expect(await log.file(`t/${id}/tile/0/000`)).toHaveLength(8_192);
    expect(await log.file('root/checkpoint')).not.toBeNull();
    const others = [
      'lock.json',
      '../keys/log.seed',
      `t/${id}/../../../keys/log.seed`,
      `t/${id}/tile/entries/../../../../lock.json`,
      't/x/checkpoint',
      `t/${id}`,
      `t/${id}/tile/0/000.p/0`,
      '',
    ];
    for (const path of others) expect([path, await log.file(path)]).toEqual([path, null]);
  });

  it('keeps no partial tile of a tile that is full', async () => {
    expect(await log.file(`t/${id}/tile/0/000.p/4`)).toBeNull();
    expect(await log.file(`t/${id}/tile/entries/000.p/4`)).toBeNull();
    expect(await log.file(`t/${id}/tile/1/000.p/4`)).not.toBeNull();
  });

  it('shows the verifier which file and entry somebody changed', async () => {
    const file = join(folderOf(id), 'tile', 'entries', '001');
    const bytes = readFileSync(file);
    const changed = Buffer.from(bytes);
    const at = changed.indexOf('person.changed', 20_000);
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(file, changed);
    const report = await verifyLog({ read: readFolder(folderOf(id)), originOrVkey: log.vkeyOf(id), tiles: true });
    writeFileSync(file, bytes);
    expect(report.ok).toBe(false);
    expect(report.findings[0]).toMatchObject({ file: 'tile/entries/001' });
    expect(report.findings[0]?.index).toBeGreaterThanOrEqual(256);
    expect(report.findings[0]?.index).toBeLessThan(512);

    const tile = join(folderOf(id), 'tile', '0', '002');
    const hashes = readFileSync(tile);
    const flipped = Buffer.from(hashes);
    flipped[100] = (flipped[100] ?? 0) ^ 4;
    writeFileSync(tile, flipped);
    const second = await verifyLog({ read: readFolder(folderOf(id)), originOrVkey: log.vkeyOf(id), tiles: true });
    writeFileSync(tile, hashes);
    expect(second.findings).toMatchObject([{ code: 'TILE_DIFFERS', file: 'tile/0/002' }]);
  });
});
