import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '../packages/terms/src/index.ts';
import { systemClock } from '../packages/server/src/clock.ts';
import { type Database, migrate, openDatabase } from '../packages/server/src/db/index.ts';
import { type Draft, type Log, openLog } from '../packages/server/src/log/index.ts';
import { stderrLogger } from '../packages/server/src/logger.ts';
import { findTool, plainEnvironment, start, type Surroundings } from './children.ts';
import { percentile, type Spread, spreadOf } from './figures.ts';

/** How the log is measured. */
export type LogPlan = {
  readonly callers: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly tenants: number;
};

/** One line: durable appends, and beside them durable inserts of one row each by as many clients of pgbench. */
export type LogCell = {
  readonly entriesPerSecond: number;
  readonly p50ms: number;
  readonly p99ms: number;
  readonly insertsPerSecond: number | null;
  readonly insertP50ms: number | null;
  readonly insertP99ms: number | null;
  readonly ratioToInserts: number | null;
  readonly spread: Readonly<Record<string, Spread>>;
};

export type LogReport = { readonly [callers: `c${number}`]: LogCell } & {
  readonly setting: Readonly<Record<string, unknown>>;
  readonly missing: readonly string[];
};

type Rate = { readonly perSecond: number; readonly p50ms: number; readonly p99ms: number };

const warmUpMs = 300;

/**
 * Measures durable appends: each caller appends an intent, waits for it, appends its outcome, waits, and goes on, over all
 * tenants. Everything is real: sealed payloads, epochs every second, fsync on. The callers share the process of the log,
 * as the gateway's sessions do.
 */
export async function benchLog(plan: LogPlan, { folder, tell, undo }: Surroundings): Promise<LogReport> {
  const pgbench = findTool('pgbench');
  const missing =
    pgbench === null
      ? ['pgbench was not found, so nothing is compared with plain inserts: apt-get install postgresql-client-15']
      : [];
  const dataDir = join(folder, 'log-data');
  const [clock, random] = [systemClock(), (count: number): Uint8Array => randomBytes(count)];
  const logger = stderrLogger('error');
  const database = await openDatabase({ dataDir, logger });
  undo.push(() => database.close());
  await migrate(database);
  const log = await openLog({ database, dataDir, clock, random, logger });
  undo.push(() => log.stop());
  const grants = await openGrants(log, plan.tenants, clock.now() + 3_600_000);
  await database.pool.query('create table public.baseline (id bigserial primary key, data bytea not null)');
  const insert = await insertScript(folder);

  // One load that does not count: keys are made, and Node compiles what is hot.
  await appendEntries(log, grants, { callers: plan.callers[1] ?? 1, seconds: plan.seconds });
  const rounds = new Map<number, { appends: Rate; inserts: Rate | null }[]>();
  for (let round = 0; round < plan.rounds; round++) {
    for (const callers of plan.callers) {
      const inserting = async (): Promise<Rate | null> =>
        pgbench === null
          ? null
          : await insertRows({ pgbench, script: insert, database, clients: callers, folder, seconds: plan.seconds });
      const appending = (): Promise<Rate> => appendEntries(log, grants, { callers, seconds: plan.seconds });
      // Turned each round, so that neither always inherits the other's checkpoint.
      const before = round % 2 === 0 ? await inserting() : null;
      const appends = await appending();
      const inserts = before ?? (await inserting());
      rounds.set(callers, [...(rounds.get(callers) ?? []), { appends, inserts }]);
      const compared = inserts === null ? '' : `; plain inserts ${inserts.perSecond.toFixed(0)}/s`;
      tell(
        `round ${round + 1}  log ${String(callers).padEnd(4)} ${appends.perSecond.toFixed(0).padStart(7)} entries/s  p50 ${appends.p50ms.toFixed(2)} ms  p99 ${appends.p99ms.toFixed(2)} ms${compared}`,
      );
    }
  }
  const version = (await database.pool.query<{ server_version: string }>('show server_version')).rows[0];
  const cells = Object.fromEntries([...rounds].map(([callers, all]) => [`c${callers}`, cellOf(all)]));
  return {
    ...(cells as { readonly [callers: `c${number}`]: LogCell }),
    missing,
    setting: {
      database: `the embedded PostgreSQL ${version?.server_version ?? ''}, fsync on, on a Unix socket`,
      tenants: plan.tenants,
      payloadBytes: {
        intent: JSON.stringify(intentPayload(0)).length,
        outcome: JSON.stringify(outcomePayload).length,
      },
      insertBytes,
      rounds: plan.rounds,
      secondsPerRound: plan.seconds,
    },
  };
}

