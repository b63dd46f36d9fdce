import { createHash } from 'node:crypto';
import { chownSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/index.ts';
import { stderrLogger } from '../../src/logger.ts';
import { temporaryFolder } from '../cluster.ts';

const logger = stderrLogger('silent');

/** Names and contents of everything below `folder`, as one digest; what the failed start notes about itself left out. */
function digestOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (name.startsWith('postmaster.')) continue;
    hash.update(name);
    if (statSync(join(folder, name)).isFile()) hash.update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex');
}

describe('a damaged data directory', () => {
  const folder = temporaryFolder();
  const dataDir = join(folder.path, 'data');
  const pgdata = join(dataDir, 'pg', 'data');

  beforeAll(async () => {
    const database = await openDatabase({ dataDir, logger });
    await database.pool.query('create table kept as select 1 as n');
    await database.close();
  });
  afterAll(() => folder.remove());

  it.each<{ what: string; code: string; damage: (file: string) => void; where?: string; starts?: true }>([
    { what: 'PG_VERSION', code: 'CLUSTER_CORRUPT', damage: (file: string) => rmSync(file) },
    { what: 'PG_VERSION', code: 'CLUSTER_VERSION', damage: (file: string) => writeFileSync(file, '15\n') },
    { what: 'global/pg_control', code: 'CLUSTER_CORRUPT', damage: (file: string) => rmSync(file) },
    { what: 'global/pg_control', code: 'CLUSTER_CORRUPT', damage: (file: string) => truncateSync(file, 100) },
    {
      what: 'global/pg_control',
      code: 'CLUSTER_CORRUPT',
      damage: (file: string) => writeFileSync(file, 'x'.repeat(8192)),
    },
    {
      what: 'pg_filenode.map',
      code: 'CLUSTER_CORRUPT',
      damage: (file: string) => truncateSync(file, 0),
      where: 'global',
      starts: true,
    },
  ])('($what) is named, with $code, and nothing in it is deleted', async ({ what, code, damage, where, starts }) => {
    const file = join(pgdata, where ?? '', what);
    const whole = readFileSync(file);
    const { uid, gid } = statSync(file);
    damage(file);
    const before = digestOf(pgdata);
    await expect(openDatabase({ dataDir, logger })).rejects.toMatchObject({ name: 'DbError', code });
    // PostgreSQL finds this one only when somebody logs in; it has then written its usual files.
    if (starts !== true) expect(digestOf(pgdata)).toBe(before);
    writeFileSync(file, whole, { mode: 0o600 });
    chownSync(file, uid, gid);
    const mended = await openDatabase({ dataDir, logger });
    expect((await mended.pool.query('select n from kept')).rows).toEqual([{ n: 1 }]);
    await mended.close();
  });
});

it('refuses a pointer to a cluster that is gone instead of making an empty one', async () => {
  const folder = temporaryFolder();
  try {
    writeFileSync(join(folder.path, 'pg'), '/var/lib/gatehouse/gone\n');
    await expect(openDatabase({ dataDir: folder.path, logger })).rejects.toMatchObject({ code: 'CLUSTER_CORRUPT' });
    expect(readFileSync(join(folder.path, 'pg'), 'utf8')).toBe('/var/lib/gatehouse/gone\n');
  } finally {
    folder.remove();
  }
});
