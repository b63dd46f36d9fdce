import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { leafHash, treeRoot } from '@gatehouse/verifier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LogKeys, openLogKeys } from '../../src/log/keys.ts';
import { createLockFile, type LockFile } from '../../src/log/lock-file.ts';
import { signAll } from '../../src/log/signer.ts';
import { writeTree } from '../../src/log/tile-writer.ts';
import { aDataDir, codeOf } from './kit.ts';

const dir = aDataDir();
const origin = 'cloud.example/log/t/operator';
let keys: LogKeys;
beforeAll(async () => {
  keys = await openLogKeys(join(dir.path, 'keys', 'log.seed'), (count) => randomBytes(count), true);
});
afterAll(() => dir.remove());

let made = 0;
/** A tree of `size` leaves as it lies in a folder; `word` is what they say. */
async function aTree(size: number, word = 'a') {
  const folder = join(dir.path, String(made++));
  const leafAt = (index: number): string => `${word}${index}`;
  const leaves = async (from: number, to: number) => Array.from({ length: to - from }, (_, at) => leafAt(from + at));
  await writeTree({ folder, leaves, since: 0, size });
  const root = treeRoot((await leaves(0, size)).map((leaf) => leafHash(Buffer.from(leaf))));
  return { origin, folder, size, root };
}

function aLock(): Promise<LockFile> {
  return createLockFile(join(dir.path, `${made++}.json`), 'cloud.example/log');
}

describe('signing a checkpoint', () => {
  it('is written into the lock file before the signature is given', async () => {
    const lock = await aLock();
    const tree = await aTree(5);
    const notes = await signAll([tree], { keys, lock });
    expect(notes.get(origin)).toMatch(/^cloud\.example\/log\/t\/operator\n5\n/);
    expect(lock.of(origin)).toEqual({ size: 5, root: tree.root });
  });

  it('is refused when the tiles as stored give another root, and the lock file stays as it was', async () => {
    const lock = await aLock();
    const tree = await aTree(5);
    const file = join(tree.folder, 'tile', '0', '000.p', '5');
    const bytes = readFileSync(file);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expect(await codeOf(signAll([tree], { keys, lock }))).toBe('LOG_DAMAGED');
    expect(lock.of(origin)).toBeNull();
  });

  it('is refused for a second root of a size, for a smaller size, and for a rewritten history', async () => {
    const lock = await aLock();
    const signed = await aTree(5);
    await signAll([signed], { keys, lock });
    expect(await codeOf(signAll([await aTree(5, 'b')], { keys, lock }))).toBe('LOG_DAMAGED');
    expect(await codeOf(signAll([await aTree(4)], { keys, lock }))).toBe('LOG_BEHIND_LOCK');
    expect(await codeOf(signAll([await aTree(9, 'b')], { keys, lock }))).toBe('LOG_DAMAGED');
    expect(lock.of(origin)).toEqual({ size: 5, root: signed.root });
    expect(await codeOf(signAll([await aTree(9)], { keys, lock }))).toBe('nothing was thrown');
  });

  it('uses the same key for an origin after every restart, and another for every origin', async () => {
    const again = await openLogKeys(join(dir.path, 'keys', 'log.seed'), (count) => randomBytes(count), false);
    expect(again.of(origin).vkeyText).toBe(keys.of(origin).vkeyText);
    expect(again.of(`${origin}2`).vkey.publicKey).not.toEqual(keys.of(origin).vkey.publicKey);
  });
});
