import { chmod, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DemoConfig } from './config.ts';
import { type DemoSetting, type DemoSummary, type Played, playDemo, portalAddress } from './demo/index.ts';
import type { Program, startProgram, Surroundings } from './program.ts';

/** What the demo needs beside its configuration. `interrupted` resolves when somebody wants it to end. */
export type DemoSurroundings = Surroundings & {
  readonly stopwatch: () => number;
  readonly interrupted: Promise<null>;
  readonly out: (text: string) => void;
  readonly complain: (text: string) => void;
};

/**
 * Runs `gatehouse demo`: starts the program with the sample on an embedded PostgreSQL, plays the story, and stays up or
 * tears down. Returns the exit code: 1 if a step could not be shown. A data directory that nobody named is removed again.
 */
export async function runDemo(
  config: DemoConfig,
  start: typeof startProgram,
  around: DemoSurroundings,
): Promise<number> {
  const place = await makePlace(config.dataDir);
  try {
    if (!config.json) around.out(`Gatehouse starts with the sample service (${place.dataDir}) …\n`);
    const program = await start({ ...config.start, dataDir: place.dataDir }, around);
    try {
      return await play(config, program, { ...around, customerFolder: place.customerFolder });
    } finally {
      await program.stop();
    }
  } finally {
    await place.remove();
  }
}

async function play(
  config: DemoConfig,
  program: Program,
  around: DemoSurroundings & { customerFolder: string },
): Promise<number> {
  const { clock, random, stopwatch, customerFolder } = around;
  let over = false;
  void around.interrupted.then(() => {
    over = true;
  });
  const tell = (sentence: string): void => (config.json || over ? undefined : around.out(`${sentence}\n`));
  const setting: DemoSetting = { now: () => clock.now(), random, stopwatch, tell, customerFolder };
  const { http, gateway, data: dataDir, rootVkey } = program.ready;
  const played: Played = { http, gateway, dataDir, rootVkey, adminAddress: program.adminAddress };
  const summary = await Promise.race([playDemo(played, setting), around.interrupted, program.failed]);
  if (summary === null || typeof summary === 'string') {
    around.complain(`gatehouse demo: ${summary ?? 'interrupted before the end of the story'}\n`);
    return 1;
  }
  if (!summary.ok) return failedDemo(config, summary, around);
  const portal = await portalAddress(played, setting, 'admin@acme.example');
  if (config.json) around.out(`${JSON.stringify({ ...summary, http, gateway, portal, data: dataDir })}\n`);
  else around.out(`\nAll ${summary.steps.length} steps held, in ${(summary.milliseconds / 1000).toFixed(1)} s.\n`);
  if (config.once) return 0;
  if (!config.json) around.out(stayingUp(http, gateway, { portal, dataDir }));
  const fault = await Promise.race([around.interrupted, program.failed]);
  if (fault === null) return 0;
  around.complain(`gatehouse demo: ${fault}\n`);
  return 1;
}

function failedDemo(config: DemoConfig, summary: DemoSummary, around: DemoSurroundings): number {
  if (config.json) around.out(`${JSON.stringify(summary)}\n`);
  const { step, message } = summary.failed ?? { step: 'unknown', message: 'unknown' };
  around.complain(`gatehouse demo: the step "${step}" could not be shown: ${message}\n`);
  return 1;
}

function stayingUp(
  http: string,
  gateway: Program['ready']['gateway'],
  at: { portal: string; dataDir: string },
): string {
  return [
    '',
    'It stays up until Ctrl-C:',
    `  Acme's access log   ${at.portal}   (the code works once)`,
    `  OpenAPI             ${http}/api/openapi.json`,
    `  Gateway             host=${gateway.host} port=${gateway.port} dbname=sample sslmode=verify-full sslrootcert=${gateway.ca}`,
    `  As a sample person  npx gatehouse --data ${at.dataDir} --as engineer@operator.example requests`,
    '',
  ].join('\n');
}

/** Where the demo keeps things: the folder that was named, or a new one that is removed with all that is in it. */
async function makePlace(named: string | null) {
  if (named !== null) {
    await mkdir(named, { recursive: true });
    return { dataDir: named, customerFolder: join(named, 'demo-customer'), remove: async () => {} };
  }
  const base = await mkdtemp(join(tmpdir(), 'gatehouse-demo-'));
  // The embedded PostgreSQL runs as another account when the program runs as root, and has to pass through.
  await chmod(base, 0o711);
  const dataDir = join(base, 'data');
  const remove = async (): Promise<void> => {
    const elsewhere = await clusterElsewhere(join(dataDir, 'pg'));
    if (elsewhere !== null) await rm(elsewhere, { recursive: true, force: true });
    await rm(base, { recursive: true, force: true });
  };
  return { dataDir, customerFolder: join(base, 'customer'), remove };
}

/** The folder of a cluster that could not lie in the data directory; `DIR/pg` is then a file that names it. */
async function clusterElsewhere(pointer: string): Promise<string | null> {
  const isFile = await stat(pointer).then(
    (found) => found.isFile(),
    () => false,
  );
  return isFile ? (await readFile(pointer, 'utf8')).trim() : null;
}
