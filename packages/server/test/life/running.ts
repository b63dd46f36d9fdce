import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ready } from '../../src/program.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A program in a process of its own, as `gatehouse start --json` starts it. */
export type Running = {
  readonly ready: Ready;
  readonly pid: number;
  /** Ends the process at once, as a crash does (SIGKILL). */
  kill(): Promise<void>;
  /** Asks it to end (SIGTERM); its exit code. */
  stop(): Promise<number | null>;
};

/** Starts the program and waits for its one line. Fails with what it said if it ends before. */
export async function start(dataDir: string, more: readonly string[] = ['--sample']): Promise<Running> {
  const child = spawnMain(['start', '--data', dataDir, '--http', '0', '--gateway', '0', '--json', ...more]);
  let line = '';
  const exited = once(child, 'exit');
  for await (const chunk of child.stdout ?? []) {
    line += String(chunk);
    if (line.includes('\n')) break;
  }
  if (!line.includes('\n')) {
    await exited;
    throw new Error(`The program ended with ${child.exitCode}.`);
  }
  const pid = child.pid ?? 0;
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await exited;
    }
    return child.exitCode;
  };
  return {
    ready: JSON.parse(line) as Ready,
    pid,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  };
}

/** Runs the program to its end: its exit code and what it said on stderr and stdout. */
export async function runToEnd(
  args: readonly string[],
): Promise<{ code: number | null; stderr: string; stdout: string }> {
  const child = spawnMain(args);
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => (said.stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (said.stderr += String(chunk)));
  await once(child, 'close');
  return { code: child.exitCode, ...said };
}

function spawnMain(args: readonly string[]): ChildProcess {
  const env = { ...process.env, GATEHOUSE_LOG_LEVEL: 'silent', DATABASE_URL: '' };
  return spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}
