import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Undo, type Surroundings } from './children.ts';
import { benchGateway, type GatewayPlan, type GatewayReport, type TargetName, targetNames } from './gateway.ts';
import { benchLog, type LogPlan, type LogReport } from './log.ts';
import { load, type Machine, thisMachine } from './machine.ts';
import { toldAsTable } from './table.ts';

/** What a run prints with `--json`, and what docs/benchmarks.json holds of the last full run. */
export type Report = {
  readonly ranAt: string;
  readonly quick: boolean;
  readonly machine: Machine;
  /** The three load averages before the first and after the last measurement. */
  readonly load: { readonly before: readonly number[]; readonly after: readonly number[] };
  readonly gateway?: GatewayReport;
  readonly log?: LogReport;
};

const gatewayPlan: Omit<GatewayPlan, 'nodeFlags' | 'targets'> = {
  clients: [1, 8, 32],
  protocols: ['simple', 'prepared'],
  rounds: 5,
  seconds: 4,
  scale: 10,
};
const quickGatewayPlan: typeof gatewayPlan = { ...gatewayPlan, protocols: ['simple'], rounds: 1, seconds: 1, scale: 2 };
const logPlan: LogPlan = { callers: [1, 64, 256], rounds: 5, seconds: 5, tenants: 100 };
const quickLogPlan = { ...logPlan, rounds: 1, seconds: 1 };

const usage =
  'node bench/main.ts [--only gateway|log] [--quick] [--json] [--clients N,…] [--targets direct,pgbouncer,audited] [--seconds N] [--rounds N] [--node-flags FLAGS]\n';

/** `npm run bench`: exits 0 when everything that the machine has tools for was measured, 1 on a fault, 2 when called wrongly. */
async function main(argv: readonly string[]): Promise<number> {
  const read = readArguments(argv);
  if (typeof read === 'string') {
    process.stderr.write(`${read}\n${usage}`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  chmodSync(folder, 0o711); // PostgreSQL runs under another user below it
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  const undo = new Undo();
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new Error(`it was ended by ${signal}.`)));
    // Servers of ours run by now: whatever goes wrong, they are stopped first.
    process.once('uncaughtException', reject);
  });
  try {
    const report = await Promise.race([bench(read, { folder, tell, undo }), interrupted]);
    process.stdout.write(read.json ? `${JSON.stringify(report, null, 2)}\n` : toldAsTable(report));
    return 0;
  } catch (fault) {
    tell(`The benchmark failed: ${fault instanceof Error ? fault.message : String(fault)}`);
    return 1;
  } finally {
    await undo.run();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bench(read: Arguments, surroundings: Surroundings): Promise<Report> {
  const before = load();
  const ranAt = new Date().toISOString();
  const gateway = read.gateway === null ? undefined : await benchGateway(read.gateway, surroundings);
  await surroundings.undo.run(); // the log is measured on a machine that runs nothing else of ours
  const log = read.log === null ? undefined : await benchLog(read.log, surroundings);
  return {
    ranAt,
    quick: read.quick,
    machine: thisMachine(),
    load: { before, after: load() },
    ...(gateway === undefined ? {} : { gateway }),
    ...(log === undefined ? {} : { log }),
  };
}

type Arguments = {
  readonly gateway: GatewayPlan | null;
  readonly log: LogPlan | null;
  readonly quick: boolean;
  readonly json: boolean;
};

function readArguments(argv: readonly string[]): Arguments | string {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
  const { only, quick, json } = values;
  if (only !== undefined && only !== 'gateway' && only !== 'log') return `--only is ${only}; expected gateway or log.`;
  const targets = (values.targets?.split(',') ?? targetNames).filter(isTarget);
  if (targets.length !== (values.targets?.split(',') ?? targetNames).length)
    return `--targets is ${values.targets}; expected some of ${targetNames.join(', ')}.`;
  const clients = values.clients?.split(',').map(Number);
  const [seconds, rounds] = [values.seconds, values.rounds].map((text) =>
    text === undefined ? undefined : Number(text),
  );
  const numbers = [...(clients ?? []), seconds ?? 1, rounds ?? 1];
  if (numbers.some((number) => !(number > 0 && number <= 1_000)))
    return 'Counts and seconds have to be numbers from 1 to 1000.';
  const steered = { ...(seconds === undefined ? {} : { seconds }), ...(rounds === undefined ? {} : { rounds }) };
  const nodeFlags = values['node-flags']?.split(' ') ?? [];
  const gateway = {
    ...(quick ? quickGatewayPlan : gatewayPlan),
    ...(clients === undefined ? {} : { clients }),
    ...steered,
    nodeFlags,
    targets,
  };
  const log = {
    ...(quick ? quickLogPlan : logPlan),
    ...(clients === undefined ? {} : { callers: clients }),
    ...steered,
  };
  return { gateway: only === 'log' ? null : gateway, log: only === 'gateway' ? null : log, quick, json };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    strict: true,
    allowPositionals: false,
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      clients: { type: 'string' },
      targets: { type: 'string' },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      'node-flags': { type: 'string' },
    },
  }).values;
}

function isTarget(name: string): name is TargetName {
  return targetNames.some((one) => one === name);
}

// An interrupted load still waits for something; there is nothing left to wait for.
process.exit(await main(process.argv.slice(2)));
