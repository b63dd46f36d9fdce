import type { ShownEntry } from './entry.ts';
import { codeInWords, purposeInWords } from './reasons.ts';
import { type Names, personOf, type Weight } from './told.ts';
import { at, counted, list, moment, quote, span, text, whole } from './words.ts';

/** One access from the question to the end, with every entry about it, in order. */
export type Story = {
  readonly ref: string;
  readonly entries: readonly ShownEntry[];
  /** Where it stands, in words. */
  readonly state: { readonly word: string; readonly weight: Weight };
  readonly title: string;
  readonly asked: string;
  readonly why: string | null;
  readonly justification: string | null;
  readonly approved: readonly string[];
  readonly read: string;
  readonly ended: string;
};

/** The accesses of a log, the one with the newest entry first. */
export function storiesOf(entries: readonly ShownEntry[], names: Names): readonly Story[] {
  const byRef = new Map<string, ShownEntry[]>();
  for (const entry of entries) {
    if (entry.ref === null) continue;
    const known = byRef.get(entry.ref);
    if (known === undefined) byRef.set(entry.ref, [entry]);
    else known.push(entry);
  }
  const last = (story: Story): number => story.entries.at(-1)?.seq ?? 0;
  return [...byRef].map(([ref, own]) => storyOf(ref, own, names)).sort((a, b) => last(b) - last(a));
}

function storyOf(ref: string, entries: readonly ShownEntry[], names: Names): Story {
  const person = (id: unknown, otherwise?: string): string => personOf(names, id, otherwise);
  const asked = entries.find(({ type }) => type === 'access.requested');
  const request = at(asked?.payload, 'request') ?? factsOfFirst(entries);
  const source = text(at(request, 'source')) ?? 'a source';
  const ticket = text(at(request, 'ticket'));
  const reason = codeInWords(at(request, 'reasonCode'));
  const known = text(at(request, 'requester')) !== null;
  return {
    ref,
    entries,
    state: stateOf(entries),
    title: known
      ? `${person(at(request, 'requester'))} of ${text(at(request, 'employer')) ?? 'an unnamed employer'}: ${text(at(request, 'mode')) ?? 'use'} your data in ${source}`
      : 'An access whose request is not opened here',
    asked: `At ${moment(asked?.time ?? entries[0]?.time) ?? 'an unknown time'}.`,
    why: known
      ? [
          `To ${purposeInWords(at(request, 'purpose'))}.`,
          ticket && `Ticket ${ticket}.`,
          reason && `Reason: ${reason}.`,
          scopeOf(at(request, 'scope')),
          lasting(request),
        ]
          .filter(Boolean)
          .join(' ')
      : null,
    justification: quote(at(request, 'justification')),
    approved: entries.flatMap((entry) => approvalOf(entry, person)),
    read: readingOf(entries),
    ended: endOf(entries, person),
  };
}

/** A request that was refused at once has no entry of its own but the refusal. */
function factsOfFirst(entries: readonly ShownEntry[]): unknown {
  return at(entries[0]?.payload, 'decided', 'facts', 'request');
}

function scopeOf(scope: unknown): string {
  const tables = list(at(scope, 'tables'));
  const columns = list(at(scope, 'columns'));
  if (columns !== null) return `Only the columns ${columns}.`;
  return tables === null ? 'Every table that the classification grants.' : `Only the tables ${tables}.`;
}

function lasting(request: unknown): string {
  const lasts = span(at(request, 'budgets', 'durationMs'));
  return lasts === null ? '' : `For ${lasts} from the first use.`;
}

type Person = (id: unknown, otherwise?: string) => string;

function approvalOf({ type, time, payload }: ShownEntry, person: Person): readonly string[] {
  const facts = at(payload, 'decided', 'facts');
  const when = moment(time) ?? 'an unknown time';
  switch (type) {
    case 'access.manager_approved':
      return [`${person(at(facts, 'manager', 'id'))}, as manager, at ${when}`];
    case 'access.customer_approved':
      return [`${person(at(facts, 'approver', 'id'))}, for you, at ${when}`];
    case 'access.standing_approval_used':
      return [`a standing approval of yours, at ${when}`];
    default:
      return [];
  }
}

