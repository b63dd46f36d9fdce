import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Database, migrate } from '../../src/db/index.ts';
import { openTestDatabase, type TestDatabase, temporaryFolder, withCluster } from '../cluster.ts';

describe('the schema of the product', () => {
  const folder = temporaryFolder();
  let test: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    test = await openTestDatabase({ migrated: false });
    database = test.database;
  });
  beforeEach(async () => {
    await database.pool.query('drop schema if exists db cascade; drop table if exists one, two, three');
  });
  afterAll(async () => {
    await test.close();
    folder.remove();
  });

  /** A folder of migrations: file name to SQL. */
  function migrations(files: Record<string, string>): string {
    mkdirSync(folder.path, { recursive: true });
    const path = mkdtempSync(join(folder.path, 'migrations-'));
    for (const [name, sql] of Object.entries(files)) writeFileSync(join(path, name), sql);
    return path;
  }
  const one = { '0001-one.sql': 'create table one (n integer); insert into one values (1);' };
  const two = { '0002-two.sql': 'create table two (n integer);' };

  it('is brought forward by each missing migration once, in order', async () => {
    expect((await migrate(database, migrations({ ...two, ...one }))).map((m) => m.number)).toEqual([1, 2]);
    expect(await migrate(database, migrations({ ...one, ...two }))).toEqual([]);
    const three = { '0003-three.sql': 'create table three as select n from one' };
    expect((await migrate(database, migrations({ ...one, ...two, ...three }))).map((m) => m.name)).toEqual(['three']);
    expect((await database.pool.query('select n from three')).rows).toEqual([{ n: 1 }]);
  });

  it('is refused by an older program when a newer one made it', async () => {
    await migrate(database, migrations({ ...one, ...two }));
    await expect(migrate(database, migrations(one))).rejects.toMatchObject({ code: 'SCHEMA_NEWER' });
    expect((await database.pool.query('select count(*)::int as n from two')).rows).toEqual([{ n: 0 }]);
  });

  it('is refused when an applied migration was changed or taken away', async () => {
    await migrate(database, migrations({ ...one, ...two }));
    const changed = migrations({ '0001-one.sql': 'create table one (n bigint);', ...two });
    await expect(migrate(database, changed)).rejects.toMatchObject({ code: 'MIGRATION_CHANGED' });
    await expect(migrate(database, migrations(two))).rejects.toMatchObject({ code: 'MIGRATION_CHANGED' });
  });

  it('is refused when a migration arrives below one that was applied', async () => {
    await migrate(database, migrations(two));
    await expect(migrate(database, migrations({ ...one, ...two }))).rejects.toMatchObject({
      code: 'MIGRATION_OUT_OF_ORDER',
    });
  });

  it('stands at the migration before a failing one, whose every statement is undone', async () => {
    const failing = migrations({ ...one, '0002-two.sql': 'create table two (n integer); select 1 / 0;' });
    await expect(migrate(database, failing)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
    expect((await database.pool.query("select to_regclass('one') as one, to_regclass('two') as two")).rows).toEqual([
      { one: 'one', two: null },
    ]);
    expect((await migrate(database, migrations({ ...one, ...two }))).map((m) => m.number)).toEqual([2]);
  });

  it('does not accept a migration that ends its own transaction', async () => {
    const committing = migrations({ '0001-one.sql': 'create table one (n integer); commit; begin;' });
    await expect(migrate(database, committing)).rejects.toThrow('ends its own transaction');
  });

  it('is migrated once when two programs start together', async () => {
    const files = migrations({ ...one, ...two });
    const both = await Promise.all([migrate(database, files), migrate(database, files)]);
    expect(both.flat().map((m) => m.number)).toEqual([1, 2]);
  });

  it('takes only files named NNNN-name.sql, each number once', async () => {
    await expect(migrate(database, migrations({ '1-one.sql': '' }))).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
    });
    await expect(migrate(database, migrations({ ...one, '0001-two.sql': '' }))).rejects.toThrow('number 1');
  });
});

it('is made whole on an empty database by the migrations that this program brings', () =>
  withCluster(async (database) => {
    const made = await database.pool.query<{ n: number }>('select count(*)::int as n from db.migrations');
    expect(made.rows[0]?.n).toBeGreaterThan(0);
    expect(await migrate(database)).toEqual([]);
  }));
