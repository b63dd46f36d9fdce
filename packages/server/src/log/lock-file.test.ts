import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createLockFile, readLockFile } from './lock-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'lock-file-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'log', 'lock.json');

describe('the lock file', () => {
  it('is not there before a deployment is made', async () => {
    expect(await readLockFile(path)).toBeNull();
  });

  it('remembers the last signed size and root of each log across restarts, for this user only', async () => {
    const lock = await createLockFile(path, 'cloud.example/log');
    await lock.advance(new Map([['a', { size: 3, root: new Uint8Array(32).fill(1) }]]));
    await lock.advance(new Map([['b', { size: 7, root: new Uint8Array(32).fill(2) }]]));
    const again = await readLockFile(path);
    expect(again?.operatorName).toBe('cloud.example/log');
    expect(again?.origins).toEqual(['a', 'b']);
    expect(again?.of('a')).toEqual({ size: 3, root: new Uint8Array(32).fill(1) });
    expect(again?.of('c')).toBeNull();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is refused when it is damaged, never guessed or repaired', async () => {
    const good = readFileSync(path, 'utf8');
    const damages = [
      '',
      'x',
      good.slice(0, -2),
      good.replace('"v":1', '"v":2'),
      good.replace('"size":3', '"size":"3"'),
    ];
    for (const damage of [...damages, good.replace('AQEB', 'AQE='), `${good}\n`]) {
      writeFileSync(path, damage);
      await expect(readLockFile(path)).rejects.toMatchObject({ code: 'LOG_LOCK_UNUSABLE' });
      expect(readFileSync(path, 'utf8')).toBe(damage);
    }
  });
});
