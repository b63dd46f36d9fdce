import type { AccessRequest } from '@gatehouse/terms';
import { canonicalJson, type JsonValue, parseStatement, type Statement } from '@gatehouse/verifier';
import { CliFailure } from './failure.ts';
import { type Fields, fieldsOf } from './reading.ts';

/** Whose signature is asked for, and what must be true of every document that gets it. */
export type Signing = {
  readonly person: string;
  readonly keyId: string;
  /** Verifier key of the root log that this person trusts. */
  readonly deployment: string;
  /** Hash of the terms that this program knows. */
  readonly termsHash: string;
  readonly now: number;
};

/** A draft that says what was asked and nothing else. */
export type CheckedDraft = { readonly matter: AccessRequest; readonly document: Statement };

/** Takes a draft apart; the document has the form of a statement, and nothing about either is believed yet. */
export function opened(draft: unknown): { matter: Fields; document: Statement } {
  const { matter, document } = fieldsOf(draft);
  const parsed = parseStatement(document);
  if (!parsed.ok) throw new CliFailure('draft_malformed', `${parsed.finding.message} Nothing was signed.`);
  return { matter: fieldsOf(matter, 'matter'), document: parsed.value };
}

/** The members that name who signs, and for which deployment. */
export function signerMembers({ keyId, deployment }: Signing): Pick<Statement, 'keyId' | 'deployment'> {
  return { keyId, deployment };
}

/** Holds only if every member of either side is in both and the same; else nothing is signed. */
export function compare(found: object, expected: object): void {
  const [given, wanted] = [found as Fields, expected as Fields];
  for (const member of new Set([...Object.keys(wanted), ...Object.keys(given)])) {
    if (!Object.hasOwn(given, member)) throw differs(member, 'nothing', wanted[member]);
    if (!Object.hasOwn(wanted, member)) throw differs(member, given[member], 'no such member');
    if (!same(given[member], wanted[member])) throw differs(member, given[member], wanted[member]);
  }
}

function same(found: unknown, expected: unknown): boolean {
  try {
    return canonicalJson(found as JsonValue) === canonicalJson(expected as JsonValue);
  } catch {
    // What has no canonical form cannot be what was asked, which has one.
    return false;
  }
}

/** The refusal to sign: which member of a draft is not what was asked. */
export function differs(member: string, found: unknown, expected: unknown): CliFailure {
  const [said, wanted] = [found, expected].map((value) =>
    (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')).slice(0, 200),
  );
  return new CliFailure(
    'draft_differs',
    `The server drafted another document than you asked for: ${member} is ${said}, expected ${wanted}. Nothing was signed; tell your security officers.`,
  );
}
