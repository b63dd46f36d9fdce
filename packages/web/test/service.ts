import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const bin = join(root, 'packages/cli/bin/gatehouse.js');
const run = promisify(execFile);

/** A real server with the sample service, its people, and the command that acts for them. */
export type Service = {
  readonly http: string;
  /** Runs `gatehouse --as PERSON …` and returns its JSON; a refusal of exit code 1 throws unless `refusals` are expected. */
  readonly as: (person: string, args: readonly string[]) => Promise<{ readonly [name: string]: unknown }>;
  /** Runs statements under a grant with psql, through the gateway. */
  readonly run: (person: string, grant: string, statements: readonly string[]) => Promise<void>;
  /** Stops the server and leaves its data. */
  readonly stop: () => Promise<void>;
  readonly remove: () => Promise<void>;
};

/** Builds the pages as `npm run build` does, so that the server serves what is in the sources now. */
export async function buildPages(): Promise<void> {
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  await run(process.execPath, [vite, 'build', join(root, 'packages/web'), '--logLevel', 'warn'], { cwd: root });
}

/** Starts the server on free ports with a new data directory. */
export async function startService(): Promise<Service> {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-web-'));
  const args = ['start', '--data', data, '--http', '0', '--gateway', '0', '--sample', '--json'];
  const server = spawn(process.execPath, [join(root, 'packages/server/src/main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DATABASE_URL: '' },
  });
  const stop = (): Promise<void> => ended(server);
  const remove = async (): Promise<void> => {
    await stop();
    rmSync(data, { recursive: true, force: true });
  };
  try {
    const { http } = JSON.parse(await firstLine(server)) as { http: string };
    return {
      http,
      stop,
      remove,
      run: (person, grant, statements) => psql(data, person, grant, statements),
      as: (person, given) => gatehouse(data, person, given),
    };
  } catch (cause) {
    await remove();
    throw cause;
  }
}

async function gatehouse(data: string, person: string, args: readonly string[]) {
  const { stdout } = await run(process.execPath, [bin, '--data', data, '--as', person, '--json', ...args]);
  return JSON.parse(stdout) as { readonly [name: string]: unknown };
}

async function psql(data: string, person: string, grant: string, statements: readonly string[]): Promise<void> {
  const file = join(data, 'statements.sql');
  writeFileSync(file, `${statements.join(';\n')};\n`);
  const args = ['--data', data, '--as', person, 'connect', grant, '--', '-q', '-o', join(data, 'rows'), '-f', file];
  await run(process.execPath, [bin, ...args]);
}

async function firstLine(server: ChildProcess): Promise<string> {
  if (server.stdout === null || server.stderr === null) throw new Error('The server was started without pipes.');
  const said: string[] = [];
  server.stderr.on('data', (chunk: Buffer) => said.push(String(chunk)));
  for await (const line of createInterface({ input: server.stdout })) return line;
  throw new Error(`The server ended before it was ready: ${said.join('').slice(-2000)}`);
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  server.kill('SIGTERM');
  await exit;
}
