import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Child, plainEnvironment, start } from './children.ts';
import { openDoor } from './doorman.ts';
import { percentile } from './figures.ts';

/** What one connection logs in with. */
export type Login = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
};

/** How pgbench sends its statement: as text each time, or prepared once. */
export type Protocol = 'simple' | 'prepared';

/** One measurement: `clients` pgbench processes with one connection each. */
export type Load = {
  readonly pgbench: string;
  readonly script: string;
  readonly clients: number;
  readonly protocol: Protocol;
  readonly seconds: number;
  readonly folder: string;
  /** The login of connection number `at`, made when it is needed. */
  readonly login: (at: number) => Promise<Login>;
  /** How many of this run's connections have had an answer, out of the source's own books. */
  readonly answered: (since: number) => Promise<number>;
  /** Processor time so far, by who used it. Read at both ends of the window. */
  readonly processor: () => Readonly<Record<string, number>>;
};

/** What the window showed. Processor microseconds are per transaction. */
export type Measured = {
  readonly transactions: number;
  readonly tps: number;
  readonly p50ms: number;
  readonly p99ms: number;
  readonly processor: Readonly<Record<string, number>>;
};

/** One grant opens eight sessions (sources/grant-role.ts): connection `at` of a load belongs to grant `at / 8`. */
export const sessionsPerGrant = 8;

const warmUpMs = 400;
const connectMostMs = 15_000;

/**
 * Puts a load on a target. Connections are made a few at a time, one for each grant, because a grant's newest token is the
 * only one that opens. Each is frozen (SIGSTOP) as soon as it has had its first answer, so that making the last one does not
 * compete with the first; then all go on at once, and what ended inside the window counts, by pgbench's log of every
 * transaction. The same for every target, though only one needs it.
 */
export async function measure(load: Load): Promise<Measured> {
  const children: Child[] = [];
  const since = Date.now();
  try {
    for (let first = 0; first < Math.min(load.clients, sessionsPerGrant); first++) {
      const begun = [];
      for (let at = first; at < load.clients; at += sessionsPerGrant) begun.push(await connect(load, at));
      children.push(...begun);
      await haveAnswered(load, begun, { since, count: children.length });
      for (const child of begun) process.kill(child.pid, 'SIGSTOP');
    }
    for (const child of children) process.kill(child.pid, 'SIGCONT');
    await delay(warmUpMs);
    const [before, from] = [load.processor(), Date.now()];
    await delay(load.seconds * 1000);
    const [after, to] = [load.processor(), Date.now()];
    // pgbench's own timer is SIGALRM: it finishes its transaction and writes its log.
    for (const child of children) process.kill(child.pid, 'SIGALRM');
    await Promise.all(children.map(({ ended }) => ended));
    return await read(load, { children, from, to, before, after });
  } finally {
    for (const child of children) {
      if (child.process.exitCode === null && child.process.signalCode === null) await child.stop('SIGKILL');
      await rm(logOf(load.folder, child.pid), { force: true });
    }
  }
}

async function connect(load: Load, at: number): Promise<Child> {
  const { host, port, user, password, database } = await load.login(at);
  const door = await openDoor();
  const words = {
    host: `127.0.0.1,${host}`,
    port: `${door.port},${port}`,
    user,
    dbname: database,
    sslmode: 'prefer',
    gssencmode: 'disable',
    connect_timeout: '10',
    application_name: `bench ${at}`,
  };
  const dsn = Object.entries(words)
    .map(([name, value]) => `${name}='${value}'`)
    .join(' ');
  const args = ['-n', '-f', load.script, '-c', '1', '-j', '1', '-T', '900', '-M', load.protocol, '-l'];
  return start(load.pgbench, [...args, `--log-prefix=${join(load.folder, 'log')}`, dsn], {
    cwd: load.folder,
    env: plainEnvironment({ PGPASSWORD: password }),
  });
}

async function haveAnswered(
  load: Load,
  begun: readonly Child[],
  { since, count }: { since: number; count: number },
): Promise<void> {
  const giveUpAt = performance.now() + connectMostMs;
  while ((await load.answered(since)) < count) {
    for (const child of begun) if (child.process.exitCode !== null) await child.ended;
    if (performance.now() > giveUpAt) throw new Error(`Connection ${count} had no answer within ${connectMostMs} ms.`);
    await delay(5);
  }
}

async function read(
  load: Load,
  run: {
    readonly children: readonly Child[];
    readonly from: number;
    readonly to: number;
    readonly before: Readonly<Record<string, number>>;
    readonly after: Readonly<Record<string, number>>;
  },
): Promise<Measured> {
  const micros: number[] = [];
  for (const { pid } of run.children) {
    // client, transaction, microseconds, script, end in seconds, and its microseconds.
    for (const line of (await readFile(logOf(load.folder, pid), 'utf8')).split('\n')) {
      const [, , took, , seconds, fraction] = line.split(' ').map(Number);
      const endedAt = (seconds ?? Number.NaN) * 1000 + (fraction ?? 0) / 1000;
      if (took !== undefined && endedAt > run.from && endedAt <= run.to) micros.push(took);
    }
  }
  if (micros.length === 0) throw new Error('pgbench finished no transaction in the window.');
  const sorted = Float64Array.from(micros).sort();
  const processor: Record<string, number> = {};
  for (const [name, used] of Object.entries(run.after)) {
    processor[name] = (used - (run.before[name] ?? 0)) / micros.length;
  }
  return {
    transactions: micros.length,
    tps: (micros.length * 1000) / (run.to - run.from),
    p50ms: percentile(sorted, 0.5) / 1000,
    p99ms: percentile(sorted, 0.99) / 1000,
    processor,
  };
}

function logOf(folder: string, pid: number): string {
  return join(folder, `log.${pid}`);
}
