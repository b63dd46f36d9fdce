import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPinFile, type Pins, readPins } from './pins.ts';

const hash = `${'A'.repeat(43)}=`;
const pin = { genesis: hash, position: 1, head: hash };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-pins-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the pins', () => {
  it('are none where there is no file', async () => {
    expect((await readPins(folder)).directories.size).toBe(0);
  });

  it('outlive the process, readable by their owner only', async () => {
    await openPinFile(folder).change(withDirectory('operator'));
    expect((await readPins(folder)).directories.get('operator')).toEqual(pin);
    expect(statSync(join(folder, 'pins.json')).mode & 0o777).toBe(0o600);
  });

  it('lose no change of several made at once', async () => {
    const file = openPinFile(folder);
    const ids = Array.from({ length: 20 }, (_, index) => `tenant:${index}`);
    await Promise.all(ids.map((id) => file.change(withDirectory(id))));
    expect([...(await readPins(folder)).directories.keys()].sort()).toEqual([...ids].sort());
  });

  it('are read again when the file on disk was exchanged', async () => {
    const file = openPinFile(folder);
    await file.change(withDirectory('operator'));
    expect((await file.read()).directories.size).toBe(1);
    rmSync(join(folder, 'pins.json'));
    expect((await file.read()).directories.size).toBe(0);
  });

  it.each([
    ['an empty file', ''],
    ['no JSON', '{'],
    ['another version', '{"v":2,"directories":{},"policies":{}}'],
    ['a member too many', '{"v":1,"directories":{},"policies":{},"more":1}'],
    ['a hash that is none', '{"v":1,"directories":{"operator":{"genesis":"x","position":1,"head":"x"}},"policies":{}}'],
  ])('are refused as a whole when the file holds %s, and the file stays', async (_, text) => {
    writeFileSync(join(folder, 'pins.json'), text);
    await expect(readPins(folder)).rejects.toMatchObject({ name: 'IdentityError', code: 'PINS_UNREADABLE' });
    await expect(openPinFile(folder).change(withDirectory('operator'))).rejects.toMatchObject({
      code: 'PINS_UNREADABLE',
    });
    expect(readFileSync(join(folder, 'pins.json'), 'utf8')).toBe(text);
  });

  it('go on after a change that failed', async () => {
    const file = openPinFile(folder);
    const failing = file.change(() => {
      throw new Error('asked to fail');
    });
    await expect(failing).rejects.toThrow('asked to fail');
    await file.change(withDirectory('operator'));
    expect((await readPins(folder)).directories.size).toBe(1);
    chmodSync(folder, 0o700);
  });
});

function withDirectory(id: string): (pins: Pins) => Pins {
  return (pins) => ({ ...pins, directories: new Map(pins.directories).set(id, pin) });
}
