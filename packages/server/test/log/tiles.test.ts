import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { leafHash, proveConsistency, rangeHash, readEntries, readFolder, tilesOf, treeRoot } from '@gatehouse/verifier';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { removePartials, writeTree } from '../../src/log/tile-writer.ts';
import { aDataDir } from './kit.ts';

const dir = aDataDir();
afterAll(() => dir.remove());

const leafAt = (index: number): string => `{"seq":${index}}`;
const leaves = async (from: number, to: number): Promise<readonly string[]> =>
  Array.from({ length: to - from }, (_, at) => leafAt(from + at));
const rootOf = (size: number): Uint8Array =>
  treeRoot(Array.from({ length: size }, (_, at) => leafHash(Buffer.from(leafAt(at)))));

let folders = 0;
function aFolder(): string {
  return join(dir.path, String(folders++));
}

async function rootIn(folder: string, size: number): Promise<Uint8Array> {
  const root = await rangeHash({ read: readFolder(folder), size }, { start: 0, end: size });
  if (!root.ok) throw new Error(root.finding.message);
  return root.value;
}

describe('tiles', () => {
  it('hash to the same root however a log grows, and prove consistency between its sizes', async () => {
    const growth = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(growth, async (steps) => {
        const folder = aFolder();
        let since = 0;
        for (const step of steps) {
          const size = since + step;
          await writeTree({ folder, leaves, since, size });
          await removePartials({ folder, since, size });
          expect(await rootIn(folder, size)).toEqual(rootOf(size));
          expect(await proveConsistency({ read: readFolder(folder), size }, since)).toMatchObject({ ok: true });
          since = size;
        }
      }),
      { numRuns: 12 },
    );
  });

  it('are those of C2SP tlog-tiles for 70,000 entries: three levels, with partial tiles', async () => {
    const folder = aFolder();
    await writeTree({ folder, leaves, since: 0, size: 70_000 });
    expect(readdirSync(join(folder, 'tile')).sort()).toEqual(['0', '1', '2', 'entries']);
    expect(tilesOf(70_000).filter(({ level }) => level === 2)).toEqual([{ level: 2, index: 0, width: 1 }]);
    expect(await rootIn(folder, 70_000)).toEqual(rootOf(70_000));
    const last = await readEntries(readFolder(folder), 273, 112);
    expect(last.ok && Buffer.from(last.value.entries.at(-1) ?? []).toString()).toBe(leafAt(69_999));
  });

  it('are the same files when they are written a second time', async () => {
    const folder = aFolder();
    await writeTree({ folder, leaves, since: 0, size: 300 });
    await writeTree({ folder, leaves, since: 256, size: 700 });
    await writeTree({ folder, leaves, since: 300, size: 700 }); // as after a crash before the checkpoint
    expect(await rootIn(folder, 700)).toEqual(rootOf(700));
  });

  it('are refused when the database has fewer entries than it should', async () => {
    const short = async (from: number, to: number) => (await leaves(from, to)).slice(0, -1);
    await expect(writeTree({ folder: aFolder(), leaves: short, since: 0, size: 10 })).rejects.toThrow(/has 9 leaves/);
  });
});
