import type { LoggedType } from '@gatehouse/terms';
import { codeInWords, purposeInWords, reasonInWords, refusalInWords } from './reasons.ts';
import { end, plain, refused, type Teller, type Telling } from './told.ts';
import { at, count, counted, list, moment, quote, span, text, whole } from './words.ts';

type AccessType = Extract<LoggedType, `access.${string}`>;

/** The sentences of everything that belongs to one access. A type without one does not compile. */
export const accessTellers: { readonly [Type in AccessType]: Teller } = {
  'access.requested': ({ payload, person }) => {
    const request = at(payload, 'request');
    const ticket = text(at(request, 'ticket'));
    const lasts = span(at(request, 'budgets', 'durationMs'));
    return plain(
      'asked',
      `${person(at(request, 'requester'))} of ${text(at(request, 'employer')) ?? 'an employer that is not named'} asked to ` +
        `${text(at(request, 'mode')) ?? 'use'} data in ${text(at(request, 'source')) ?? 'a source'}` +
        `${lasts === null ? '' : ` for ${lasts} from the first use`}, to ${purposeInWords(at(request, 'purpose'))}` +
        `${ticket === null ? '' : ` (ticket ${ticket})`}.`,
      quote(at(request, 'justification')),
    );
  },
  'access.refused': ({ payload, person, facts }) => {
    const attempt = attempts[text(at(payload, 'decided', 'kind')) ?? ''] ?? 'tried something';
    const why = refusalInWords(at(payload, 'decided', 'decision')) ?? 'No reason is recorded.';
    return refused('refused', `${person(actor(facts))} ${attempt} and was refused. ${why}`, quote(at(payload, 'sql')));
  },
  'access.info_asked': ({ payload, person }) =>
    plain('question', `${person(at(payload, 'by'))} asked for more information:`, quote(at(payload, 'question'))),
  'access.info_given': ({ payload, person }) =>
    plain('answer', `${person(at(payload, 'by'))} answered:`, quote(at(payload, 'answer'))),
  'access.manager_approved': ({ facts, payload, person }) =>
    plain('approved', `${person(at(facts, 'manager', 'id'))}, as manager, approved.`, reasonOf(payload)),
  'access.customer_asked': ({ payload, person }) =>
    plain(
      'your turn',
      `Your approvers were asked: ${list(at(payload, 'approvers'), (id) => person(id)) ?? 'nobody is named'}. ` +
        `No answer by ${moment(at(payload, 'windowEndsAt')) ?? 'the end of the window'} counts as no.`,
    ),
  'access.customer_approved': ({ facts, payload, person }) => {
    const approvals = whole(at(payload, 'decided', 'decision', 'approvals'));
    const quorum = whole(at(facts, 'tenant', 'quorum'));
    const of = approvals === null || quorum === null ? '' : ` (${count(approvals)} of ${count(quorum)} needed)`;
    return plain('approved', `${person(at(facts, 'approver', 'id'))}, for you, approved${of}.`, reasonOf(payload));
  },
  'access.standing_approval_used': () =>
    plain('approved', 'A standing approval that you gave earlier covered the request.'),
  'access.denied': ({ facts, payload, person }) => {
    const by = text(at(facts, 'manager', 'id')) ?? text(at(facts, 'approver', 'id'));
    if (by === null) return refused('denied', 'Nobody decided in time. Silence is denial: the request is closed.');
    return refused('denied', `${person(by)} denied the request.`, reasonOf(payload));
  },
  'access.withdrawn': ({ facts, payload, person }) =>
    end('withdrawn', `${person(at(facts, 'by'))} took the request back. Nothing was read under it.`, reasonOf(payload)),
  'access.lapsed': () =>
    end('lapsed', 'The request lapsed: nobody decided or used it in time. Nothing was read under it.'),
  'access.activated': ({ facts, payload, person }) => ({
    word: 'began',
    weight: 'access',
    sentence: `${person(at(facts, 'by'))} began to use the access. It ends by itself at ${moment(at(payload, 'notAfter')) ?? 'its end'}.`,
  }),
  'access.intent': ({ entry, facts, payload, person }) => ({
    word: 'statement',
    weight: 'access',
    sentence: `${person(at(facts, 'by'), 'The holder')} sent statement No. ${count(entry.seq)}. It was recorded before it ran:`,
    quote: withParameters(quote(at(payload, 'sql')), list(at(payload, 'params'), parameter)),
  }),
  'access.outcome': outcome,
  'access.extension_requested': ({ facts, person }) =>
    plain(
      'more time',
      `${person(at(facts, 'by'))} asked for more time: ${span(at(facts, 'asked', 'budgets', 'durationMs')) ?? 'a span that is not named'} in all.`,
    ),
  'access.extension_denied': ({ facts, payload, person }) =>
    refused(
      'no more time',
      `${person(at(facts, 'manager', 'id') ?? at(facts, 'approver', 'id'))} denied more time.`,
      reasonOf(payload),
    ),
  'access.extended': ({ payload }) =>
    plain('extended', `The access was extended. It now ends at ${moment(at(payload, 'notAfter')) ?? 'a later time'}.`),
  'access.revoked': ({ facts, payload, person }) => {
    const as = revokers[text(at(payload, 'decided', 'decision', 'as')) ?? ''] ?? '';
    const by = at(facts, 'cause', 'by', 'id');
    const who =
      text(by) === null ? 'The terms themselves, because the person may no longer have access,' : `${person(by)}${as}`;
    return end('revoked', `${who} ended the access. No statement was let through afterwards.`, reasonOf(payload));
  },
  'access.completed': ({ facts, payload, person }) =>
    end(
      'completed',
      `${person(at(facts, 'by'), 'The holder')} said that the work is done. The access is over.`,
      reasonOf(payload),
    ),
  'access.expired': () => end('expired', 'The time was over, and the access ended by itself.'),
  'access.close_failed': ({ payload }) =>
    refused(
      'not closed',
      'The access is over, but its database role could not be removed yet. The gateway lets nothing through; the operator was told.',
      quote(at(payload, 'fault')),
    ),
  'access.closed': () => end('closed', 'The database role of the access was removed.'),
  'access.connection_refused': ({ payload, person }) =>
    refused(
      'turned away',
      `${person(at(payload, 'by'))} was turned away at the gateway. ${reasonInWords(at(payload, 'reason')) ?? 'No reason is recorded.'}`,
      quote(at(payload, 'detail')),
    ),
};

