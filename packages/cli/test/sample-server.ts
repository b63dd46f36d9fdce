import type { ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gatehouse, type Ran, startGatehouse } from './command.ts';

/** The real server with its sample service, started by the command itself. */
export type SampleServer = {
  readonly dataDir: string;
  readonly http: string;
  readonly rootVkey: string;
  /** Runs a verb as somebody, for people. */
  readonly as: (person: string, ...args: readonly string[]) => Promise<Ran>;
  /** Runs a verb as somebody with `--json`; throws with stderr if it does not exit 0. */
  readonly json: (person: string, ...args: readonly string[]) => Promise<{ readonly [name: string]: unknown }>;
  /** Sends SIGTERM and resolves with the exit code. */
  readonly stop: () => Promise<number | null>;
};

/** Starts the server on free ports in a data directory of its own. */
export async function startSampleServer(): Promise<SampleServer> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-life-'));
  // PostgreSQL runs under another user: in a folder that it cannot enter, its cluster would be kept elsewhere and stay.
  await chmod(folder, 0o711);
  const dataDir = join(folder, 'data');
  const child = startGatehouse(['--data', dataDir, 'start', '--sample', '--http', '0', '--gateway', '0', '--json']);
  const { http, rootVkey } = await readyLine(child);
  const as = (person: string, ...args: readonly string[]) => gatehouse(['--data', dataDir, '--as', person, ...args]);
  return {
    dataDir,
    http,
    rootVkey,
    as,
    async json(person, ...args) {
      const { code, out, err } = await as(person, '--json', ...args);
      if (code !== 0) throw new Error(`gatehouse ${args.join(' ')} ended with ${code}: ${err}`);
      return JSON.parse(out) as { readonly [name: string]: unknown };
    },
    async stop() {
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      child.kill('SIGTERM');
      const code = await ended;
      await rm(folder, { recursive: true });
      return code;
    },
  };
}

function readyLine(child: ChildProcess): Promise<{ readonly http: string; readonly rootVkey: string }> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    child.stderr?.on('data', (bytes: Buffer) => said.push(bytes.toString()));
    child.on('close', (code) => reject(new Error(`The server ended with ${code}: ${said.join('')}`)));
    if (child.stdout === null) throw new Error('The server has no stdout.');
    createInterface(child.stdout).once('line', (line) => resolve(JSON.parse(line)));
  });
}
