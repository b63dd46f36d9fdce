/**
 * A program for the tests that kill it: opens the database of the folder in its first argument, writes numbers on several
 * connections and prints each one after PostgreSQL has acknowledged it.
 */
import { openDatabase } from '../../src/db/index.ts';
import { stderrLogger } from '../../src/logger.ts';

const database = await openDatabase({ dataDir: process.argv[2] ?? '', logger: stderrLogger('silent') });
await database.pool.query('create table if not exists acknowledged (n bigint primary key)');
const answer = await database.pool.query<{ n: string }>('select coalesce(max(n), 0) as n from acknowledged');
let next = Number(answer.rows[0]?.n ?? 0);

async function write(): Promise<void> {
  for (;;) {
    next += 1;
    const n = next;
    await database.pool.query({ name: 'write', text: 'insert into acknowledged values ($1)', values: [n] });
    process.stdout.write(`${n}\n`);
  }
}

await Promise.all(Array.from({ length: 6 }, () => write()));