const attempts: { readonly [kind: string]: string } = {
  request: 'asked for access',
  manager_decision: 'tried to decide as manager',
  customer_decision: 'tried to decide for you',
  standing_approval: 'tried to use a standing approval',
  activation: 'tried to begin the access',
  intent: 'sent a statement',
  extension: 'asked for more time',
  withdrawal: 'tried to take the request back',
  revocation: 'tried to end the access',
  completion: 'tried to complete the access',
};

const revokers: { readonly [as: string]: string } = {
  customer: ', for you,',
  requester: ', who had asked for it,',
  manager: ', as manager,',
  security_officer: ', as security officer,',
};

/** Who acted, wherever the facts of that decision say it. */
function actor(facts: unknown): unknown {
  return (
    at(facts, 'by') ??
    at(facts, 'manager', 'id') ??
    at(facts, 'approver', 'id') ??
    at(facts, 'cause', 'by', 'id') ??
    at(facts, 'request', 'requester') ??
    at(facts, 'requester')
  );
}

function outcome({ entry, payload }: Telling) {
  const ended = endings[entry.outcome ?? ''] ?? 'ended';
  const rows = whole(at(payload, 'rows'));
  const bytes = whole(at(payload, 'bytes'));
  const columns = list(at(payload, 'columns'));
  const sqlstate = text(at(payload, 'sqlstate'));
  const out =
    rows === null ? '' : ` ${counted(rows, 'row')}${bytes === null ? '' : ` (${counted(bytes, 'byte')})`} went out`;
  const of = out === '' || columns === null || rows === 0 ? '' : `, of the columns ${columns}`;
  const failed = sqlstate === null ? '' : ` The database answered with the error ${codeInWords(sqlstate)}.`;
  return plain(
    'result',
    `Statement No. ${count(entry.intent ?? 0)} ${ended}.${out}${of}${out === '' ? '' : '.'}${failed}`,
  );
}

const endings: { readonly [outcome: string]: string } = {
  ok: 'ended well',
  error: 'failed',
  cut: 'was cut off',
  unknown: 'has no known end: the gateway stopped before it could record one',
};

function reasonOf(payload: unknown): string | null {
  return quote(at(payload, 'reason'));
}

function withParameters(sql: string | null, parameters: string | null): string | null {
  return sql === null || parameters === null ? sql : `${sql}\n\nwith the parameters ${parameters}`;
}

function parameter(value: unknown): string {
  return value === null ? 'NULL' : (text(value) ?? 'a value of another form');
}
