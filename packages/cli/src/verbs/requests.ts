import type { Caller } from '../caller.ts';
import { type Family, example, wholeNumber } from '../desk.ts';
import { type Answer, shown } from '../output.ts';
import { type Fields, fieldsOf, listOf, textOf, textOrNullOf } from '../reading.ts';
import { rightSentence, standingSentence, usedSentence } from '../request-words.ts';
import { columns, plain, time } from '../words.ts';
import { shownRequest } from './acting.ts';

type ListFlags = { readonly tenant?: string; readonly state?: string; readonly limit: number };

/** The verbs that look at requests: requests, show. */
export const requestVerbs: Family = (program, desk) => {
  const list = program
    .command('requests')
    .description('list the requests that you may see, newest first')
    .option('--tenant <tenant>', 'only those about this customer')
    .option('--state <state>', 'only those in this state, such as awaiting_customer')
    .option('--limit <count>', 'how many at most', wholeNumber('--limit', 1, 10_000), 50)
    .action((flags: ListFlags) => desk.asCaller((caller) => listRequests(caller, flags)));
  example(list, 'requests --state awaiting_customer');

  const show = program
    .command('show <id>')
    .description('show a request with everything that was signed about it')
    .action((id: string) => desk.asCaller((caller) => showRequest(caller, id)));
  example(show, 'show PGz4vT0yQ2aXr1n8sL3wKg');
};

const pageMost = 200;

async function listRequests({ client }: Caller, flags: ListFlags): Promise<Answer> {
  const items: Fields[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(Math.min(pageMost, flags.limit - items.length)) });
    if (flags.tenant !== undefined) query.set('tenant', flags.tenant);
    if (flags.state !== undefined) query.set('state', flags.state);
    if (cursor !== null) query.set('cursor', cursor);
    const page = fieldsOf(await client.get(`/api/v1/requests?${query.toString()}`));
    items.push(...listOf(page, 'items'));
    cursor = textOrNullOf(page, 'next');
  } while (cursor !== null && items.length < flags.limit);
  return shown({ items }, items.length === 0 ? 'There is no request that you may see.' : columns(items.map(row)));
}

function row(request: Fields): readonly string[] {
  return [
    textOf(request, 'id'),
    textOf(request, 'state'),
    textOf(request, 'requester'),
    `${textOf(request, 'mode')} ${textOf(request, 'tenant')} in ${textOf(request, 'source')}`,
    textOf(request, 'purpose'),
    textOf(request, 'ticket'),
    time(textOf(request, 'raisedAt')),
  ].map(plain);
}

async function showRequest(caller: Caller, id: string): Promise<Answer> {
  const request = await shownRequest(caller, id);
  const statements = listOf(request, 'statements').map(
    (statement) =>
      `  ${time(textOf(statement, 'decidedAt'))}  ${plain(textOf(statement, 'person'))} signed ${plain(textOf(statement, 'type'))} (${plain(textOf(statement, 'decision'))}), log entry ${String(statement['seq'])}`,
  );
  const text = [
    standingSentence(request),
    `  asked for      ${rightSentence({ ...request, endsAt: null })}`,
    `  reason         ${plain(textOf(request, 'reasonCode'))}; in their words: ${plain(textOf(request, 'justification'))}`,
    `  used           ${usedSentence(request)}`,
    'Signed:',
    ...statements,
  ];
  return shown(request, text.join('\n'));
}
