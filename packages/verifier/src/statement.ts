import { encodeBase64 } from './base64.ts';
import { concat, utf8 } from './bytes.ts';
import { canonicalBytes, isCount, isObject, type JsonObject, type JsonValue } from './canonical-json.ts';
import { type Checked, fails, holds, show } from './finding.ts';
import { base64Hash, checkMembers, count, type Form, matching, nullable, printable, time } from './members.ts';
import type { Primitives } from './primitives.ts';

/** What a statement says, and the only words in which it can say it; approve and deny can never pass for one another (INV: nobody's yes can be forged). */
export const statementDecisions = {
  'access.request': ['ask'],
  'access.manager_decision': ['approve', 'deny'],
  'access.customer_decision': ['approve', 'deny'],
  'access.extension': ['ask'],
  'access.withdrawal': ['withdraw'],
  'access.revocation': ['revoke'],
  'access.completion': ['complete'],
  'directory.genesis': ['enrol'],
  'directory.enrolment': ['enrol'],
  'directory.removal': ['remove'],
  'policy.change': ['approve'],
} as const satisfies { readonly [type: string]: readonly string[] };

/** The kind of a statement. */
export type StatementType = keyof typeof statementDecisions;
/** The verdict of a statement. */
export type StatementDecision = (typeof statementDecisions)[StatementType][number];

/**
 * The one document that is signed for every request, approval, denial, end and key change (DESIGN section 3). Every
 * member is always there, null where it does not apply, so that no two statements can mean different things by leaving
 * something out.
 */
export type Statement = {
  readonly type: StatementType;
  readonly decision: StatementDecision;
  /** RFC 7638 thumbprint of the key that signs. */
  readonly keyId: string;
  /** Verifier key of the deployment's root log: a statement for one deployment is nothing in another. */
  readonly deployment: string;
  readonly tenant: string | null;
  readonly source: string | null;
  readonly classificationHash: string | null;
  /** base64 SHA-256 of what is asked (request: of the matter) or decided (else: statementHash). */
  readonly subject: string | null;
  /** The person who gets access; in directories the person whose key it is. */
  readonly who: string | null;
  readonly employer: string | null;
  readonly purpose: string | null;
  readonly reasonCode: string | null;
  readonly mode: string | null;
  readonly scope: JsonValue;
  /** Whole numbers by name, such as rows and bytes. */
  readonly budgets: { readonly [name: string]: number } | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly termsHash: string | null;
  readonly policyHash: string | null;
  /** How many statements of its directory the signer had seen. */
  readonly directoryPosition: number | null;
  /** How many decisions (or, in a genesis, directory signatures per change) are needed. */
  readonly quorum: number | null;
  /** The key that signed the request: it may never decide about it. */
  readonly requesterKey: string | null;
  /** 16 to 32 random bytes in base64url; a statement is used once. */
  readonly nonce: string;
  /** The newest checkpoint that the signer had seen. */
  readonly rootSeen: { readonly origin: string; readonly size: number; readonly root: string } | null;
};

/** The domain in front of every signed document; no other signature of ours starts with it. */
const statementDomain = 'gatehouse/statement/v1\n';
/** The namespace of `ssh-keygen -Y sign` for statements. */
export const statementNamespace = 'gatehouse-statement';
/** A statement is refused above this many canonical bytes. */
const statementBytesMost = 16_384;

/** Bounds a text in UTF-8 bytes: names of people and tenants are any Unicode, but short and of one line. */
function words(most: number): Form {
  return {
    test: (value) => typeof value === 'string' && value !== '' && utf8(value).length <= most && !/\p{Cc}/u.test(value),
    expected: `a text of 1 to ${most} bytes without control characters`,
  };
}

const keyId = matching(/^[A-Za-z0-9_-]{43}$/, 'an RFC 7638 thumbprint (43 characters of base64url)');
const code = matching(/^[a-z][a-z0-9._-]{0,63}$/, 'a code of at most 64 lower-case characters');
const scope: Form = { test: (value) => typeof value === 'object', expected: 'an object or an array' };
const budgets: Form = {
  test: (value) =>
    isObject(value) && Object.entries(value).every(([name, most]) => /^[a-zA-Z]{1,32}$/.test(name) && isCount(most)),
  expected: 'whole numbers under names of 1 to 32 letters',
};
const rootSeen: Form = {
  test: (value) =>
    isObject(value) &&
    checkMembers(value, { required: { origin: printable(256), size: count, root: base64Hash } }, 'STATEMENT_MEMBER', '')
      .ok,
  expected: 'an object of origin, size and root',
};

