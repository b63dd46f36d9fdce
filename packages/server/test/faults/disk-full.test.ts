import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../cluster.ts';
import { acmeLog, anApproved, openUnder } from '../life/life.ts';
import { alive, readyStatus, type Running, soon, start, startWell, verified } from './kit.ts';

const folder = temporaryFolder();
const disk = join(folder.path, 'disk');
const dataDir = join(disk, 'data');
const mounted = mount();
if (mounted !== null) console.warn(`The full disk is not tested: ${mounted}`);

/** A small disk of its own in memory. Null, or why there is none. */
function mount(): string | null {
  mkdirSync(disk, { mode: 0o711 });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=640m,mode=711', 'gatehouse-test', disk], { stdio: 'pipe' });
    return null;
  } catch (cause) {
    return `a tmpfs cannot be mounted here (${String(cause).split('\n')[0]}).`;
  }
}

let it_: Running | null = null;
beforeAll(async () => {
  if (mounted === null) it_ = await startWell(dataDir);
});
afterAll(async () => {
  await it_?.stop();
  if (mounted === null) execFileSync('umount', [disk]);
  folder.remove();
});

/** Takes all the space that is left, and gives it back. */
const filler = join(disk, 'filler');
function fill(): void {
  const { bavail, bsize } = statfsSync(disk);
  try {
    writeFileSync(filler, Buffer.alloc(bavail * bsize));
  } catch (cause) {
    // Somebody else took some of it meanwhile: full is what was wanted.
    if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
  }
}

describe.skipIf(mounted !== null)('a disk that is full', () => {
  it('lets no row through that cannot be recorded, says so, and loses nothing when there is room again', {
    timeout: 120_000,
  }, async () => {
    if (it_ === null) throw new Error('The program does not run.');
    const { id } = await anApproved(it_);
    const wire = await openUnder(it_.ready.gateway, it_.engineer, id);
    const answered: string[] = [];
    let refusal: { message: string; sqlstate: string } | null = null;
    // Long texts fill what PostgreSQL has set aside (its log of 16 MiB) before the disk says no.
    const filling = '/*'.padEnd(15_000, String(Math.PI)) + '*/';
    for (let count = 0; count < 4_000 && refusal === null; count += 1) {
      if (count === 3) fill();
      const outcome = await wire.query(`select 'full-${count}-end', number from orders limit 3 ${filling}`);
      if (outcome.ok) answered.push(`full-${count}-end`);
      else refusal = outcome.error;
    }
    expect(answered.length).toBeGreaterThanOrEqual(3);
    expect(refusal?.message).toMatch(/^[A-Z].*\.$/);
    expect(refusal?.sqlstate).toMatch(/^[0-9A-Z]{5}$/);
    const ended = !alive(it_.pid) || (await readyStatus(it_).catch(() => 0)) === 0;
    if (!ended)
      await soon(async () => [503, 0].includes(await readyStatus(it_ as Running).catch(() => 0)), 'readyz to say so');
    await wire.close();

    rmSync(filler);
    const back = await Promise.race([
      it_.exited.then(() => false),
      soon(async () => (await readyStatus(it_ as Running)) === 200, 'the program being ready again', 30_000).then(
        () => true,
        () => false,
      ),
    ]);
    if (!back) {
      await it_.stop();
      it_ = null;
      const started = await start(dataDir);
      if (!started.running) throw new Error(`It does not start again: ${started.exit.stderr}`);
      it_ = started.it;
    }
    const said = JSON.stringify(await acmeLog(it_));
    expect(answered.filter((mark) => !said.includes(mark))).toEqual([]);
    await verified(it_, undefined);
    const again = await openUnder(it_.ready.gateway, it_.engineer, id);
    expect((await again.query('select 1')).ok).toBe(true);
    await again.close();
  });
});
