import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, DbError } from './errors.ts';

/**
 * Stops the PostgreSQL that a killed program left running on `pgdata`, and returns how many processes there were.
 *
 * Call it only while holding the lock on the data directory: then whatever runs there has lost its program. A process is
 * recognised by its working directory (PostgreSQL works inside its data directory), never by a number in a file alone,
 * because numbers are given again to others.
 */
export async function stopSurvivors(pgdata: string, deadlineMs = 30_000): Promise<number> {
  const first = survivorsOf(pgdata);
  const startedAt = performance.now();
  const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGKILL'];
  let sent = 0;
  for (let left = first; left.length > 0; left = survivorsOf(pgdata)) {
    const elapsed = performance.now() - startedAt;
    const signal = signals[sent];
    // Fast shutdown first (a clean checkpoint), then the one that needs recovery, then the kernel.
    if (signal !== undefined && elapsed >= (deadlineMs / signals.length) * sent) {
      sent += 1;
      for (const pid of signal === 'SIGINT' ? postmasterAmong(left, pgdata) : left) signalTo(pid, signal);
    }
    if (elapsed > deadlineMs) {
      throw new DbError(
        'CLUSTER_SURVIVOR',
        `PostgreSQL processes (${left.join(', ')}) of an earlier run still use ${pgdata} and do not stop: stop them by hand, then start again.`,
      );
    }
    await delay(20);
  }
  removeRecycledPidFile(pgdata);
  return first.length;
}

/** Process ids that work inside `pgdata`, other than ours. */
export function survivorsOf(pgdata: string): number[] {
  if (process.platform !== 'linux') return survivorByPidFile(pgdata);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && workingFolderOf(pid) === pgdata);
}

function workingFolderOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch (error) {
    // Gone meanwhile, or another user's: neither can be ours.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(codeOf(error) ?? '')) return null;
    throw error;
  }
}

function survivorByPidFile(pgdata: string): number[] {
  const pid = pidFileOf(pgdata);
  if (pid === null) return [];
  try {
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes(pgdata) ? [pid] : [];
  } catch (error) {
    if (error instanceof Error && 'status' in error) return []; // `ps` exits 1 when there is no such process
    throw error;
  }
}

/** The postmaster if it is among them; without it (it was killed itself) all of them. */
function postmasterAmong(pids: readonly number[], pgdata: string): readonly number[] {
  const postmaster = pidFileOf(pgdata);
  return postmaster !== null && pids.includes(postmaster) ? [postmaster] : pids;
}

function pidFileOf(pgdata: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(join(pgdata, 'postmaster.pid'), 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 1 ? pid : null;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * PostgreSQL refuses to start when the number in its file is now another program's. On Linux every process was looked at
 * and none works in `pgdata`; elsewhere the file stays, because it also names the shared memory of orphaned backends.
 */
function removeRecycledPidFile(pgdata: string): void {
  if (process.platform === 'linux' && pidFileOf(pgdata) !== null)
    rmSync(join(pgdata, 'postmaster.pid'), { force: true });
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}
