import { canonicalJson, type JsonValue } from './canonical-json.ts';
import { checkMatterSigner, checkSigner, type Parties } from './access-signer.ts';
import { type Checked, fails, type Finding, holds, show } from './finding.ts';
import type { Primitives } from './primitives.ts';
import { parseSignedStatement, type SignedStatement } from './signature.ts';
import { hashOf, type Statement, statementHash } from './statement.ts';
import { parseTime } from './time.ts';

/** What must hold for an access, as far as signatures can show it. */
export type AccessRequirements = {
  /** False only where no manager decides, such as a customer's own reading. */
  readonly managerApproval: boolean;
  /** How many persons of the customer must have approved; 0 where the customer's approval is off. */
  readonly customerApprovals: number;
};

/** Everything that {@link checkAccess} looks at. Directories are as they stand at the time of the check. */
export type AccessClaim = Parties & {
  readonly request: SignedStatement;
  /** Every other statement about this access: extensions, decisions, ends. One that does not belong here fails the check. */
  readonly statements: readonly SignedStatement[];
  readonly required: AccessRequirements;
  /** Epoch milliseconds; null in a replay that has no present. */
  readonly now: number | null;
  /** The details that were asked; if given, the request's subject must be their hash. */
  readonly matter?: JsonValue;
  /** Nonces that other accesses have used. */
  readonly usedNonces?: ReadonlySet<string>;
};

/** An access that the statements carry. */
export type Access = {
  readonly requestHash: string;
  readonly requester: string;
  /** The persons whose approval counts. */
  readonly managers: readonly string[];
  readonly approvers: readonly string[];
  readonly notBefore: number;
  /** With every extension that has its approvals; the grant may end earlier, by its duration or its end entry. */
  readonly notAfter: number;
};

/** The members that every statement about an access repeats from what it is about, so that nobody signs a part only. */
export const repeatedMembers = [
  'tenant',
  'source',
  'classificationHash',
  'who',
  'employer',
  'purpose',
  'reasonCode',
  'mode',
  'scope',
  'budgets',
  'notBefore',
  'notAfter',
] as const satisfies readonly (keyof Statement)[];

const decisionTypes: readonly string[] = ['access.manager_decision', 'access.customer_decision'];
const endTypes: readonly string[] = ['access.withdrawal', 'access.revocation', 'access.completion'];

/** The request or an extension of it, with the decisions about it. */
type Matter = {
  readonly hash: string;
  readonly document: Statement;
  readonly managers: Set<string>;
  readonly approvers: Set<string>;
  denied: Finding | null;
};

/**
 * Decides from signatures alone whether an access may happen: the request is by the person who gets the access, the
 * required approvals are there, each for exactly this request, by a key that held the role when it signed and still
 * does, never the requester's; none is used twice; nobody denied or ended it; and now is inside its window. The one
 * function for gateway, replay and custodian (promise S19, S21: nobody's yes can be forged).
 */
export async function checkAccess(primitives: Primitives, claim: AccessClaim): Promise<Checked<Access>> {
  const nonces = new Set(claim.usedNonces);
  const request = await openMatter(primitives, claim, claim.request, nonces);
  if (!request.ok) return request;
  const matters = [request.value];
  for (const signed of claim.statements) {
    const finding = await weigh(primitives, { claim, signed, nonces, matters });
    if (finding !== null) return { ok: false, finding };
  }
  return conclude(claim, request.value, matters);
}

/** Opens the request or an extension: signed by the person who gets the access. */
async function openMatter(
  primitives: Primitives,
  claim: AccessClaim,
  signed: SignedStatement,
  nonces: Set<string>,
): Promise<Checked<Matter>> {
  const opened = openStatement(claim, signed, nonces);
  if (!opened.ok) return opened;
  const document = opened.value;
  if (signed === claim.request && document.type !== 'access.request') {
    return fails('ACCESS_STATEMENT_TYPE', `A ${document.type} was presented as the request; expected access.request.`);
  }
  if (signed === claim.request && claim.matter !== undefined && document.subject !== hashOf(primitives, claim.matter)) {
    return fails(
      'ACCESS_MATTER',
      'The request was signed for other details than those presented: its subject is not their hash.',
    );
  }
  const signer = await checkMatterSigner(primitives, claim, signed);
  if (!signer.ok) return signer;
  return holds({
    hash: statementHash(primitives, document),
    document,
    managers: new Set(),
    approvers: new Set(),
    denied: null,
  });
}

/** The rules for every statement: form, deployment, tenant, a nonce of its own. */
function openStatement(claim: AccessClaim, signed: SignedStatement, nonces: Set<string>): Checked<Statement> {
  const parsed = parseSignedStatement(signed);
  if (!parsed.ok) return parsed;
  const { document } = parsed.value;
  if (document.deployment !== claim.deployment) {
    return fails(
      'ACCESS_OTHER_DEPLOYMENT',
      `The ${document.type} is for the deployment ${show(document.deployment)}; this is ${show(claim.deployment)}.`,
    );
  }
  if (document.tenant === null || document.tenant !== claim.tenant) {
    return fails(
      'ACCESS_OTHER_TENANT',
      `The ${document.type} is for the tenant ${show(document.tenant)}; expected ${show(claim.tenant)}.`,
    );
  }
  if (nonces.has(document.nonce))
    return fails('NONCE_REPLAYED', `The nonce of the ${document.type} was used before; a statement counts once.`);
  nonces.add(document.nonce);
  return holds(document);
}

