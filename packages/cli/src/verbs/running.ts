import { fileURLToPath } from 'node:url';
import { run } from '../child.ts';
import type { Settings } from '../caller.ts';
import { type Family, example } from '../desk.ts';
import { CliFailure } from '../failure.ts';
import type { Answer } from '../output.ts';
import type { Surroundings } from '../surroundings.ts';

type StartFlags = {
  readonly http?: string;
  readonly gateway?: string;
  readonly only?: string;
  readonly sample?: boolean;
};
type DemoFlags = { readonly http?: string; readonly gateway?: string; readonly once?: boolean };

/** The verbs that run the server's package as a child: start, demo, database-url. */
export const runningVerbs: Family = (program, desk) => {
  const start = program
    .command('start')
    .description('run the server: HTTP, gateway, log, and an embedded PostgreSQL unless DATABASE_URL is set')
    .option('--http <address>', 'where HTTP is served, as PORT or HOST:PORT; 0 picks a free port')
    .option('--gateway <address>', 'where PostgreSQL clients connect, as PORT or HOST:PORT; 0 picks a free port')
    .option('--only <roles>', 'run only these roles, separated by commas')
    .option('--sample', 'load the sample service and its people')
    .action((flags: StartFlags) =>
      desk.alone((settings, surroundings) => runServer('start', startArguments(flags), settings, surroundings)),
    );
  example(start, '--data ./.gatehouse start --sample --http 8080 --gateway 6432');

  const demo = program
    .command('demo')
    .description('play the whole story on the sample service, step by step, and stay up')
    .option('--once', 'tear down at the end instead of staying up')
    .option('--http <address>', 'where HTTP is served, as PORT or HOST:PORT; 0 picks a free port')
    .option('--gateway <address>', 'where PostgreSQL clients connect, as PORT or HOST:PORT; 0 picks a free port')
    .action((flags: DemoFlags) =>
      desk.alone((settings, surroundings) => runServer('demo', demoArguments(flags), settings, surroundings)),
    );
  example(demo, 'demo --once');

  const databaseUrl = program
    .command('database-url')
    .description(
      "print the address of the product's own database, for an administrator on the host of a running server",
    )
    .action(() => desk.alone((settings, surroundings) => runServer('database-url', [], settings, surroundings)));
  example(databaseUrl, '--data ./.gatehouse database-url');
};

function startArguments({ only, sample, ...listeners }: StartFlags): readonly string[] {
  return [
    ...listening(listeners),
    ...(only === undefined ? [] : ['--only', only]),
    ...(sample === true ? ['--sample'] : []),
  ];
}

function demoArguments({ once, ...listeners }: DemoFlags): readonly string[] {
  return [...listening(listeners), ...(once === true ? ['--once'] : [])];
}

function listening({ http, gateway }: { readonly http?: string; readonly gateway?: string }): readonly string[] {
  return [...(http === undefined ? [] : ['--http', http]), ...(gateway === undefined ? [] : ['--gateway', gateway])];
}

async function runServer(
  verb: string,
  flags: readonly string[],
  { dataDir, dataDirNamed, json }: Settings,
  { environment, interactive }: Surroundings,
): Promise<Answer> {
  // Without a name the server chooses: start takes the same default, demo a folder that it removes again.
  const data = dataDirNamed ? ['--data', dataDir] : [];
  const args = [serverEntry(), verb, ...data, ...flags, ...(json ? ['--json'] : [])];
  const missing = `The Node that runs this command is gone: ${process.execPath}.`;
  return { kind: 'ran', exitCode: await run({ command: process.execPath, args, environment, missing, interactive }) };
}

/** Not a dependency: the command works without it, and whoever runs a server has installed it beside. */
const serverPackage: string = '@gatehouse/server';

/** The server's entry, if its package is installed beside this one. */
function serverEntry(): string {
  try {
    return fileURLToPath(import.meta.resolve(serverPackage));
  } catch {
    throw new CliFailure(
      'server_not_installed',
      'The server is not installed here: there is no package @gatehouse/server. Install it, or work with a running server by --server URL.',
      2,
    );
  }
}
