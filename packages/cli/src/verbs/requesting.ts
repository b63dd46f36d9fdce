import { type Command, Option } from 'commander';
import { modes, type Mode } from '@gatehouse/terms';
import type { Caller } from '../caller.ts';
import { type Family, example } from '../desk.ts';
import { checkExtensionDraft } from '../act-draft.ts';
import { type Asked, checkRequestDraft } from '../request-draft.ts';
import { parseDuration } from '../durations.ts';
import { CliFailure } from '../failure.ts';
import { type Answer, shown } from '../output.ts';
import { type Fields, fieldsOf, textOf } from '../reading.ts';
import { isDecided, standingSentence, stateOf } from '../request-words.ts';
import { sign, signingOf } from '../signing.ts';
import { requestPath, shownRequest } from './acting.ts';

type RequestFlags = {
  readonly tenant: string;
  readonly source: string;
  readonly purpose: string;
  readonly reasonCode: string;
  readonly ticket: string;
  readonly justification: string;
  readonly for: string;
  readonly mode: Mode;
  readonly tables?: string;
  readonly columns?: string;
  readonly statement?: string;
  readonly whyNotRunbook?: string;
  readonly wait?: boolean;
};

/** How often a waiting command looks. */
const lookEveryMs = 1000;

/** The verbs of those who ask: request, extend. */
export const requestingVerbs: Family = (program, desk) => {
  const request = program
    .command('request')
    .description('ask for access to the data of one customer; the request is signed with your key')
    .requiredOption('--tenant <tenant>', 'whose data')
    .requiredOption('--source <name>', 'in which database')
    .requiredOption('--purpose <code>', 'what for, such as troubleshoot.repair')
    .requiredOption('--reason-code <code>', 'what set it off, such as customer_support')
    .requiredOption('--ticket <ticket>', 'the ticket that it belongs to')
    .requiredOption('--justification <text>', 'why, in your own words')
    .requiredOption('--for <duration>', 'how long from the first use, such as 2h or 90m')
    .addOption(new Option('--mode <mode>', 'what you may do to rows').choices(modes).default('read'))
    .option('--tables <list>', 'only these tables, separated by commas')
    .option('--columns <list>', 'only these columns, as table.column, separated by commas')
    .option('--statement <sql>', 'only this one statement')
    .option('--why-not-runbook <text>', 'why no runbook does it')
    .option('--wait', 'wait until it is decided')
    .action((flags: RequestFlags) => desk.asCaller((caller) => ask(caller, flags)));
  example(
    request,
    'request --tenant acme --source sample --purpose troubleshoot.repair --reason-code customer_support \\',
    '    --ticket 4711 --justification "Orders of Acme are shown twice since Monday" --for 2h',
  );

  const extend: Command = program
    .command('extend <id>')
    .description('ask for more time on a grant in use; whoever approved it decides again')
    .requiredOption('--for <duration>', 'how much more, such as 1h')
    .action((id: string, flags: { for: string }) => desk.asCaller((caller) => askForMore(caller, id, flags.for)));
  example(extend, 'extend PGz4vT0yQ2aXr1n8sL3wKg --for 1h');
};

async function ask(caller: Caller, flags: RequestFlags): Promise<Answer> {
  const asked = askedBy(flags);
  const draft = await caller.client.post('/api/v1/requests/draft', asked);
  const checked = checkRequestDraft(draft, asked, signingOf(caller));
  const signed = sign(caller, checked);
  const raised = fieldsOf(await caller.client.post('/api/v1/requests', { matter: checked.matter, signed }));
  const request = flags.wait === true ? await decided(caller, textOf(raised, 'id')) : raised;
  return shown({ ...request, signed }, standingSentence(request), refusalOf(request));
}

function askedBy(flags: RequestFlags): Asked {
  return {
    tenant: flags.tenant,
    source: flags.source,
    purpose: flags.purpose,
    reasonCode: flags.reasonCode,
    mode: flags.mode,
    scope: {
      tables: listIn(flags.tables, '--tables'),
      columns: listIn(flags.columns, '--columns'),
      statement: flags.statement ?? null,
      transform: 'raw',
    },
    durationMs: parseDuration(flags.for, '--for'),
    ticket: flags.ticket,
    justification: flags.justification,
    whyNotRunbook: flags.whyNotRunbook ?? null,
    notBefore: null,
  };
}

function listIn(text: string | undefined, flag: string): readonly string[] | null {
  if (text === undefined) return null;
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new CliFailure('flag_invalid', `${flag} is ${JSON.stringify(text)}; expected names separated by commas.`, 2);
}

/** Looks until the request is decided. There is no end to the waiting but the request's own: silence is denial (promise S21). */
async function decided({ client, surroundings }: Caller, id: string): Promise<Fields> {
  for (;;) {
    const request = fieldsOf(await client.get(requestPath(id)));
    if (isDecided(request)) return request;
    await surroundings.pause(lookEveryMs);
  }
}

function refusalOf(request: Fields): CliFailure | undefined {
  const state = stateOf(request);
  if (!isDecided(request) || ['approved_future', 'active', 'extension_requested'].includes(state)) return undefined;
  return new CliFailure(`request_${state}`, `No access was given: the request is ${state}.`);
}

async function askForMore(caller: Caller, id: string, duration: string): Promise<Answer> {
  const addMs = parseDuration(duration, '--for');
  const request = await shownRequest(caller, id);
  const draft = await caller.client.get(`${requestPath(id)}/extension/draft?addMs=${addMs}`);
  const signed = sign(caller, checkExtensionDraft(draft, { id, addMs, request }, signingOf(caller)));
  const asked = fieldsOf(await caller.client.post(`${requestPath(id)}/extension`, { signed }));
  return shown({ ...asked, signed }, standingSentence(asked));
}
