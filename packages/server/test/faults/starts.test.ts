import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../cluster.ts';
import { type Exit, readyStatus, start, startWell } from './kit.ts';

const folder = temporaryFolder();
/** A data directory that was used and stopped well. */
const used = join(folder.path, 'used');

beforeAll(async () => {
  const it_ = await startWell(used);
  await it_.stop();
});
afterAll(() => folder.remove());

/** Breaks a file for as long as `work` lasts; whatever else `work` changes in the directory is a fault. */
async function whileBroken(file: string, breaking: (file: string) => void, work: () => Promise<void>): Promise<void> {
  const whole = join(folder.path, 'whole');
  execFileSync('cp', ['-p', file, whole]);
  try {
    breaking(file);
    const before = digest(used);
    await work();
    expect(digest(used), file).toBe(before);
  } finally {
    execFileSync('cp', ['-p', whole, file]);
  }
}

/** A start that has to fail: one plain sentence on stderr, exit 1, nothing on stdout. */
async function failedStart(dataDir: string, args?: readonly string[]): Promise<Exit> {
  const started = await start(dataDir, args === undefined ? {} : { args });
  if (started.running) {
    await started.it.stop();
    throw new Error('The program started; expected a sentence and exit 1.');
  }
  const { exit } = started;
  expect(exit.code, exit.stderr).toBe(1);
  expect(exit.stderr).toMatch(/^gatehouse start: [^\n]+\n$/);
  expect(exit.stderr).not.toMatch(/\bat .*:\d+:\d+|node_modules|undefined|\[object/);
  return exit;
}

/** What lies in the directory, except what PostgreSQL writes at each start of its own and our own lock. */
function digest(dataDir: string): string {
  const hash = createHash('sha256');
  const visit = (path: string): void => {
    const found = lstatSync(path);
    if (found.isDirectory()) {
      for (const name of readdirSync(path).toSorted()) {
        if (!/^(pg|gatehouse\.(lock|pid))$/.test(name)) visit(join(path, name));
      }
    } else {
      const content = found.isSymbolicLink() ? readlinkSync(path) : readFileSync(path);
      hash.update(`${path}\0`).update(content);
    }
  };
  visit(dataDir);
  return hash.digest('hex');
}

describe('a start that cannot be', () => {
  it('refuses a second program on the same data directory, and the first goes on', async () => {
    const first = await startWell(used);
    try {
      const before = readFileSync(join(used, 'gatehouse.json'), 'utf8');
      expect((await failedStart(used)).stderr).toContain(`process ${first.pid}`);
      expect(readFileSync(join(used, 'gatehouse.json'), 'utf8')).toBe(before);
      expect(await readyStatus(first)).toBe(200);
    } finally {
      await first.stop();
    }
  });

  it('names the port that somebody else has, for both doors', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const before = digest(used);
      for (const args of [
        ['--http', String(port), '--gateway', '0'],
        ['--http', '0', '--gateway', String(port)],
      ]) {
        expect((await failedStart(used, args)).stderr).toContain(`127.0.0.1:${port} in use`);
      }
      expect(digest(used)).toBe(before);
    } finally {
      taken.close();
    }
  });

  it('names a data directory that cannot be written', async () => {
    expect((await failedStart('/proc/nowhere/data')).stderr).toContain('--data');
    const file = join(folder.path, 'a-file');
    writeFileSync(file, 'somebody else’s');
    expect((await failedStart(file)).stderr).toContain(file);
    expect(readFileSync(file, 'utf8')).toBe('somebody else’s');
  });

  const broken: Record<string, { file: string; as: (file: string) => void; says: RegExp }> = {
    'pins that are no JSON': { file: 'pins.json', as: (file) => writeFileSync(file, '{"acme":'), says: /pins\.json/ },
    'pins of other directories': {
      file: 'pins.json',
      as: (file) => {
        const pins = readFileSync(file, 'utf8');
        const flipped = pins.replace(
          /"([A-Za-z0-9+/]{42})([A-Za-z0-9+/])=/g,
          (_, most, last) => `"${most}${last === 'A' ? 'E' : 'A'}=`,
        );
        expect(flipped).not.toBe(pins);
        writeFileSync(file, flipped);
      },
      says: /pin/,
    },
    'pins that are gone': { file: 'pins.json', as: (file) => rmSync(file), says: /pins\.json|pin/ },
    'a lock file that is no JSON': {
      file: 'log/lock.json',
      as: (file) => writeFileSync(file, 'x'),
      says: /lock\.json/,
    },
    'a lock file that is gone': { file: 'log/lock.json', as: (file) => rmSync(file), says: /lock\.json/ },
    'a seed that is too short': { file: 'keys/log.seed', as: (file) => truncateSync(file, 7), says: /log\.seed|seed/ },
    'a seed that is gone': { file: 'keys/log.seed', as: (file) => rmSync(file), says: /log\.seed|seed/ },
    'a seed of another deployment': {
      file: 'keys/log.seed',
      as: (file) =>
        writeFileSync(
          file,
          readFileSync(file).map((byte) => byte ^ 1),
        ),
      says: /seed/,
    },
  };
  it.each(Object.keys(broken))('says what is wrong with %s, and changes nothing', async (what) => {
    const { file, as, says } = broken[what] ?? { file: '', as: () => undefined, says: /never/ };
    await whileBroken(join(used, file), as, async () => {
      expect((await failedStart(used)).stderr).toMatch(says);
    });
  });

  it('says which file of keys holds none, and never makes new ones instead', async () => {
    const files = ['custodian.root', 'gateway-server.pem', 'gateway-server.key'].map((name) =>
      join(used, 'keys', name),
    );
    for (const file of files) {
      await whileBroken(
        file,
        (broke) => writeFileSync(broke, ''),
        async () => {
          expect((await failedStart(used)).stderr, file).toContain(basename(file));
        },
      );
    }
  });

  it('needs nothing of gatehouse.json, which only tells where the program is, and writes it anew', async () => {
    writeFileSync(join(used, 'gatehouse.json'), '{"ready":tru');
    const it_ = await startWell(used);
    expect(JSON.parse(readFileSync(join(used, 'gatehouse.json'), 'utf8'))).toEqual(it_.ready);
    expect((await it_.stop()).code).toBe(0);
  });
});
