import { type Directory, type DirectoryKey, keyAt } from './directory.ts';
import { type Checked, fails, holds, show } from './finding.ts';
import type { Primitives } from './primitives.ts';
import { type SignatureContext, type SignedStatement, verifyStatement } from './signature.ts';
import type { Statement } from './statement.ts';

/** Whose keys count in an access. */
export type Parties = {
  /** Verifier key of the deployment's root log. */
  readonly deployment: string;
  readonly tenant: string;
  /** The directory of the operator's personnel. */
  readonly operator: Directory;
  /** The directory of the tenant; null while it has none, and then nobody can approve for it. */
  readonly customer: Directory | null;
  readonly context?: SignatureContext;
};

/** The roles that a directory must have given to the one who decides. */
export const decidingRoles = { 'access.manager_decision': 'manager', 'access.customer_decision': 'approver' } as const;

/** The key that signed a request or extension: in the operator's directory, of the person who gets the access. */
export async function checkMatterSigner(
  primitives: Primitives,
  parties: Parties,
  signed: SignedStatement,
): Promise<Checked<DirectoryKey>> {
  const { document } = signed;
  const key = await verifiedKey(primitives, parties, signed, [parties.operator]);
  if (!key.ok) return key;
  if (key.value.person === document.who) return key;
  return fails(
    'ACCESS_NOT_REQUESTER',
    `The ${document.type} gives access to ${show(document.who)} and is signed by ${key.value.person}; everybody asks for themselves.`,
  );
}

type Deciding = { readonly signed: SignedStatement; readonly requesterKey: string; readonly requester: string | null };

/**
 * The key that signed a decision or an end. Managers are the operator's, approvers the customer's; the requester
 * decides nothing, with no key; ends may come from either side, because ending can only take access away.
 */
export async function checkSigner(
  primitives: Primitives,
  parties: Parties,
  { signed, requesterKey, requester }: Deciding,
): Promise<Checked<DirectoryKey>> {
  const { document } = signed;
  const key = await verifiedKey(primitives, parties, signed, directoriesFor(parties, document));
  if (!key.ok) return key;
  if (document.requesterKey !== null && document.requesterKey !== requesterKey) {
    return fails(
      'ACCESS_MEMBER_DIFFERS',
      `The ${document.type} names the requester's key ${document.requesterKey}; the request was signed by ${requesterKey}.`,
    );
  }
  if (document.type !== 'access.manager_decision' && document.type !== 'access.customer_decision') return key;
  if (document.keyId === requesterKey || key.value.person === requester) {
    return fails(
      'ACCESS_SELF_DECISION',
      `The ${document.type} is by ${key.value.person}, who asked; nobody decides about their own request.`,
    );
  }
  const role = decidingRoles[document.type];
  if (key.value.roles.includes(role)) return key;
  return fails(
    'ACCESS_SIGNER_ROLE',
    `The ${document.type} is by ${key.value.person}, whose key does not have the role "${role}".`,
  );
}

function directoriesFor({ operator, customer }: Parties, { type }: Statement): readonly Directory[] {
  switch (type) {
    case 'access.customer_decision':
      return customer === null ? [] : [customer];
    case 'access.withdrawal':
    case 'access.revocation':
    case 'access.completion':
      return customer === null ? [operator] : [operator, customer];
    default:
      return [operator];
  }
}

/** The key that signed, valid when it signed and now, with its signature verified. */
async function verifiedKey(
  primitives: Primitives,
  { context }: Parties,
  signed: SignedStatement,
  directories: readonly Directory[],
): Promise<Checked<DirectoryKey>> {
  const { type, keyId, directoryPosition } = signed.document;
  const directory = directories.find(({ keys }) => keys.some((key) => key.keyId === keyId));
  if (directory === undefined) {
    return fails(
      'ACCESS_SIGNER_UNKNOWN',
      `The ${type} is signed by the key ${keyId}, which is not in the key directory that decides about it.`,
    );
  }
  const key = keyAt(directory, keyId);
  if (key === null)
    return fails(
      'ACCESS_SIGNER_REMOVED',
      `The ${type} is signed by the key ${keyId}, which was removed from its directory.`,
    );
  if (directoryPosition !== null && keyAt(directory, keyId, directoryPosition) === null) {
    return fails(
      'ACCESS_DIRECTORY_POSITION',
      `The ${type} was signed for position ${directoryPosition} of the directory, at which the key ${keyId} was not valid.`,
    );
  }
  const verified = await verifyStatement(primitives, signed, key.jwk, context);
  return verified.ok ? holds(key) : verified;
}
