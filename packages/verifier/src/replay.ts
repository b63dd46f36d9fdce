import { replayRecord } from '@gatehouse/terms';
import { isObject, type JsonValue } from './canonical-json.ts';
import type { Finding } from './finding.ts';
import type { OpenedEntry, UnopenedEntry } from './log-report.ts';

/** The types of entries whose payload holds a decision of the terms. */
const decisionEntries: ReadonlySet<string> = new Set([
  'access.requested',
  'access.refused',
  'access.manager_approved',
  'access.customer_approved',
  'access.standing_approval_used',
  'access.denied',
  'access.withdrawn',
  'access.lapsed',
  'access.activated',
  'access.intent',
  'access.extension_requested',
  'access.extension_denied',
  'access.extended',
  'access.revoked',
  'access.completed',
  'access.expired',
]);

/** What deciding a logged decision again gave. A version that this verifier does not know is no difference; nor is a payload that nobody may open. */
export type Redecided =
  | { readonly kind: 'same' }
  | { readonly kind: 'differs'; readonly recorded: unknown; readonly decided: unknown }
  | { readonly kind: 'unknown version' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'undecidable: sealed' }
  | { readonly kind: 'undecidable: lost' }
  | { readonly kind: 'undecidable: erased'; readonly by: number };

/** One decision entry of a log, decided again. */
export type ReplayedDecision = { readonly seq: number; readonly type: string; readonly result: Redecided };

/** Every decision of a log, decided again, and those whose result is wrong. */
export type DecisionReplay = {
  readonly decisions: readonly ReplayedDecision[];
  readonly counts: { readonly [kind in Redecided['kind']]: number };
  readonly findings: readonly Finding[];
};

/** The opened and unopened payloads of a log, as `verifyLog` reports them. */
export type ReplayedLog = { readonly opened: readonly OpenedEntry[]; readonly unopened: readonly UnopenedEntry[] };

/**
 * Decides every logged decision again, from the facts in its payload and with the terms of the version that it names
 * (LOG-SPEC 11, promise: terms are replayable). Shows that what was decided is what the terms say about these facts,
 * not that the facts were true.
 */
export function replayDecisions({ opened, unopened }: ReplayedLog): DecisionReplay {
  const decisions = [...opened.flatMap(replayOpened), ...unopened.flatMap(replayUnopened)].sort(
    (a, b) => a.seq - b.seq,
  );
  const counts: { [kind in Redecided['kind']]: number } = {
    same: 0,
    differs: 0,
    'unknown version': 0,
    malformed: 0,
    'undecidable: sealed': 0,
    'undecidable: lost': 0,
    'undecidable: erased': 0,
  };
  for (const { result } of decisions) counts[result.kind]++;
  return { decisions, counts, findings: decisions.flatMap(findingOf) };
}

/** The record of a decision: the member `decided`, or the payload itself where that is the record. */
function recordOf(payload: JsonValue): JsonValue | null {
  if (!isObject(payload)) return null;
  if (payload['decided'] !== undefined) return payload['decided'];
  return payload['termsVersion'] === undefined ? null : payload;
}

function replayOpened({ entry: { seq, type }, payload }: OpenedEntry): readonly ReplayedDecision[] {
  const record = recordOf(payload);
  if (record === null) {
    const reason = 'the payload holds no decision';
    return decisionEntries.has(type) ? [{ seq, type, result: { kind: 'malformed', reason } }] : [];
  }
  const replayed = replayRecord(record);
  return [{ seq, type, result: replayed.kind === 'unknown_version' ? { kind: 'unknown version' } : replayed }];
}

function replayUnopened({ entry: { seq, type }, state }: UnopenedEntry): readonly ReplayedDecision[] {
  if (!decisionEntries.has(type)) return [];
  switch (state.kind) {
    case 'erased':
      return [{ seq, type, result: { kind: 'undecidable: erased', by: state.by } }];
    case 'lost':
      return [{ seq, type, result: { kind: 'undecidable: lost' } }];
    case 'sealed':
      return [{ seq, type, result: { kind: 'undecidable: sealed' } }];
    case 'open':
      return [];
  }
}

function findingOf({ seq: index, type, result }: ReplayedDecision): readonly Finding[] {
  if (result.kind === 'differs') {
    const [recorded, decided] = [outcomeOf(result.recorded), outcomeOf(result.decided)];
    return [
      {
        code: 'DECISION_DIFFERS',
        message: `Entry ${index} (${type}) records ${recorded}; the terms decide ${decided} from the same facts.`,
        index,
      },
    ];
  }
  if (result.kind !== 'malformed') return [];
  return [
    {
      code: 'DECISION_MALFORMED',
      message: `The decision in entry ${index} (${type}) cannot be decided again: ${result.reason}.`,
      index,
    },
  ];
}

function outcomeOf(decision: unknown): string {
  if (typeof decision !== 'object' || decision === null) return 'no decision';
  const { permit, reason } = decision as { permit?: unknown; reason?: unknown };
  return permit === true ? 'a permit' : `a refusal (${typeof reason === 'string' ? reason : 'no reason'})`;
}
