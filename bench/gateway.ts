import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../packages/server/src/clock.ts';
import { loadCertificate } from '../packages/server/src/gateway/certificate.ts';
import { findTool, type Surroundings } from './children.ts';
import { type Spread, spreadOf } from './figures.ts';
import { type Gatehouse, startGatehouse } from './gatehouse.ts';
import { type Login, type Measured, measure, type Protocol } from './pgbench.ts';
import { type PgBouncer, startPgBouncer } from './pgbouncer.ts';
import { processorMicros, treeMicros } from './processor.ts';
import { ownAccounts, type Source, startSource } from './source.ts';

/** How the gateway is measured. */
export type GatewayPlan = {
  readonly clients: readonly number[];
  readonly protocols: readonly Protocol[];
  readonly rounds: number;
  readonly seconds: number;
  readonly scale: number;
  /** More flags for the server's Node, such as `--cpu-prof`. */
  readonly nodeFlags: readonly string[];
  readonly targets: readonly TargetName[];
};

export const targetNames = ['direct', 'pgbouncer', 'audited'] as const;
export type TargetName = (typeof targetNames)[number];

/** One cell of the table: the median of the rounds, and beside it least and greatest. */
export type Cell = {
  readonly tps: number;
  readonly p50ms: number;
  readonly p99ms: number;
  /** Processor microseconds per transaction: of the proxy itself, and of everybody else. */
  readonly cpuMicrosPerTxn: number | null;
  readonly sourceCpuMicrosPerTxn: number;
  readonly logCpuMicrosPerTxn: number | null;
  readonly ratioToDirect: number | null;
  readonly ratioToPgbouncer: number | null;
  readonly spread: Readonly<Record<string, Spread>>;
};

/** `c1`, `c8`, `c32` are the simple protocol; `prepared` holds the same for the extended one. */
export type Table = { readonly [clients: `c${number}`]: Cell; readonly prepared?: Table };

export type GatewayReport = Readonly<Record<TargetName | 'unaudited', Table | null>> & {
  readonly setting: Readonly<Record<string, unknown>>;
  readonly missing: readonly string[];
};

const unaudited =
  'The gateway without its log is not measured: a switch that leaves the log out must not exist in the product.';

/** Measures pgbench's select-only statement over each target, round by round and target by target within a round. */
export async function benchGateway(plan: GatewayPlan, { folder, tell, undo }: Surroundings): Promise<GatewayReport> {
  const tools = {
    pgbench: findTool('pgbench'),
    psql: findTool('psql'),
    postgres: findTool('postgres'),
    initdb: findTool('initdb'),
    pgbouncer: findTool('pgbouncer'),
  };
  const missing: string[] = [];
  const { pgbench, psql, postgres, initdb, pgbouncer } = tools;
  if (pgbench === null || psql === null || postgres === null || initdb === null) {
    missing.push('pgbench, psql, postgres and initdb are needed and were not all found: apt-get install postgresql-15');
    return { ...nothing, missing, setting: {} };
  }
  if (pgbouncer === null)
    missing.push('pgbouncer was not found, so nothing is compared with it: apt-get install pgbouncer');

  const certificate = await ownCertificate(join(folder, 'tls'));
  const scale = { scale: plan.scale, folder, certificate, undo };
  const source = await startSource({ ...scale, tools: { pgbench, psql, postgres, initdb } });
  const bouncer =
    pgbouncer === null ? null : await startPgBouncer({ tools: { pgbouncer, psql }, folder, source, certificate, undo });
  const gatehouse = plan.targets.includes('audited')
    ? await startGatehouse({ dataDir: join(folder, 'gatehouse'), source, nodeFlags: plan.nodeFlags, undo })
    : null;
  const script = join(folder, 'select-only.sql');
  await writeFile(
    script,
    `\\set aid random(1, ${ownAccounts})\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n`,
  );
  const runs = await runRounds(plan, { source, bouncer, gatehouse }, { pgbench, script, folder, tell });
  return {
    ...tablesOf(plan, runs),
    unaudited: null,
    missing: [...missing, unaudited],
    setting: {
      source: `PostgreSQL ${source.version}, ${plan.scale * 100_000} accounts of ${plan.scale} tenants, TLS 1.3 and SCRAM-SHA-256 on loopback TCP`,
      pgbouncer:
        bouncer === null ? null : `${bouncer.version}, session pooling, TLS 1.3 to the client, none to the source`,
      gateway: 'TLS 1.3 to the client, none to the source; row security on; two log entries for each statement',
      logDatabase: 'the embedded PostgreSQL of the program, fsync on, on the same disk',
      adoptMs: gatehouse === null ? null : Math.round(gatehouse.adoptMs),
      rounds: plan.rounds,
      secondsPerRound: plan.seconds,
    },
  };
}

/** More than the gateway reaches here, so that no grant's statement budget ends inside a window. */
const mostPerSecond = 12_000;

type Runs = Map<string, Measured[]>;
const nameOf = (target: TargetName, protocol: Protocol, clients: number): string => `${target} ${protocol} ${clients}`;

