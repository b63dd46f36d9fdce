import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/db/index.ts';
import { survivorsOf } from '../../src/db/survivors.ts';
import { stderrLogger } from '../../src/logger.ts';
import { postmasterOf, temporaryFolder, until } from '../cluster.ts';

const program = join(import.meta.dirname, 'ledger-program.ts');

/** Lets the program acknowledge `count` rows, kills it (and, where asked, its PostgreSQL), returns what it acknowledged. */
async function killAfter(dataDir: string, count: number, alsoServer: boolean): Promise<number[]> {
  const child = spawn(process.execPath, [program, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const acknowledged: number[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => acknowledged.push(Number(line)));
  await until(() => acknowledged.length >= count || child.exitCode !== null);
  const server = postmasterOf(dataDir);
  child.kill('SIGKILL');
  if (alsoServer) process.kill(server, 'SIGKILL');
  await closed;
  return acknowledged;
}

it.each([
  { what: 'of the program', alsoServer: false },
  { what: 'of the program and its PostgreSQL', alsoServer: true },
])('keeps every acknowledged row over a kill -9 $what, again and again', async ({ alsoServer }) => {
  const folder = temporaryFolder();
  const dataDir = join(folder.path, 'data');
  try {
    const acknowledged: number[] = [];
    for (let round = 0; round < 3; round += 1) acknowledged.push(...(await killAfter(dataDir, 300, alsoServer)));
    const database = await openDatabase({ dataDir, logger: stderrLogger('silent') });
    const stored = await database.pool.query<{ n: string }>('select n from acknowledged');
    await database.close();
    const rows = new Set(stored.rows.map((row) => Number(row.n)));
    expect(acknowledged.length).toBeGreaterThanOrEqual(900);
    expect(acknowledged.filter((n) => !rows.has(n))).toEqual([]);
  } finally {
    folder.remove();
  }
});

it('recognises the PostgreSQL that a killed program left alive, stops it and starts anew', async () => {
  const folder = temporaryFolder();
  const dataDir = join(folder.path, 'data');
  try {
    await killAfter(dataDir, 10, false);
    const left = postmasterOf(dataDir);
    expect(survivorsOf(join(dataDir, 'pg', 'data'))).toContain(left);
    const database = await openDatabase({ dataDir, logger: stderrLogger('silent') });
    expect(postmasterOf(dataDir)).not.toBe(left);
    expect(survivorsOf(join(dataDir, 'pg', 'data'))).not.toContain(left);
    await database.close();
    expect(survivorsOf(join(dataDir, 'pg', 'data'))).toEqual([]);
  } finally {
    folder.remove();
  }
});

it('tells the program when PostgreSQL ends without being asked, so that it can fail closed', async () => {
  const folder = temporaryFolder();
  const dataDir = join(folder.path, 'data');
  try {
    const database = await openDatabase({ dataDir, logger: stderrLogger('silent') });
    const told = new Promise<string>((resolve) => database.onExit((reason) => resolve(reason.code)));
    process.kill(postmasterOf(dataDir), 'SIGKILL');
    expect(await told).toBe('CLUSTER_EXITED');
    await expect(database.pool.query('select 1')).rejects.toThrow();
    await database.close();
    const again = await openDatabase({ dataDir, logger: stderrLogger('silent') });
    expect((await again.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await again.close();
  } finally {
    folder.remove();
  }
});

it('does not tell of an end that was asked for', async () => {
  const folder = temporaryFolder();
  try {
    const database = await openDatabase({ dataDir: join(folder.path, 'data'), logger: stderrLogger('silent') });
    const told: string[] = [];
    database.onExit((reason) => told.push(reason.code));
    await database.close();
    expect(told).toEqual([]);
  } finally {
    folder.remove();
  }
});