type Weighing = {
  readonly claim: AccessClaim;
  readonly signed: SignedStatement;
  readonly nonces: Set<string>;
  readonly matters: Matter[];
};

/** Takes one statement about the access into account; a finding if it does not belong here or ends the access. */
async function weigh(primitives: Primitives, { claim, signed, nonces, matters }: Weighing): Promise<Finding | null> {
  const parsed = parseSignedStatement(signed);
  if (!parsed.ok) return parsed.finding;
  const { document } = parsed.value;
  if (document.type === 'access.extension') return weighExtension(primitives, { claim, signed, nonces, matters });
  if (!decisionTypes.includes(document.type) && !endTypes.includes(document.type)) {
    const message = `A ${document.type} was presented about an access; expected a decision, an extension or an end.`;
    return { code: 'ACCESS_STATEMENT_TYPE', message };
  }
  const opened = openStatement(claim, signed, nonces);
  if (!opened.ok) return opened.finding;
  const matter = matters.find(({ hash }) => hash === document.subject);
  if (matter === undefined) {
    return {
      code: 'ACCESS_SUBJECT',
      message: `The ${document.type} decides ${show(document.subject)}, which is neither this request nor an extension of it.`,
    };
  }
  const differs = differingMember(document, matter.document, repeatedMembers);
  if (differs !== null) return differs;
  const signer = await checkSigner(primitives, claim, {
    signed,
    requesterKey: matter.document.keyId,
    requester: matter.document.who,
  });
  if (!signer.ok) return signer.finding;
  if (endTypes.includes(document.type)) {
    if (matter.document.type === 'access.extension') return null;
    return { code: 'ACCESS_ENDED', message: `The access was ended by ${signer.value.person} with a ${document.type}.` };
  }
  if (document.decision === 'deny')
    matter.denied = { code: 'ACCESS_DENIED', message: `${signer.value.person} denied this with a ${document.type}.` };
  else (document.type === 'access.manager_decision' ? matter.managers : matter.approvers).add(signer.value.person);
  return null;
}

async function weighExtension(
  primitives: Primitives,
  { claim, signed, nonces, matters }: Weighing,
): Promise<Finding | null> {
  const extension = await openMatter(primitives, claim, signed, nonces);
  if (!extension.ok) return extension.finding;
  const { document } = extension.value;
  const about = matters.find(({ hash }) => hash === document.subject);
  if (about === undefined)
    return {
      code: 'ACCESS_SUBJECT',
      message: `The extension is of ${show(document.subject)}, which is not this request.`,
    };
  const differs = differingMember(
    document,
    about.document,
    repeatedMembers.filter((name) => name !== 'notAfter' && name !== 'budgets'),
  );
  if (differs !== null) return differs;
  matters.push(extension.value);
  return null;
}

function differingMember(
  document: Statement,
  original: Statement,
  names: readonly (keyof Statement)[],
): Finding | null {
  for (const name of names) {
    if (canonicalJson(document[name]) === canonicalJson(original[name])) continue;
    const message = `The ${document.type} says ${name} ${show(document[name])}; the ${original.type} that it is about says ${show(original[name])}.`;
    return { code: 'ACCESS_MEMBER_DIFFERS', message };
  }
  return null;
}

function conclude(claim: AccessClaim, request: Matter, matters: readonly Matter[]): Checked<Access> {
  if (request.denied !== null) return { ok: false, finding: request.denied };
  const missing = missingApproval(claim.required, request);
  if (missing !== null) return { ok: false, finding: missing };
  const [notBefore, signedEnd] = [parseTime(request.document.notBefore), parseTime(request.document.notAfter)];
  if (notBefore === null || signedEnd === null)
    return fails('ACCESS_WINDOW', 'The request has no window; expected notBefore and notAfter.');
  const extended = matters.filter(
    (matter) => matter !== request && matter.denied === null && missingApproval(claim.required, matter) === null,
  );
  const notAfter = Math.max(signedEnd, ...extended.map(({ document }) => parseTime(document.notAfter) ?? 0));
  if (claim.now !== null && claim.now < notBefore)
    return fails('ACCESS_NOT_YET', `The access begins at ${request.document.notBefore}.`);
  if (claim.now !== null && claim.now >= notAfter)
    return fails('ACCESS_OVER', `The access ended at ${new Date(notAfter).toISOString()}.`);
  const { hash, document, managers, approvers } = request;
  return holds({
    requestHash: hash,
    requester: document.who ?? '',
    managers: [...managers],
    approvers: [...approvers],
    notBefore,
    notAfter,
  });
}

function missingApproval(required: AccessRequirements, { document, managers, approvers }: Matter): Finding | null {
  if (required.managerApproval && managers.size === 0) {
    return {
      code: 'ACCESS_MANAGER_MISSING',
      message: `No manager has approved the ${document.type}; expected one approval with a valid signature.`,
    };
  }
  if (approvers.size >= required.customerApprovals) return null;
  const message = `${approvers.size} of ${required.customerApprovals} persons of the customer have approved the ${document.type}.`;
  return { code: 'ACCESS_CUSTOMER_MISSING', message };
}
