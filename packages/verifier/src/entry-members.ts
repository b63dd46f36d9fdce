import { isCount, isObject, type JsonObject, type JsonValue } from './canonical-json.ts';
import { type Finding, show } from './finding.ts';
import {
  base64Hash,
  base64Of,
  checkMembers,
  count,
  exactly,
  type Form,
  formOf,
  hexId,
  matching,
  ref,
  time,
} from './members.ts';
import { parseTime } from './time.ts';

const entryType = matching(/^(?=.{1,64}$)[a-z]+(\.[a-z_]+)*$/, 'a type such as access.intent, at most 64 characters');
const origin = matching(/^[a-z0-9.:/_-]{1,256}$/, 'an origin of the characters a-z 0-9 . : / _ -');
const vkey = matching(/^[\x21-\x2a\x2c-\x7e]{1,256}\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/, 'a verifier key name+id+base64');
const keyName = matching(/^[\x21-\x2a\x2c-\x7e]{1,256}$/, 'a key name without spaces and "+"');

const common: Readonly<Record<string, Form>> = { v: exactly(1), seq: count, time, type: entryType };
const furtherMembers: Readonly<Record<string, Form>> = {
  ref,
  intent: count,
  outcome: matching(/^(ok|error|cut|unknown)$/, 'ok, error, cut or unknown'),
  cmt: base64Hash,
  kid: hexId,
  src: keyName,
  n: count,
  delayed: exactly(true),
};

const predecessor: Form = {
  test: (value) =>
    isObject(value) &&
    checkMembers(value, { required: { origin, root: base64Hash, size: count } }, 'ENTRY_MEMBER', '').ok,
  expected: 'an object of origin, root and size',
};
const counts: Form = {
  test: (value) =>
    isObject(value) &&
    Object.entries(value).every(([name, number]) => /^[a-zA-Z]{1,32}$/.test(name) && isCount(number)),
  expected: 'whole numbers under names of 1 to 32 letters',
};
const lsn = matching(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/, 'a position such as 16/B374D848');
const counter: Form = {
  test: (value) =>
    isObject(value) &&
    checkMembers(
      value,
      { required: { counts, from: time, n: count, source: keyName, to: time }, optional: { lsnFrom: lsn, lsnTo: lsn } },
      'ENTRY_MEMBER',
      '',
    ).ok,
  expected: 'an object of counts, from, n, source, to (and optional lsnFrom, lsnTo)',
};
const ranges: Form = {
  test: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    ascend(value.flatMap(rangeOf)) &&
    value.every((range) => rangeOf(range).length === 2),
  expected: 'ascending, disjoint ranges [first, last]',
};
const kids: Form = {
  test: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(hexId.test) &&
    value.every((kid, at) => at === 0 || String(value[at - 1]) < String(kid)),
  expected: 'ascending key ids of 32 hex digits',
};

/** A range as half-steps, so that "ascending and disjoint" is one comparison: first, and last plus a half. */
function rangeOf(value: JsonValue): number[] {
  if (!Array.isArray(value) || value.length !== 2) return [];
  const [first, last] = value;
  return isCount(first) && isCount(last) && first <= last ? [first, last + 0.5] : [];
}

function ascend(numbers: readonly number[]): boolean {
  return numbers.every((number, at) => at === 0 || (numbers[at - 1] ?? 0) < number);
}

type ClosedType = {
  readonly required: Readonly<Record<string, Form>>;
  readonly optional: Readonly<Record<string, Form>>;
};

const { src, n, delayed, cmt, kid, intent, outcome } = furtherMembers as Record<
  'src' | 'n' | 'delayed' | 'cmt' | 'kid' | 'intent' | 'outcome',
  Form
>;
const appended = { src, n, delayed };
const sealed = { cmt, kid };

/** The types whose member set is closed (LOG-SPEC 3.4 to 3.6). */
const closedTypes: Readonly<Record<string, ClosedType>> = {
  'log.open': { required: { origin, slot: count, vkey, keep: count }, optional: { predecessor, ...appended } },
  'log.key': { required: { vkey }, optional: appended },
  'log.prune': {
    required: { min: { test: (value) => isCount(value) && value % 256 === 0, expected: 'a multiple of 256' } },
    optional: appended,
  },
  'log.keep': { required: { keep: count }, optional: appended },
  'log.close': { required: {}, optional: appended },
  'access.intent': { required: { ref, src, n, ...sealed }, optional: { delayed } },
  'access.outcome': { required: { ref, intent, outcome }, optional: { ...appended, ...sealed } },
  erasure: {
    required: { basis: matching(/^[a-z0-9.-]{1,32}$/, 'a basis such as gdpr-17-1-b') },
    optional: { ref, ranges, kids, ...appended, ...sealed },
  },
  counter: { required: { counter, sig: base64Of(68) }, optional: appended },
};
for (const type of Object.values(closedTypes)) Object.assign(type.required, common);

