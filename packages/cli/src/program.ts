import { Command, CommanderError } from 'commander';
import { resolve } from 'node:path';
import { openCaller, type Settings } from './caller.ts';
import type { Desk, Family } from './desk.ts';
import { CliFailure } from './failure.ts';
import { type Answer, failureFrom, printAnswer, printFailure } from './output.ts';
import type { Surroundings } from './surroundings.ts';
import { actingVerbs } from './verbs/acting.ts';
import { connectingVerbs } from './verbs/connecting.ts';
import { identityVerbs } from './verbs/identity.ts';
import { logVerbs } from './verbs/log.ts';
import { requestingVerbs } from './verbs/requesting.ts';
import { requestVerbs } from './verbs/requests.ts';
import { runningVerbs } from './verbs/running.ts';
import { sourceVerbs } from './verbs/sources.ts';
import { verifyingVerbs } from './verbs/verifying.ts';

const families: readonly Family[] = [
  runningVerbs,
  sourceVerbs,
  requestingVerbs,
  requestVerbs,
  actingVerbs,
  connectingVerbs,
  logVerbs,
  verifyingVerbs,
  identityVerbs,
];

/**
 * Runs one command line and returns the exit code: 0 done, 1 refused or failed with the reason on stderr, 2 used wrongly.
 * With `--json` stdout holds exactly one JSON document, and stderr `{code, message}` if it failed.
 */
export async function runCommand(
  args: readonly string[],
  version: string,
  surroundings: Surroundings,
): Promise<number> {
  const json = args.slice(0, endOfFlags(args)).includes('--json');
  let exitCode = 0;
  const program = newProgram(version, surroundings);
  const settings = (): Settings => settingsOf(program);
  const print = (answer: Answer): void => {
    exitCode = printAnswer(answer, json, surroundings);
  };
  const desk: Desk = {
    asCaller: async (work) => print(await work(openCaller(settings(), surroundings))),
    alone: async (work) => print(await work(settings(), surroundings)),
  };
  for (const family of families) family(program, desk);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    return printFailure(
      thrown instanceof CommanderError ? usageFailure(thrown, args) : failureFrom(thrown),
      json,
      surroundings,
    );
  }
}

function newProgram(version: string, { print }: Surroundings): Command {
  return new Command('gatehouse')
    .description('Who may access customer data, and on what terms: ask, approve, connect, read the log and verify it.')
    .version(version)
    .option('--data <folder>', "the server's data directory, with gatehouse.json and profiles", './.gatehouse')
    .option('--as <email>', 'who you are: the profile whose key signs')
    .option('--server <url>', 'the address of the server, if DIR/gatehouse.json does not say it')
    .option('--json', 'print one JSON document, and failures as JSON on stderr')
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => undefined, getOutHelpWidth: () => 110 })
    .addHelpText('after', '\nExit codes: 0 done, 1 refused or failed (the reason is on stderr), 2 used wrongly.');
}

function settingsOf(program: Command): Settings {
  const { data, as, server, json } = program.opts<{ data: string; as?: string; server?: string; json?: boolean }>();
  return {
    dataDir: resolve(data),
    dataDirNamed: program.getOptionValueSource('data') !== 'default',
    as: as ?? null,
    server: server ?? null,
    json: json === true,
  };
}

/** What was typed wrongly, in one sentence. */
function usageFailure({ code, message }: CommanderError, args: readonly string[]): CliFailure {
  const verb = args.find((arg) => /^[a-z][a-z-]*$/.test(arg));
  const of = verb === undefined ? '' : ` ${verb}`;
  if (code === 'commander.help') {
    return new CliFailure('usage', `What to do is not said; expected a verb. See: gatehouse${of} --help`, 2);
  }
  const said = message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
  const known = code === 'commander.unknownCommand' && !groups.has(verb ?? '') ? '' : of;
  return new CliFailure('usage', `${said.charAt(0).toUpperCase()}${said.slice(1)}. See: gatehouse${known} --help`, 2);
}

/** Verbs that have verbs of their own. */
const groups: ReadonlySet<string> = new Set(['source', 'log']);

/** What stands after `--` is another program's. */
function endOfFlags(args: readonly string[]): number {
  const at = args.indexOf('--');
  return at < 0 ? args.length : at;
}