type OpenGrant = { readonly logId: string; readonly ref: string };

/** One log and one live grant for each tenant. */
async function openGrants(log: Log, tenants: number, notAfter: number): Promise<readonly OpenGrant[]> {
  return await Promise.all(
    Array.from({ length: tenants }, async () => {
      const logId = await log.openTenantLog();
      const ref = `r${randomBytes(16).toString('base64url').slice(1)}`;
      const payload = { who: 'engineer@operator.example' };
      await log.append(logId, { type: 'access.activated', ref, grant: { notAfter }, person: payload.who, payload });
      return { logId, ref };
    }),
  );
}

async function appendEntries(
  log: Log,
  grants: readonly OpenGrant[],
  { callers, seconds }: { callers: number; seconds: number },
): Promise<Rate> {
  const took: number[] = [];
  const from = performance.now() + warmUpMs;
  const to = from + seconds * 1000;
  const append = async (logId: string, draft: Draft): Promise<number> => {
    const startedAt = performance.now();
    const answer = await log.append(logId, draft);
    if (answer.kind === 'refused') throw new Error(`The log refused an entry of the benchmark: ${answer.reason}.`);
    const endedAt = performance.now();
    if (endedAt > from && endedAt <= to) took.push(endedAt - startedAt);
    return answer.seq;
  };
  const caller = async (first: number): Promise<void> => {
    for (let turn = first; performance.now() < to; turn += callers) {
      const { logId, ref } = grants[turn % grants.length] ?? grants[0] ?? { logId: '', ref: '' };
      const common = {
        ref,
        src: log.sourceName('gateway'),
        person: 'engineer@operator.example',
        compartment: 'subject',
      } as const;
      const seq = await append(logId, { ...common, type: 'access.intent', payload: intentPayload(turn) });
      await append(logId, { ...common, type: 'access.outcome', intent: seq, outcome: 'ok', payload: outcomePayload });
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, at) => caller(at)));
  return rateOf(took, seconds * 1000);
}

/** As long as what the gateway records with one statement of pgbench: the facts that were decided, and what was said. */
function intentPayload(turn: number): JsonObject {
  const grant = { id: 'PGz4vT0yQ2aXr1n8sL3wKg', holder: 'engineer@operator.example', tenant: 'acme', source: 'bench' };
  const budgets = { rows: 1_000_000, bytes: 1_073_741_824, statements: 100_000, durationMs: 14_400_000 };
  const times = { activatedAt: 1_772_442_000_000, notAfter: 1_772_456_400_000, ended: null };
  return {
    decided: {
      version: 1,
      kind: 'intent',
      facts: {
        now: 1_772_442_000_000 + turn,
        by: grant.holder,
        tenant: grant.tenant,
        source: grant.source,
        statement: { class: 'read', approved: null },
        grant: { ...grant, purpose: 'troubleshoot.repair', mode: 'read', budgets, ...times },
        used: { rows: turn, bytes: turn * 50, statements: turn },
      },
      decision: {
        permit: true,
        rowsLeft: 1_000_000,
        bytesLeft: 1_073_741_824,
        statementsLeft: 99_999,
        receiptUntil: 1_772_442_001_000,
      },
    },
    statement: null,
    sql: `SELECT abalance FROM pgbench_accounts WHERE aid = ${turn};`,
    params: [],
    shape: 'SELECT abalance FROM pgbench_accounts WHERE aid = $1',
  };
}

const outcomePayload: JsonObject = {
  outcome: 'ok',
  rows: 1,
  bytes: 50,
  columns: ['abalance'],
  tag: 'SELECT 1',
  sqlstate: null,
  durationMs: 1,
};

/** About what one sealed entry of the mean of both payloads is. */
const insertBytes = 900;

async function insertScript(folder: string): Promise<string> {
  const script = join(folder, 'insert.sql');
  await writeFile(script, `insert into public.baseline (data) values (decode(repeat('5a', ${insertBytes}), 'hex'));\n`);
  return script;
}

