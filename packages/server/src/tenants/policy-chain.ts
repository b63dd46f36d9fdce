import { loosenings, policyHash } from './policy.ts';
import type { StoredPolicy } from './store.ts';
import { type CustomerTrust, type PolicyPin, TenantError } from './tenant.ts';

/**
 * The newest of a tenant's policies, believed only if it follows from the one that is pinned outside the database: each
 * step either tightens or carries the customer's statement. So a row edited in the database turns no approval off.
 * @param policies from the pinned version on, the oldest first; from the newest, where nothing is pinned.
 */
export async function believedPolicy(
  tenant: string,
  policies: readonly StoredPolicy[],
  { pin, trust }: { readonly pin: PolicyPin | null; readonly trust: CustomerTrust },
): Promise<StoredPolicy> {
  const [first, ...later] = policies;
  if (first === undefined) throw notPinned(tenant, 'it has no policy in the database');
  if (
    policyHash(first.policy) !== first.hash ||
    first.policy.tenant !== tenant ||
    first.policy.version !== first.version
  ) {
    throw notPinned(tenant, `version ${first.version} of its policy was changed in the database`);
  }
  if (pin !== null && (first.version !== pin.version || first.hash !== pin.hash)) {
    throw notPinned(
      tenant,
      `version ${pin.version} of its policy is pinned as ${pin.hash}, and the database has ${first.hash}`,
    );
  }
  let believed = first;
  for (const next of later) {
    const fault = await faultOfStep(believed, next, trust);
    if (fault !== null) throw notPinned(tenant, `version ${next.version} of its policy ${fault}`);
    believed = next;
  }
  return believed;
}

/** Why `next` may not follow `before`, as the end of a sentence; null if it may. */
export async function faultOfStep(
  before: StoredPolicy,
  next: StoredPolicy,
  trust: CustomerTrust,
): Promise<string | null> {
  const hash = policyHash(next.policy);
  if (hash !== next.hash) return 'was changed in the database';
  if (
    next.policy.tenant !== before.tenant ||
    next.policy.version !== before.version + 1 ||
    next.version !== before.version + 1
  ) {
    return `does not follow version ${before.version}`;
  }
  const looser = loosenings(before.policy, next.policy);
  if (!before.policy.customerApproval || looser.length === 0) return null;
  if (next.statement === null) return `${looser.join(' and ')} without a statement of the customer`;
  const { document } = next.statement;
  const type: string = document.type;
  if (type !== policyStatement.type || document.decision !== policyStatement.decision) {
    return `carries a statement ${document.type}/${document.decision}, expected ${policyStatement.type}/${policyStatement.decision}`;
  }
  if (document.subject !== hash || document.policyHash !== before.hash)
    return 'carries a statement about another change';
  const verified = await trust.verifyCustomer({ tenant: before.tenant, role: 'admin', signed: next.statement });
  return verified.ok ? null : `carries a statement that does not verify: ${verified.message.replace(/\.$/, '')}`;
}

/** What a customer's admin signs to loosen: `subject` is the hash of the new document, `policyHash` that of the old one. */
const policyStatement = { type: 'policy.change', decision: 'approve' } as const;

function notPinned(tenant: string, found: string): TenantError {
  return new TenantError(
    'TENANT_POLICY_NOT_PINNED',
    `The policy of ${JSON.stringify(tenant)} cannot be believed, so nobody gets access. Restore the database, or let the customer sign its policy again.`,
    `${tenant}: ${found}`,
  );
}
