import { execFile } from 'node:child_process';
import { chmodSync, chownSync, cpSync, lstatSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { accountFor, canEnter, spawnAs } from '../../src/db/account.ts';
import { embeddedBinaries } from '../../src/db/binaries.ts';
import { temporaryFolder } from '../cluster.ts';

const run = promisify(execFile);
const root = process.getuid?.() === 0;
if (!root) process.stderr.write('Skipped: only root can give files and processes to another user.\n');

/** Opens, writes, closes, opens again, reads; prints what it read. */
const program = `
  import { openDatabase } from '${join(import.meta.dirname, '../../src/db/index.ts')}';
  import { stderrLogger } from '${join(import.meta.dirname, '../../src/logger.ts')}';
  const open = () => openDatabase({ dataDir: process.argv[1], logger: stderrLogger('silent') });
  const first = await open();
  await first.pool.query('create table kept as select 42 as n');
  await first.close();
  const second = await open();
  console.log(JSON.stringify((await second.pool.query('select n from kept')).rows));
  await second.close();
`;

describe.skipIf(!root)('a start', () => {
  it('as an unprivileged user needs nothing of root', async () => {
    const folder = temporaryFolder();
    const account = accountFor(null);
    try {
      chownSync(folder.path, account.uid, account.gid);
      chmodSync(folder.path, 0o700);
      const dataDir = join(folder.path, 'data');
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program, dataDir], {
        ...spawnAs(account),
        cwd: '/',
        env: {},
      });
      expect(JSON.parse(stdout)).toEqual([{ n: 42 }]);
      expect(statSync(join(dataDir, 'pg', 'data')).uid).toBe(account.uid);
    } finally {
      folder.remove();
    }
  });

  it('from a checkout that only root can enter runs a copy of PostgreSQL with its links', async () => {
    const folder = temporaryFolder();
    const account = accountFor(null);
    try {
      const checkout = join(folder.path, 'checkout');
      mkdirSync(checkout, { mode: 0o700 });
      const installed = join(embeddedBinaries(account, '/nowhere').postgres, '..', '..');
      cpSync(installed, join(checkout, 'native'), {
        recursive: true,
        filter: (from) => !lstatSync(from).isSymbolicLink(),
      });
      cpSync(join(installed, '..', 'package.json'), join(checkout, 'package.json'));
      expect(canEnter(account, join(checkout, 'native'))).toBe(false);
      const copy = embeddedBinaries(account, join(folder.path, 'copies'), join(checkout, 'native'));
      rmSync(checkout, { recursive: true }); // no link may lead back
      const { stdout } = await run(copy.postgres, ['--version'], { ...spawnAs(account), env: {}, cwd: '/' });
      expect(stdout).toContain('PostgreSQL) 18.');
    } finally {
      folder.remove();
    }
  });
});
