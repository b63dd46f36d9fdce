import type { ActivationFacts, CustomerFacts, Grant, Instant, LapseFacts, ManagerFacts } from '@gatehouse/terms';
import type { PersonFacts } from '../personnel/index.ts';
import type { Tenant } from '../tenants/index.ts';
import type { AccessOptions } from './context.ts';
import type { RequestRecord } from './record.ts';

/** Whether time has ended the request. Checked at every use, so that a stopped timer extends nothing (INV-8a). */
export function lapseFacts(record: RequestRecord, tenant: Tenant, now: Instant): LapseFacts {
  return {
    now,
    state: record.state,
    raisedAt: record.raisedAt,
    managerApprovedAt: record.managerApprovedAt,
    notifiedAt: record.notifiedAt,
    customerWindowMs: tenant.terms.customerWindowMs,
    approvedAt: record.approvedAt,
    notBefore: record.notBefore,
    notAfter: record.notAfter,
    grantNotAfter: record.endsAt,
  };
}

/** What a manager's decision turns on; null if the personnel records do not know the one who decides. */
export async function managerFacts(
  options: AccessOptions,
  about: { record: RequestRecord; tenant: Tenant; manager: string; decision: 'approve' | 'deny'; now: Instant },
): Promise<ManagerFacts | null> {
  const { record, now } = about;
  const [manager, requester] = await Promise.all([
    options.personnel.factsAbout(about.manager, now),
    options.personnel.factsAbout(record.requester, now),
  ]);
  if (manager === null || requester === null) return null;
  const raisedAt = record.extension?.raisedAt ?? record.raisedAt;
  return {
    now,
    matter: record.extension === null ? 'access' : 'extension',
    decision: about.decision,
    statementVerified: true,
    state: record.state,
    raisedAt,
    requester: record.requester,
    requesterLine: [...requester.oversight],
    delegates: [],
    manager: {
      id: manager.person.id,
      kind: manager.person.kind,
      employed: manager.person.employed,
      locked: manager.person.locked,
      line: [...manager.line],
    },
    customerApproval: about.tenant.terms.customerApproval,
    grantNotAfter: record.endsAt,
  };
}

/** What a customer's decision turns on. */
export async function customerFacts(
  options: AccessOptions,
  about: { record: RequestRecord; tenant: Tenant; approver: string; decision: 'approve' | 'deny'; now: Instant },
  signedBy: readonly string[],
): Promise<CustomerFacts> {
  const { record, tenant, now } = about;
  const user = await options.tenants.user(tenant.id, about.approver, now);
  const held = (user?.held ?? []).filter(({ role }) => role === 'approver');
  return {
    now,
    matter: record.extension === null ? 'access' : 'extension',
    decision: about.decision,
    statementVerified: true,
    state: record.state,
    requester: record.requester,
    tenant: tenant.terms,
    managerApprovedAt: record.extension === null ? record.managerApprovedAt : record.extension.managerApprovedAt,
    notifiedAt: record.extension === null ? record.notifiedAt : record.extension.notifiedAt,
    approver: {
      id: about.approver,
      tenant: user?.tenant ?? null,
      held: held.map(({ since, until }) => ({ since, until })),
    },
    signedBy: [...signedBy],
    grantNotAfter: record.endsAt,
  };
}

/** What the first use turns on. `verified` is what the statements prove, not what the database says. */
export function activationFacts(
  record: RequestRecord,
  about: {
    requester: PersonFacts;
    tenant: Tenant;
    source: string;
    liveGrants: number;
    now: Instant;
    clockRegressedMs: number;
    verified: { managerApprovedAt: Instant; customerApprovals: readonly string[]; approvedAt: Instant } | null;
  },
): ActivationFacts {
  const { matter } = record;
  return {
    now: about.now,
    clockRegressedMs: about.clockRegressedMs,
    by: record.requester,
    source: about.source,
    state: record.state,
    request: {
      id: record.id,
      requester: record.requester,
      tenant: record.tenant,
      source: record.source,
      purpose: matter.purpose,
      mode: matter.mode,
      notBefore: matter.notBefore,
      notAfter: matter.notAfter,
      durationMs: matter.budgets.durationMs,
    },
    requester: about.requester.standing,
    tenant: about.tenant.terms,
    statementsVerified: about.verified !== null,
    managerApprovedAt: about.verified?.managerApprovedAt ?? null,
    customerApprovals: [...(about.verified?.customerApprovals ?? [])],
    standingApproval: false,
    approvedAt: about.verified?.approvedAt ?? null,
    liveGrants: about.liveGrants,
  };
}

/** The grant that a used request is; null before its first use. */
export function grantOf(record: RequestRecord): Grant | null {
  if (record.activatedAt === null || record.endsAt === null) return null;
  const { matter } = record;
  return {
    id: record.id,
    holder: record.requester,
    employer: matter.employer,
    tenant: record.tenant,
    source: record.source,
    purpose: matter.purpose,
    mode: matter.mode,
    scope: matter.scope,
    budgets: matter.budgets,
    activatedAt: record.activatedAt,
    notAfter: record.endsAt,
    ended: null,
  };
}
