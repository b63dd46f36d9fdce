import type { LoggedType } from '@gatehouse/terms';
import { codeInWords } from './reasons.ts';
import { plain, refused, type Teller } from './told.ts';
import { at, count, counted, list, quote, span, text, whole } from './words.ts';

type AccountType = Exclude<LoggedType, `access.${string}`>;

/** The entry types of the log itself (LOG-SPEC 3.4 to 3.6), which are not the terms' to list. */
type OwnType = 'log.open' | 'log.key' | 'log.prune' | 'log.keep' | 'log.close' | 'erasure' | 'counter';

/** The sentences of everything that belongs to the account: its people, keys, sources, settings and the log itself. */
export const accountTellers: { readonly [Type in AccountType | OwnType]: Teller } = {
  'directory.genesis': ({ payload, person }) =>
    plain(
      'first key',
      `${person(key(payload, 'person'))} began the directory of your keys, as ${roles(key(payload, 'roles'))}. Whoever may approve for you follows from it.`,
    ),
  'directory.enrolled': ({ payload, person }) =>
    plain(
      'key added',
      `A key of ${person(key(payload, 'person'))} was added to your directory, as ${roles(key(payload, 'roles'))}.`,
    ),
  'directory.removed': ({ payload, person }) =>
    plain('key removed', `A key of ${person(key(payload, 'person'), 'somebody')} was removed from your directory.`),
  'source.registered': ({ payload }) => plain('source', `The database ${source(payload)} was registered as a source.`),
  'source.classified': ({ payload }) =>
    plain(
      'source',
      `The tables of ${source(payload)} were classified: which hold your data, and how a row is known to be yours.`,
    ),
  'source.mapped': ({ payload }) =>
    plain(
      'source',
      `Your rows in ${source(payload)} are those of the key ${text(at(payload, 'map', 'own', 'tenantKey')) ?? text(at(payload, 'map', 'tenantKey')) ?? 'that is recorded here'}. How that is proved is in the content.`,
    ),
  'source.applied': ({ payload }) => plain('source', `Row security was put on ${source(payload)}.`),
  'source.undone': ({ payload }) => refused('source', `Row security was taken off ${source(payload)}.`),
  'tenant.opened': ({ payload }) => plain('account', `Your account was opened. ${policy(at(payload, 'policy'))}`),
  'tenant.policy_changed': ({ payload, person }) =>
    plain(
      'settings',
      `${by(person(at(payload, 'by'), ''))}our access policy was changed. ${policy(at(payload, 'policy'))}`,
    ),
  'tenant.subscription_changed': ({ payload }) =>
    plain('account', `Your subscription changed to ${codeInWords(at(payload, 'subscription')) ?? 'another state'}.`),
  'person.enrolled': ({ payload, person }) =>
    plain('person', `${person(id(payload))} was enrolled, as ${roles(at(payload, 'roles'))}.`),
  'person.changed': ({ payload, person }) =>
    plain(
      'person',
      `What is recorded of ${person(id(payload), 'somebody')} was changed: now ${roles(at(payload, 'roles'))}.`,
    ),
  'person.locked': ({ payload, person }) =>
    refused(
      'locked',
      `${person(at(payload, 'by'))} locked ${person(at(payload, 'person'), 'somebody')}.`,
      quote(at(payload, 'reason')),
    ),
  'person.unlocked': ({ payload, person }) =>
    plain(
      'unlocked',
      `${person(at(payload, 'by'))} unlocked ${person(at(payload, 'person'), 'somebody')}.`,
      quote(at(payload, 'reason')),
    ),
  'person.left': ({ payload, person }) => plain('person', `${person(at(payload, 'person'))} left.`),
  'system.started': () => plain('system', 'The program was started.'),
  'system.stopped': () => plain('system', 'The program was stopped.'),
  'system.clock_went_back': ({ payload }) =>
    refused(
      'clock',
      `The clock of the server went back by ${span(at(payload, 'regressedMs')) ?? 'a span that is not named'}. No access begins while it is wrong.`,
    ),
  'log.read': ({ payload, person }) => {
    const to = whole(at(payload, 'to'));
    return plain(
      'read',
      `${person(at(payload, 'by'))} opened this log${to === null ? '' : `, when it had ${counted(to, 'entry', 'entries')}`}.`,
    );
  },
  'log.open': () => plain('log', 'This log was opened, with the key that signs it.'),
  'log.key': () => plain('log', 'From here on another key signs this log.'),
  'log.prune': ({ entry }) =>
    refused(
      'log',
      `Entries before No. ${count(whole(at(entry.stored, 'min')) ?? 0)} are no longer kept for everybody to fetch. Their hashes are.`,
    ),
  'log.keep': ({ entry }) =>
    plain('log', `Entries are kept for ${counted(whole(at(entry.stored, 'keep')) ?? 0, 'day')} from here on.`),
  'log.close': () => plain('log', 'This log was closed: it is complete and goes no further.'),
  erasure: ({ entry }) =>
    plain(
      'erased',
      `Contents were erased (${codeInWords(at(entry.stored, 'basis')) ?? 'no basis is named'}). The entries themselves stand.`,
    ),
  counter: () => plain('counter', 'A source counted what it did itself, and signed the count.'),
};

/** What a directory statement enrols. */
function key(payload: unknown, name: string): unknown {
  return at(payload, 'statement', 'document', 'scope', name);
}

/** The person that an entry about people is about. */
function id(payload: unknown): unknown {
  return at(payload, 'person', 'id') ?? at(payload, 'person');
}

function roles(value: unknown): string {
  return list(value, codeInWords) ?? 'nothing in particular';
}

function source(payload: unknown): string {
  return text(at(payload, 'source')) ?? text(at(payload, 'name')) ?? 'a source';
}

function by(person: string): string {
  return person === '' ? 'Y' : `By ${person}: y`;
}

function policy(value: unknown): string {
  const approval = at(value, 'customerApproval');
  const most = span(at(value, 'grantMaxMs'));
  const quorum = whole(at(value, 'quorum'));
  const window = span(at(value, 'customerWindowMs'));
  const said =
    approval === true
      ? `Customer approval is on: ${counted(quorum ?? 1, 'approver')} of yours must say yes${window === null ? '' : ` within ${window}`} before anything is read.`
      : approval === false
        ? 'Customer approval is off: the operator decides alone, and tells you here.'
        : 'The policy is in the content.';
  return most === null ? said : `${said} An access lasts ${most} at most.`;
}