/** The plain way to make a row durable: one insert, one commit, on the server and in the database that hold the log. */
async function insertRows(given: {
  readonly pgbench: string;
  readonly script: string;
  readonly database: Database;
  readonly clients: number;
  readonly folder: string;
  readonly seconds: number;
}): Promise<Rate> {
  const { host, port } = given.database.adminUrlFor('gatehouse');
  const where = ['-h', host, '-p', String(port), '-U', 'gatehouse', 'gatehouse'];
  const args = ['-n', '-f', given.script, '-c', String(given.clients), '-j', '1', '-M', 'prepared', '-T', '900', '-l'];
  const child = start(given.pgbench, [...args, `--log-prefix=${join(given.folder, 'inserts')}`, ...where], {
    cwd: given.folder,
    env: plainEnvironment(),
  });
  const busy = async (): Promise<number> => {
    const counted = await given.database.pool.query<{ count: string }>(
      `select count(*) from pg_stat_activity where application_name = 'pgbench' and query like 'insert into public.baseline%'`,
    );
    return Number(counted.rows[0]?.count ?? 0);
  };
  try {
    for (const giveUpAt = performance.now() + 20_000; (await busy()) < given.clients; await delay(20)) {
      if (child.process.exitCode !== null) await child.ended;
      if (performance.now() > giveUpAt)
        throw new Error(`pgbench did not open ${given.clients} connections within 20 s.`);
    }
    await delay(warmUpMs);
    const from = Date.now();
    await delay(given.seconds * 1000);
    const to = Date.now();
    process.kill(child.pid, 'SIGALRM');
    await child.ended;
    const took: number[] = [];
    for (const name of await logsIn(given.folder)) {
      for (const line of (await readFile(name, 'utf8')).split('\n')) {
        const [, , micros, , seconds, fraction] = line.split(' ').map(Number);
        const endedAt = (seconds ?? Number.NaN) * 1000 + (fraction ?? 0) / 1000;
        if (micros !== undefined && endedAt > from && endedAt <= to) took.push(micros / 1000);
      }
    }
    return rateOf(took, to - from);
  } finally {
    if (child.process.exitCode === null && child.process.signalCode === null) await child.stop('SIGKILL');
    for (const name of await logsIn(given.folder)) await rm(name, { force: true });
  }
}

async function logsIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('inserts.')).map((name) => join(folder, name));
}

function rateOf(took: readonly number[], milliseconds: number): Rate {
  const sorted = Float64Array.from(took).sort();
  return {
    perSecond: (took.length * 1000) / milliseconds,
    p50ms: percentile(sorted, 0.5),
    p99ms: percentile(sorted, 0.99),
  };
}

function cellOf(rounds: readonly { readonly appends: Rate; readonly inserts: Rate | null }[]): LogCell {
  const of = (read: (one: Rate) => number): Spread => spreadOf(rounds.map(({ appends }) => read(appends)));
  const inserts = rounds.flatMap((one) =>
    one.inserts === null ? [] : [{ appends: one.appends, inserts: one.inserts }],
  );
  const compared = (read: (one: { appends: Rate; inserts: Rate }) => number): Spread | null =>
    inserts.length === 0 ? null : spreadOf(inserts.map(read));
  const figures = {
    entriesPerSecond: of((one) => one.perSecond),
    p50ms: of((one) => one.p50ms),
    p99ms: of((one) => one.p99ms),
    insertsPerSecond: compared((one) => one.inserts.perSecond),
    insertP50ms: compared((one) => one.inserts.p50ms),
    insertP99ms: compared((one) => one.inserts.p99ms),
    ratioToInserts: compared((one) => one.appends.perSecond / one.inserts.perSecond),
  };
  return {
    entriesPerSecond: figures.entriesPerSecond.median,
    p50ms: figures.p50ms.median,
    p99ms: figures.p99ms.median,
    insertsPerSecond: figures.insertsPerSecond?.median ?? null,
    insertP50ms: figures.insertP50ms?.median ?? null,
    insertP99ms: figures.insertP99ms?.median ?? null,
    ratioToInserts: figures.ratioToInserts?.median ?? null,
    spread: Object.fromEntries(Object.entries(figures).flatMap(([name, one]) => (one === null ? [] : [[name, one]]))),
  };
}
