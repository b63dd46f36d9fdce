import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian keeps the tools that are not in everybody's PATH. */
const elsewhere = ['/usr/bin', '/usr/sbin', '/usr/lib/postgresql/15/bin'];

/** The path of a tool that this machine has, or null. PATH comes first, so that another build can be measured. */
export function findTool(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...elsewhere];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not ours to run: the next folder is asked
  }
}

/** Variables of the caller's shell must not redirect a client (PGHOST, PGOPTIONS), so only these two are handed on. */
export function plainEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const libraries = process.env['LD_LIBRARY_PATH'];
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LC_ALL: 'C.UTF-8',
    ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }),
    ...more,
  };
}

/** A process of ours. `stop` asks it to end (SIGINT by default), kills it after 10 s, and resolves when it is gone. */
export type Child = {
  readonly pid: number;
  readonly process: ChildProcess;
  /** Resolves with what it printed when it has ended; rejects with its own words when it failed unasked. */
  readonly ended: Promise<string>;
  stop(signal?: NodeJS.Signals): Promise<void>;
};

/** Starts a process. What it prints is kept, at most its last 64 KiB. */
export function start(command: string, args: readonly string[], options: SpawnOptions = {}): Child {
  const child = spawn(command, [...args], { env: plainEnvironment(), ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.on(
      'data',
      (chunk: Buffer) => (said[stream] = (said[stream] + chunk.toString('utf8')).slice(-65_536)),
    );
  }
  // A process that ended before it read everything; how it ended is told below.
  child.stdin?.on('error', () => child.stdin?.destroy());
  let asked = false;
  const ended = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0 || asked) resolve(said.stdout);
      else
        reject(
          new Error(`${command} ended with ${signal ?? code}: ${(said.stderr || said.stdout).slice(-2000).trim()}`),
        );
    });
  });
  // Whoever awaits `ended` hears of the failure; without a listener it would end this program instead.
  ended.catch(() => undefined);
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const stop = async (signal: NodeJS.Signals = 'SIGINT'): Promise<void> => {
    asked = true;
    child.kill(signal);
    const impatient = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(impatient);
  };
  return { pid: child.pid ?? 0, process: child, ended, stop };
}

/** Runs a process to its end and returns what it printed. */
export async function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions & { input?: string } = {},
): Promise<string> {
  const { input, ...rest } = options;
  const child = start(command, args, rest);
  child.process.stdin?.end(input ?? '');
  return await child.ended;
}

/** Gives back what was started, last first, also when the benchmark is interrupted. */
export class Undo {
  readonly #steps: (() => Promise<void> | void)[] = [];

  /** Remembers how to give one thing back. */
  push(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  /** Gives everything back. A step that fails does not keep the others from being done; the first fault is thrown. */
  async run(): Promise<void> {
    const faults: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (fault) {
        faults.push(fault);
      }
    }
    if (faults.length > 0) throw faults[0];
  }
}

/** What a part of the benchmark is lent: a folder that is removed afterwards, a way to tell, and how to give back. */
export type Surroundings = {
  readonly folder: string;
  readonly tell: (text: string) => void;
  readonly undo: Undo;
};
