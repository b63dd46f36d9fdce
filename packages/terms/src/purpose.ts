import type { Mode } from './mode.ts';
import { refuse, type Refusal } from './refusal.ts';

/** What may leave: rows as they are, rows with masked columns, or only counts and sums over enough people (INV-51). */
export const transforms = ['raw', 'masked', 'aggregate'] as const;

/** One of `transforms`, from the widest to the narrowest. */
export type Transform = (typeof transforms)[number];

/** One line of the purpose catalogue. */
export type Purpose = {
  readonly code: string;
  /** The family: `troubleshoot` of `troubleshoot.repair`. */
  readonly parent: string;
  readonly permitted: boolean;
  /** The widest form in which data may leave under this purpose. */
  readonly transform: Transform;
  readonly modes: readonly Mode[];
  /** True if bulk reading (COPY TO, export) fits the purpose (INV-50). */
  readonly bulk: boolean;
  /** True if the service cannot be provided without it; a customer may opt out of the others (INV-55). */
  readonly essential: boolean;
  /** True if only its own procedure serves it, never a request: legal process has its own door, keys and count (promise S29). */
  readonly ownDoor: boolean;
  /** The purpose as a customer reads it. */
  readonly sentence: string;
};

const read = ['read'] as const;
const readWrite = ['read', 'write'] as const;

/**
 * The closed catalogue (promises S20 and S21; DOMAIN section 4). The forbidden ones are listed because naming them is part of
 * the promise: advertising is not merely absent, it is refused by name. A new purpose is a new version of the terms (INV-54).
 */
export const purposes = [
  permitted('provide.operate', readWrite, { bulk: true, sentence: 'Keep the contracted service running day to day.' }),
  permitted('provide.support', readWrite, { sentence: 'Answer a question that the customer put to support.' }),
  permitted('troubleshoot.prevent', read, { sentence: 'Prevent a problem that is about to happen.' }),
  permitted('troubleshoot.detect', read, { sentence: 'Find out whether there is a problem, and what it is.' }),
  permitted('troubleshoot.repair', readWrite, { sentence: 'Repair a problem that has happened.' }),
  permitted('improve.reliability', read, {
    transform: 'aggregate',
    essential: false,
    sentence: 'Make the contracted service more reliable.',
  }),
  permitted('improve.threat_protection', read, {
    transform: 'masked',
    essential: false,
    sentence: 'Protect better against malware, spam and other threats.',
  }),
  permitted('comply.legal_process', read, {
    bulk: true,
    ownDoor: true,
    sentence: 'Do what a valid legal demand compels, through the legal door.',
  }),
  permitted('comply.audit', read, { sentence: 'Let an auditor check that access was appropriate.' }),
  permitted('customer.instruction', readWrite, { bulk: true, sentence: 'Do what the customer instructed in writing.' }),
  forbidden('advertise', 'Use customer data for advertising.'),
  forbidden('market', 'Use customer data for marketing.'),
  forbidden('sell', 'Sell customer data.'),
  forbidden('profile', 'Build profiles of people.'),
  forbidden('train_general_model', 'Train general models without instruction.'),
  forbidden('surveil', 'Watch people.'),
  forbidden('competitive_intel', 'Learn about a competitor.'),
] as const satisfies readonly Purpose[];

/** The purpose of that code, permitted or forbidden; null if the catalogue does not know it. */
export function purposeOf(code: string): Purpose | null {
  return purposes.find((purpose) => purpose.code === code) ?? null;
}

/** Holds if `pattern`, a code or a family such as `troubleshoot.*`, covers `code`. `*` alone covers nothing: no role is for everything. */
export function purposeMatches(pattern: string, code: string): boolean {
  if (pattern === code) return true;
  const family = pattern.endsWith('.*') ? pattern.slice(0, -2) : null;
  return family !== null && family !== '' && purposeOf(code)?.parent === family;
}

/** Holds if data in the form `asked` may leave under `purpose`: the same form as the purpose's widest, or a narrower one. */
export function transformFits(purpose: Purpose, asked: Transform): boolean {
  return transforms.indexOf(asked) >= transforms.indexOf(purpose.transform);
}

function permitted(
  code: string,
  allowed: readonly Mode[],
  more: {
    readonly sentence: string;
    readonly bulk?: boolean;
    readonly ownDoor?: boolean;
    readonly transform?: Transform;
    readonly essential?: boolean;
  },
): Purpose {
  return {
    code,
    parent: code.slice(0, code.indexOf('.')),
    permitted: true,
    transform: more.transform ?? 'raw',
    modes: allowed,
    bulk: more.bulk ?? false,
    essential: more.essential ?? true,
    ownDoor: more.ownDoor ?? false,
    sentence: more.sentence,
  };
}

function forbidden(code: string, sentence: string): Purpose {
  return {
    code,
    parent: code,
    permitted: false,
    transform: 'aggregate',
    modes: [],
    bulk: false,
    essential: false,
    ownDoor: false,
    sentence,
  };
}

/**
 * Refuses a purpose that is unknown, forbidden, or does not cover the mode; null if it may be used. The same check at the
 * request, at the first use and at each statement (INV-49).
 */
export function purposeFails(code: string, mode: Mode): Refusal | null {
  const purpose = purposeOf(code);
  if (purpose === null) return refuse('purpose_unknown', code, 'a purpose of the catalogue');
  if (!purpose.permitted) return refuse('purpose_forbidden', code);
  if (purpose.ownDoor) return refuse('purpose_has_own_door', code);
  if (!purpose.modes.includes(mode)) return refuse('purpose_mode_not_allowed', mode, purpose.modes.join(' or '));
  return null;
}
