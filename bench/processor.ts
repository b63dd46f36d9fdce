import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts a process's time in ticks; `getconf` says how many make a second (100 nearly everywhere). */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

type Stat = { readonly parent: number; readonly ticks: number };

/** Microseconds of processor time that a process has used, user and system, all threads; its children not. */
export function processorMicros(pid: number): number {
  return ((statOf(pid)?.ticks ?? 0) * 1_000_000) / ticksPerSecond;
}

/** The same of a process and everything below it: a PostgreSQL server with its backends. */
export function treeMicros(root: number, without: readonly number[] = []): number {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : null;
    if (stat !== null) stats.set(Number(name), stat);
  }
  const isBelow = (pid: number): boolean => {
    if (pid === root) return true;
    const parent = stats.get(pid)?.parent ?? 0;
    return parent > 1 && isBelow(parent);
  };
  let ticks = 0;
  for (const [pid, stat] of stats) if (!without.includes(pid) && isBelow(pid)) ticks += stat.ticks;
  return (ticks * 1_000_000) / ticksPerSecond;
}

/** proc(5): the name in brackets may hold spaces, so fields are counted after the last bracket. */
function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return null; // it has ended since the folder was listed
  }
}