/** Members of the open types: those of LOG-SPEC 3.2, and further ones with a whole number or a short text. */
const further: Form = {
  test: (value) => isCount(value) || (typeof value === 'string' && value.length <= 128),
  expected: 'a whole number, or a text of at most 128 characters',
};

/** What in the members of the entry at `seq` breaks LOG-SPEC 3.2 to 3.6, or null. */
export function checkEntryMembers(entry: JsonObject, seq: number): Finding | null {
  const what = `entry ${seq}`;
  for (const [name, form] of Object.entries(common)) {
    const value = entry[name];
    if (value === undefined) return found(`${what} lacks the member "${name}".`);
    if (!form.test(value)) return found(`in ${what}, "${name}" is ${show(value)}; expected ${form.expected}.`);
  }
  if (entry['seq'] !== seq) {
    return {
      code: 'SEQ_NOT_INDEX',
      message: `The entry at index ${seq} says seq ${show(entry['seq'])}; expected ${seq}, without gap or repetition.`,
    };
  }
  const type = typeof entry['type'] === 'string' ? entry['type'] : '';
  const closed = Object.hasOwn(closedTypes, type) ? closedTypes[type] : undefined;
  if ((type === 'log.open') !== (seq === 0)) {
    return {
      code: 'LOG_OPEN_PLACE',
      message: `Entry ${seq} has the type ${type}; log.open is entry 0 and only entry 0.`,
    };
  }
  const problem = closed === undefined ? checkOpenType(entry, what) : checkClosedType(entry, closed, what);
  return problem ?? checkRelations(entry, seq, what);
}

function checkClosedType(entry: JsonObject, members: ClosedType, what: string): Finding | null {
  const checked = checkMembers(entry, members, 'ENTRY_MEMBER', what);
  return checked.ok ? null : checked.finding;
}

function checkOpenType(entry: JsonObject, what: string): Finding | null {
  for (const [name, value] of Object.entries(entry)) {
    const form = formOf(common, name) ?? formOf(furtherMembers, name) ?? further;
    if (!form.test(value)) return found(`in ${what}, "${name}" is ${show(value)}; expected ${form.expected}.`);
  }
  return null;
}

/** The rules that join two members of one entry. */
function checkRelations(entry: JsonObject, seq: number, what: string): Finding | null {
  const { cmt, kid, src, n, intent, outcome, type } = entry;
  if ((cmt === undefined) !== (kid === undefined))
    return found(`${what} has one of "cmt" and "kid"; expected both or neither.`);
  if ((src === undefined) !== (n === undefined))
    return found(`${what} has one of "src" and "n"; expected both or neither.`);
  if (outcome !== undefined && intent === undefined)
    return found(`${what} has an "outcome" without the "intent" that it ends.`);
  if (isCount(intent) && intent >= seq) return found(`${what} names intent ${intent}; expected an index below ${seq}.`);
  if (type === 'access.outcome' && (outcome === 'unknown') !== (cmt === undefined)) {
    return found(
      `${what} has the outcome ${show(outcome)} ${cmt === undefined ? 'without' : 'with'} a payload; only "unknown" has none.`,
    );
  }
  if (type === 'erasure') return checkErasure(entry, seq, what);
  if (type === 'counter') return checkCounterTimes(entry, what);
  return null;
}

function checkErasure({ ranges, kids }: JsonObject, seq: number, what: string): Finding | null {
  if ((ranges === undefined) === (kids === undefined))
    return found(
      `${what} has ${ranges === undefined ? 'neither' : 'both'} of "ranges" and "kids"; expected exactly one.`,
    );
  const last = Array.isArray(ranges) ? (ranges.at(-1)?.[1] as number) : -1;
  return last >= seq ? found(`${what} erases up to ${last}; expected only entries below itself.`) : null;
}

function checkCounterTimes({ counter, time }: JsonObject, what: string): Finding | null {
  const { from, to } = isObject(counter) ? counter : {};
  const [start, end, written] = [parseTime(from), parseTime(to), parseTime(time)];
  if (start === null || end === null || written === null || start > end)
    return found(`${what} counts from ${show(from)} to ${show(to)}; expected a forward interval.`);
  return end > written ? found(`${what} counts up to ${show(to)}, after its own time ${show(time)}.`) : null;
}

function found(message: string): Finding {
  return { code: 'ENTRY_MEMBER', message: message.replace(/^./, (first) => first.toUpperCase()) };
}
