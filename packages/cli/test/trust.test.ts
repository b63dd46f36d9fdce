import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Trust } from '../src/trust.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-cli-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

describe('what a person trusts', () => {
  const trust = (): Trust => new Trust(dataDir, 'admin@acme.example');

  it('begins with the root key of the first use, and says so once', () => {
    expect(trust().root()).toBeNull();
    expect(trust().pin('a+1+AQ==', 'gatehouse.json')).toMatchObject({ pinnedNow: true, root: { vkey: 'a+1+AQ==' } });
    expect(trust().pin('a+1+AQ==', 'gatehouse.json')).toMatchObject({ pinnedNow: false });
  });

  it('refuses another root key afterwards, whoever offers it', () => {
    trust().pin('a+1+AQ==', 'gatehouse.json');
    expect(() => trust().pin('b+1+AQ==', 'gatehouse.json')).toThrow(
      expect.objectContaining({ code: 'root_key_changed' }),
    );
    expect(trust().root()?.vkey).toBe('a+1+AQ==');
  });

  it('keeps the log of each tenant apart, whatever its name', () => {
    const log = { logId: '0'.repeat(32), vkey: 'k', checkpoint: 'c', size: 3, root: 'r', epoch: 1 };
    trust().keepLog({ ...log, tenant: '../../etc' });
    trust().keepLog({ ...log, tenant: 'acme', size: 4 });
    expect(trust().log('../../etc')?.size).toBe(3);
    expect(trust().log('acme')?.size).toBe(4);
    expect(trust().log('globex')).toBeNull();
  });

  it('is never begun again because its file is damaged', async () => {
    trust().pin('a+1+AQ==', 'gatehouse.json');
    await writeFile(join(dataDir, 'profiles', 'admin@acme.example', 'trust', 'root.json'), '{');
    expect(() => trust().root()).toThrow(expect.objectContaining({ code: 'trust_unreadable' }));
  });
});
