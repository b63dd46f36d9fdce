import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ReadFile, verifyLog } from '@gatehouse/verifier';
import { administratorOf } from '../../src/demo/administrator.ts';
import { Refused } from '../../src/demo/person.ts';
import type { Administrator } from '../../src/demo/story.ts';
import type { Ready } from '../../src/program.ts';
import { type Cast, openCast } from '../life/life.ts';

const mainFile = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** How a process ended. */
export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly stderr: string };

/** A start of the program as a process of its own: running, or ended before it was ready. */
export type Started =
  | { readonly running: true; readonly it: Running }
  | { readonly running: false; readonly exit: Exit };

/** The program, running, with its people. */
export type Running = Cast & {
  readonly pid: number;
  readonly ready: Ready;
  readonly sql: Administrator;
  readonly exited: Promise<Exit>;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  /** Asks it to stop and waits for its end. */
  stop(): Promise<Exit>;
};

/** Runs `node main.ts start --data DIR …` and waits until it is ready or has ended. */
export async function start(
  dataDir: string,
  more: {
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    /** The process is killed (-9) after this time if it is not ready by then. */
    readonly killedAfterMs?: number;
  } = {},
): Promise<Started> {
  const args = more.args ?? ['--http', '0', '--gateway', '0', '--sample', '--json'];
  const child = spawn(process.execPath, [mainFile, 'start', '--data', dataDir, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...more.env },
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stderr }));
  });
  const killer =
    more.killedAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), more.killedAfterMs);
  const line = await Promise.race([firstLine(child), exited]);
  clearTimeout(killer);
  if (typeof line !== 'string') return { running: false, exit: line };
  const ready = JSON.parse(line) as Ready;
  const kill = (signal: NodeJS.Signals): void => void child.kill(signal);
  const people = await openCast({ http: ready.http, dataDir, now: Date.now, random: (n) => randomBytes(n) });
  const it: Running = {
    ...people,
    pid: child.pid ?? 0,
    ready,
    sql: administratorOf((database) => ({ host: join(dataDir, 'pg', 'run'), port: 5432, user: 'postgres', database })),
    exited,
    stderr: () => stderr,
    kill,
    stop: () => {
      kill('SIGTERM');
      return exited;
    },
  };
  return { running: true, it };
}

/** Like `start`, for a start that has to succeed. */
export async function startWell(dataDir: string, more: Parameters<typeof start>[1] = {}): Promise<Running> {
  const started = await start(dataDir, more);
  if (started.running) return started.it;
  throw new Error(`The program ended with ${started.exit.code ?? started.exit.signal}: ${started.exit.stderr}`);
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
  });
}

/** A checkpoint that somebody outside has kept, as the log signed it. */
export type Kept = Uint8Array | undefined;

/** Fetches and verifies acme's log over HTTP until a checkpoint covers `atLeast` entries; returns that checkpoint. */
export async function verified(it: Running, since: Kept, atLeast = 0): Promise<{ kept: Uint8Array; size: number }> {
  const { logId } = await it.acmeAdmin.get<{ logId: string }>('/api/v1/tenants/acme');
  const origin = `${it.ready.rootVkey.split('+')[0]?.replace(/\/root$/, '')}/t/${logId}`;
  const read: ReadFile = (path) => it.acmeAdmin.bytes(`/log/t/${logId}/${path}`);
  await soon(async () => {
    const text = await read('checkpoint');
    return text !== null && sizeIn(text) >= atLeast;
  }, `a checkpoint of ${atLeast} entries`);
  const report = await verifyLog({ read, originOrVkey: origin, tiles: true });
  if (!report.ok || report.checkpoint === null) throw new Error(`acme's log: ${JSON.stringify(report.findings)}`);
  if (since !== undefined) {
    const grown = await verifyLog({ read, originOrVkey: origin, since });
    if (!grown.ok) throw new Error(`acme's log does not contain what it was: ${JSON.stringify(grown.findings)}`);
  }
  return { kept: report.checkpoint, size: report.size };
}

/** The second line of a checkpoint (C2SP tlog-checkpoint). What it says is verified afterwards. */
function sizeIn(note: Uint8Array): number {
  return Number(new TextDecoder().decode(note).split('\n')[1]);
}

/** Waits until `holds`; a fault while asking counts as not yet. Fails with `what` after `deadlineMs`. */
export async function soon(holds: () => Promise<boolean>, what: string, deadlineMs = 60_000): Promise<void> {
  const endAt = performance.now() + deadlineMs;
  for (;;) {
    const fault = await holds().then(
      (yes) => (yes ? null : 'not yet'),
      (cause: unknown) => String(cause),
    );
    if (fault === null) return;
    if (performance.now() > endAt) throw new Error(`Waited ${deadlineMs} ms in vain for ${what}: ${fault}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Random numbers from 0 to 1 that a seed repeats (mulberry32), so that a red round can be run again. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What is in `/readyz`: its status code. */
export async function readyStatus({ ready }: Pick<Running, 'ready'>): Promise<number> {
  return (await fetch(`${ready.http}/readyz`)).status;
}

/** The refusal or fault of HTTP that `work` ended with, as code and sentence; null if it was done. */
export async function noOf(work: Promise<unknown>): Promise<Refused | null> {
  return work.then(
    () => null,
    (cause: unknown) => {
      if (cause instanceof Refused) return cause;
      throw cause;
    },
  );
}

/** True if the process still exists. */
export function alive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}