const members: Readonly<Record<keyof Statement, Form>> = {
  type: {
    test: (value) => typeof value === 'string' && Object.hasOwn(statementDecisions, value),
    expected: 'a statement type such as access.request',
  },
  decision: printable(16),
  keyId,
  deployment: matching(/^[\x21-\x7e]{1,512}$/, 'the verifier key of the root log'),
  tenant: nullable(words(63)),
  source: nullable(words(128)),
  classificationHash: nullable(base64Hash),
  subject: nullable(base64Hash),
  who: nullable(words(320)),
  employer: nullable(words(256)),
  purpose: nullable(code),
  reasonCode: nullable(code),
  mode: nullable(code),
  scope: nullable(scope),
  budgets: nullable(budgets),
  notBefore: nullable(time),
  notAfter: nullable(time),
  termsHash: nullable(base64Hash),
  policyHash: nullable(base64Hash),
  directoryPosition: nullable(count),
  quorum: nullable({
    test: (value) => isCount(value) && value >= 1 && value <= 100,
    expected: 'a number from 1 to 100',
  }),
  requesterKey: nullable(keyId),
  nonce: matching(/^[A-Za-z0-9_-]{22,43}$/, '16 to 32 random bytes in base64url'),
  rootSeen: nullable(rootSeen),
};

/** Parses a statement: exactly the members above, each in its form, the decision one that its type can have. */
export function parseStatement(value: unknown): Checked<Statement> {
  if (!isObject(value)) return fails('STATEMENT_MALFORMED', 'The statement is not a JSON object.');
  const checked = checkMembers(value, { required: members }, 'STATEMENT_MEMBER', 'the statement');
  if (!checked.ok) return checked;
  const { type, decision } = value as JsonObject & { type: StatementType };
  const allowed: readonly string[] = statementDecisions[type];
  if (typeof decision !== 'string' || !allowed.includes(decision)) {
    return fails(
      'STATEMENT_DECISION',
      `A statement of type ${type} says ${show(decision)}; it can only say ${allowed.join(' or ')}.`,
    );
  }
  return measure(value as JsonObject & Statement);
}

/** Refuses what canonical form cannot hold (numbers and texts inside the scope, LOG-SPEC 1.4) and what is too long. */
function measure(statement: Statement): Checked<Statement> {
  try {
    const { length } = canonicalBytes(statement);
    if (length <= statementBytesMost) return holds(statement);
    return fails(
      'STATEMENT_MALFORMED',
      `The statement has ${length} bytes; at most ${statementBytesMost} are allowed.`,
    );
  } catch (cause) {
    if (cause instanceof TypeError)
      return fails('STATEMENT_MALFORMED', `The statement has no canonical form: ${cause.message}`);
    throw cause;
  }
}

/** The bytes that are signed: the domain, then the RFC 8785 form of the document. */
export function statementMessage(document: Statement): Uint8Array {
  return concat(utf8(statementDomain), canonicalBytes(document));
}

/** base64 SHA-256 of {@link statementMessage}: the name of a statement wherever another refers to it. */
export function statementHash({ hash }: Primitives, document: Statement): string {
  return encodeBase64(hash(statementMessage(document)));
}

/** base64 SHA-256 of the RFC 8785 form of a value: the `subject` of a request is that of its matter. */
export function hashOf({ hash }: Primitives, value: JsonValue): string {
  return encodeBase64(hash(canonicalBytes(value)));
}

/** A statement with every member that is not given null: drafts name only what applies. The result is not checked; `parseStatement` does. */
export function draftStatement(
  given: Pick<Statement, 'type' | 'decision' | 'keyId' | 'deployment' | 'nonce'> & Partial<Statement>,
): Statement {
  return {
    tenant: null,
    source: null,
    classificationHash: null,
    subject: null,
    who: null,
    employer: null,
    purpose: null,
    reasonCode: null,
    mode: null,
    scope: null,
    budgets: null,
    notBefore: null,
    notAfter: null,
    termsHash: null,
    policyHash: null,
    directoryPosition: null,
    quorum: null,
    requesterKey: null,
    rootSeen: null,
    ...given,
  };
}