function readingOf(entries: readonly ShownEntry[]): string {
  const statements = entries.filter(({ type }) => type === 'access.intent').length;
  const outcomes = entries.filter(({ type }) => type === 'access.outcome');
  const turnedAway = entries.filter(
    ({ type, payload }) =>
      type === 'access.connection_refused' ||
      (type === 'access.refused' && at(payload, 'decided', 'kind') === 'intent'),
  ).length;
  const away = turnedAway === 0 ? '' : ` ${counted(turnedAway, 'attempt was', 'attempts were')} turned away.`;
  if (statements === 0) return `Nothing.${away}`;
  const rows = outcomes.reduce((sum, { payload }) => sum + (whole(at(payload, 'rows')) ?? 0), 0);
  const bytes = outcomes.reduce((sum, { payload }) => sum + (whole(at(payload, 'bytes')) ?? 0), 0);
  const closed = outcomes.filter(({ payload }) => payload === null).length;
  const untold = closed === 0 ? '' : `, not counting ${counted(closed, 'statement')} whose content is not opened here`;
  const open = statements - outcomes.length;
  const running = open > 0 ? ` ${counted(open, 'statement has', 'statements have')} no recorded end yet.` : '';
  return `${counted(statements, 'statement')}; ${counted(rows, 'row')} (${counted(bytes, 'byte')}) went out${untold}.${running}${away}`;
}

const states: { readonly [type: string]: Story['state'] } = {
  'access.requested': { word: 'waits for their manager', weight: 'plain' },
  'access.manager_approved': { word: 'approved, not used yet', weight: 'plain' },
  'access.customer_asked': { word: 'waits for your approvers', weight: 'plain' },
  'access.customer_approved': { word: 'approved, not used yet', weight: 'plain' },
  'access.standing_approval_used': { word: 'approved, not used yet', weight: 'plain' },
  'access.activated': { word: 'in use', weight: 'access' },
  'access.extension_requested': { word: 'in use, more time asked', weight: 'access' },
  'access.extension_denied': { word: 'in use', weight: 'access' },
  'access.extended': { word: 'in use', weight: 'access' },
  'access.denied': { word: 'denied', weight: 'refused' },
  'access.withdrawn': { word: 'withdrawn', weight: 'end' },
  'access.lapsed': { word: 'lapsed', weight: 'end' },
  'access.revoked': { word: 'revoked', weight: 'end' },
  'access.completed': { word: 'completed', weight: 'end' },
  'access.expired': { word: 'expired', weight: 'end' },
};

function stateOf(entries: readonly ShownEntry[]): Story['state'] {
  const last = entries.findLast(({ type }) => Object.hasOwn(states, type));
  if (last === undefined) return { word: 'refused', weight: 'refused' };
  // One yes of several that are needed leaves the question open.
  const waits =
    last.type === 'access.customer_approved' && at(last.payload, 'decided', 'decision', 'next') === 'awaiting_customer';
  return states[waits ? 'access.customer_asked' : last.type] ?? { word: 'unknown', weight: 'plain' };
}

const endings: { readonly [type: string]: string } = {
  'access.denied': 'Denied',
  'access.withdrawn': 'Taken back',
  'access.lapsed': 'Lapsed, because nobody decided or used it in time,',
  'access.revoked': 'Revoked',
  'access.completed': 'Completed',
  'access.expired': 'Expired',
};

function endOf(entries: readonly ShownEntry[], person: Person): string {
  const last = entries.findLast(({ type }) => Object.hasOwn(endings, type));
  if (last !== undefined) {
    const facts = at(last.payload, 'decided', 'facts');
    const by =
      at(facts, 'cause', 'by', 'id') ?? at(facts, 'by') ?? at(facts, 'manager', 'id') ?? at(facts, 'approver', 'id');
    const who = text(by) === null ? '' : ` by ${person(by)}`;
    return `${endings[last.type] ?? 'Over'}${who} at ${moment(last.time) ?? 'an unknown time'}.`;
  }
  const live = entries.findLast(({ type }) => type === 'access.activated' || type === 'access.extended');
  if (live === undefined) return 'It has not begun.';
  return `Not yet: it ends by itself at ${moment(at(live.payload, 'notAfter')) ?? 'its end'}.`;
}