async function runRounds(
  plan: GatewayPlan,
  { source, bouncer, gatehouse }: { source: Source; bouncer: PgBouncer | null; gatehouse: Gatehouse | null },
  given: { pgbench: string; script: string; folder: string; tell: (text: string) => void },
): Promise<Runs> {
  const runs: Runs = new Map();
  const direct = { host: source.host, port: source.port, database: source.database, ...source.application };
  const targets: Readonly<Record<TargetName, { pid: number | null; login: (at: number) => Promise<Login> } | null>> = {
    direct: { pid: null, login: () => Promise.resolve(direct) },
    pgbouncer: bouncer === null ? null : { pid: bouncer.pid, login: () => Promise.resolve(bouncer.login) },
    audited: gatehouse === null ? null : { pid: gatehouse.pid, login: (at) => gatehouse.login(at) },
  };
  const load = async (name: TargetName, protocol: Protocol, clients: number): Promise<Measured | null> => {
    const target = targets[name];
    if (target === null) return null;
    if (name === 'audited') {
      await source.withoutGrants();
      await gatehouse?.makeRoom(clients, (plan.seconds + 2) * mostPerSecond);
    }
    return await measure({
      pgbench: given.pgbench,
      script: given.script,
      folder: given.folder,
      clients,
      protocol,
      seconds: plan.seconds,
      login: target.login,
      answered: (since) => source.answered(since),
      processor: () => ({
        source: treeMicros(source.pid),
        ...(target.pid === null ? {} : { proxy: processorMicros(target.pid) }),
        ...(name === 'audited' && gatehouse !== null ? { log: treeMicros(gatehouse.logPid) } : {}),
      }),
    });
  };
  // One load that does not count: Node compiles what is hot. The others are compiled, and filled the cache when they began.
  await load('audited', 'simple', plan.clients[1] ?? 1);
  for (let round = 0; round < plan.rounds; round++) {
    for (const protocol of plan.protocols) {
      for (const clients of plan.clients) {
        // Turned by one each round, so that no target always runs after the same other one.
        for (const name of turned(plan.targets, round)) {
          const measured = await load(name, protocol, clients);
          if (measured === null) continue;
          const key = nameOf(name, protocol, clients);
          runs.set(key, [...(runs.get(key) ?? []), measured]);
          const { tps, p50ms, p99ms } = measured;
          const rate = `${tps.toFixed(0).padStart(7)} tps`;
          given.tell(
            `round ${round + 1}  ${key.padEnd(24)} ${rate}  p50 ${p50ms.toFixed(2)} ms  p99 ${p99ms.toFixed(2)} ms`,
          );
        }
      }
    }
  }
  return runs;
}

function turned<T>(list: readonly T[], by: number): readonly T[] {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

const nothing = { direct: null, pgbouncer: null, unaudited: null, audited: null };

function tablesOf(plan: GatewayPlan, runs: Runs): Record<TargetName, Table | null> {
  const tableOf = (target: TargetName, protocol: Protocol): Table | null => {
    const cells = plan.clients.flatMap((clients) => {
      const measured = runs.get(nameOf(target, protocol, clients));
      if (measured === undefined) return [];
      const cell = cellOf(measured, {
        direct: runs.get(nameOf('direct', protocol, clients)),
        pgbouncer: runs.get(nameOf('pgbouncer', protocol, clients)),
      });
      return [[`c${clients}`, cell] as const];
    });
    return cells.length === 0 ? null : (Object.fromEntries(cells) as Table);
  };
  const whole = (target: TargetName): Table | null => {
    const simple = tableOf(target, 'simple');
    const prepared = tableOf(target, 'prepared');
    if (simple === null) return prepared === null ? null : { prepared };
    return prepared === null ? simple : { ...simple, prepared };
  };
  return { direct: whole('direct'), pgbouncer: whole('pgbouncer'), audited: whole('audited') };
}

/** Ratios are taken within a round, where both sides met the same machine, and then their median. */
function cellOf(
  measured: readonly Measured[],
  baselines: { readonly direct: readonly Measured[] | undefined; readonly pgbouncer: readonly Measured[] | undefined },
): Cell {
  const of = (read: (one: Measured) => number): Spread => spreadOf(measured.map(read));
  const processor = (who: string): Spread | null =>
    measured.every((one) => who in one.processor) ? of((one) => one.processor[who] ?? 0) : null;
  const ratio = (to: readonly Measured[] | undefined): Spread | null => {
    const ratios = measured.flatMap((one, round) => (to?.[round] === undefined ? [] : [one.tps / to[round].tps]));
    return ratios.length === 0 ? null : spreadOf(ratios);
  };
  const figures = {
    tps: of((one) => one.tps),
    p50ms: of((one) => one.p50ms),
    p99ms: of((one) => one.p99ms),
    cpuMicrosPerTxn: processor('proxy'),
    sourceCpuMicrosPerTxn: processor('source'),
    logCpuMicrosPerTxn: processor('log'),
    ratioToDirect: ratio(baselines.direct),
    ratioToPgbouncer: ratio(baselines.pgbouncer),
  };
  const spread = Object.fromEntries(
    Object.entries(figures).flatMap(([name, one]) => (one === null ? [] : [[name, one]])),
  );
  return {
    tps: figures.tps.median,
    p50ms: figures.p50ms.median,
    p99ms: figures.p99ms.median,
    cpuMicrosPerTxn: figures.cpuMicrosPerTxn?.median ?? null,
    sourceCpuMicrosPerTxn: figures.sourceCpuMicrosPerTxn?.median ?? 0,
    logCpuMicrosPerTxn: figures.logCpuMicrosPerTxn?.median ?? null,
    ratioToDirect: figures.ratioToDirect?.median ?? null,
    ratioToPgbouncer: figures.ratioToPgbouncer?.median ?? null,
    spread,
  };
}

/** ECDSA P-256 for every target, made as the gateway makes its own, so that TLS costs the same everywhere. */
async function ownCertificate(folder: string): Promise<{ certificate: string; key: string }> {
  await mkdir(folder, { mode: 0o700 });
  const made = await loadCertificate({ dataDir: folder, clock: systemClock(), random: (count) => randomBytes(count) });
  return { certificate: made.certificate, key: made.key };
}
