import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** Where a run happened, because a figure means nothing without it. */
export type Machine = {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly system: string;
  readonly node: string;
};

/** This machine. */
export function thisMachine(): Machine {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    system: systemName(),
    node: process.versions.node,
  };
}

/** The three load averages. What others do on the machine shows here, and so does the benchmark itself. */
export function load(): readonly number[] {
  return loadavg().map((value) => Number(value.toFixed(2)));
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return 'unknown'; // not a system that says its name there
  }
}
