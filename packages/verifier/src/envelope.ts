import { type Entry, entryIs } from './entry.ts';
import { isObject, parseJson } from './canonical-json.ts';
import { type Checked, fails, type Finding, holds, show } from './finding.ts';
import { base64Of, checkMembers, count, exactly, type Form, hexId } from './members.ts';
import { decodeBase64 } from './base64.ts';

/** A sealed payload (LOG-SPEC 5.4); byte values in base64. */
export type Envelope = {
  readonly v: 1;
  readonly kid: string;
  readonly sk: string;
  readonly wrap: string;
  readonly nonce: string;
  readonly data: string;
};

const dataMost = 32 + 65_536 + 16;
const data: Form = {
  test: (value) => {
    const bytes = typeof value === 'string' && value.length < 100_000 ? decodeBase64(value) : null;
    return bytes !== null && bytes.length >= 32 + 2 + 16 && bytes.length <= dataMost;
  },
  expected: 'strict base64 of salt, payload and tag',
};
const envelopeMembers = { v: exactly(1), kid: hexId, sk: hexId, wrap: base64Of(40), nonce: base64Of(12), data };

/** Parses an envelope with exactly its members; opens nothing. */
export function parseEnvelope(value: unknown): Checked<Envelope> {
  if (!isObject(value)) return fails('ENVELOPE_MALFORMED', 'The envelope is not a JSON object.');
  const checked = checkMembers(value, { required: envelopeMembers }, 'ENVELOPE_MALFORMED', 'the envelope');
  return checked.ok ? holds(value as unknown as Envelope) : checked;
}

/** Parses envelopes as they travel: JSON lines `{"envelope":…,"seq":n}`, ascending by `seq` (LOG-SPEC 5.7). */
export function parseEnvelopes(text: string): Checked<ReadonlyMap<number, Envelope>> {
  const envelopes = new Map<number, Envelope>();
  let before = -1;
  for (const [at, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const parsed = parseJson(line);
    const { seq, envelope } = parsed.ok && isObject(parsed.value) ? parsed.value : {};
    if (typeof seq !== 'number' || !count.test(seq) || seq <= before) {
      return fails(
        'ENVELOPE_MALFORMED',
        `Line ${at + 1} of the envelopes has the seq ${show(seq)}; expected a number above ${before}.`,
      );
    }
    const opened = parseEnvelope(envelope);
    if (!opened.ok) return { ok: false, finding: { ...opened.finding, index: seq } };
    envelopes.set(seq, opened.value);
    before = seq;
  }
  return holds(envelopes);
}

/** What became of a payload (LOG-SPEC 5.6). `lost` is a finding; `erased` names the erasure entry that covers it. */
export type PayloadState =
  | { readonly kind: 'open' }
  | { readonly kind: 'sealed' }
  | { readonly kind: 'erased'; readonly by: number }
  | { readonly kind: 'lost' };

/** What is known about the payloads of some entries of one log. */
export type Payloads = {
  /** The entries whose payloads are asked about, and every erasure entry that may cover them. */
  readonly entries: readonly Entry[];
  readonly envelopes: ReadonlyMap<number, Envelope>;
  /** The entries whose payload was opened and matched its commitment. */
  readonly opened?: ReadonlySet<number>;
};

/** The state of every payload, and what is wrong: a payload that is lost, one that opens although erased, an envelope of another compartment. */
export function payloadStates({ entries, envelopes, opened = new Set() }: Payloads): {
  readonly states: ReadonlyMap<number, PayloadState>;
  readonly findings: readonly Finding[];
} {
  const states = new Map<number, PayloadState>();
  const findings: Finding[] = [];
  const erasedBy = erasuresOf(entries);
  for (const entry of entries) {
    if (entry.cmt === undefined) continue;
    const [envelope, erasure] = [envelopes.get(entry.seq), erasedBy(entry)];
    const kind =
      erasure !== undefined ? 'erased' : opened.has(entry.seq) ? 'open' : envelope === undefined ? 'lost' : 'sealed';
    states.set(entry.seq, kind === 'erased' ? { kind, by: erasure ?? 0 } : { kind });
    const problem = payloadProblem(entry, kind, { envelope, opens: opened.has(entry.seq) });
    if (problem !== null) findings.push(problem);
  }
  return { states, findings };
}

function payloadProblem(
  { seq, kid }: Entry,
  kind: PayloadState['kind'],
  { envelope, opens }: { envelope: Envelope | undefined; opens: boolean },
): Finding | null {
  if (kind === 'lost')
    return {
      code: 'PAYLOAD_LOST',
      message: `The payload of entry ${seq} is not there, and no erasure entry covers it.`,
      index: seq,
    };
  if (kind === 'erased' && opens) {
    return {
      code: 'PAYLOAD_OPENS_THOUGH_ERASED',
      message: `The payload of entry ${seq} was erased by an entry of the log, and still opens.`,
      index: seq,
    };
  }
  if (envelope !== undefined && envelope.kid !== kid) {
    return {
      code: 'ENVELOPE_OTHER_KID',
      message: `The envelope of entry ${seq} is of the compartment ${envelope.kid}; the entry says ${show(kid)}.`,
      index: seq,
    };
  }
  return null;
}

/** For an entry, the seq of the first erasure that covers it. */
function erasuresOf(entries: readonly Entry[]): (entry: Entry) => number | undefined {
  const ranges: { first: number; last: number; by: number }[] = [];
  const kids = new Map<string, number[]>();
  for (const entry of entries) {
    if (!entryIs(entry, 'erasure')) continue;
    for (const [first, last] of entry.ranges ?? []) ranges.push({ first, last, by: entry.seq });
    for (const kid of entry.kids ?? []) kids.set(kid, [...(kids.get(kid) ?? []), entry.seq]);
  }
  return ({ seq, kid }) =>
    ranges.find(({ first, last }) => first <= seq && seq <= last)?.by ??
    (kid === undefined ? undefined : kids.get(kid)?.find((by) => seq < by));
}
