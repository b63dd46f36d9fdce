import { type Instant, parseInstant } from '@gatehouse/terms';
import { checkAccess, type Finding, type JsonValue, type Statement } from '@gatehouse/verifier';
import { directoryOfTenant } from '../identity/index.ts';
import type { Tenant } from '../tenants/index.ts';
import type { AccessOptions } from './context.ts';
import type { RequestRecord, StatementRecord } from './record.ts';
import { statementsOf } from './store.ts';

/** What the signatures prove of an access, whatever the database says. */
export type Verified = {
  readonly request: Statement;
  readonly managerApprovedAt: Instant;
  readonly customerApprovals: readonly string[];
  readonly approvedAt: Instant;
};

/** The outcome of the check: what is proved, or the first thing that is not. */
export type Verification =
  | { readonly ok: true; readonly value: Verified }
  | { readonly ok: false; readonly finding: Pick<Finding, 'code' | 'message'> };

/**
 * Proves the access from its signed statements and the directories replayed from their pins: the request, the
 * manager's yes, the customer's yes where approval is on, all for exactly this matter. The rows of the database are
 * only where the statements are looked up; a row that says otherwise than the signed matter fails (DESIGN.md 1.3).
 */
export async function verifyRequest(
  options: AccessOptions,
  record: RequestRecord,
  tenant: Tenant,
  now: Instant,
): Promise<Verification> {
  const edited = editedMember(record);
  if (edited !== null) {
    const message = `The database says ${edited} of the request otherwise than the signed matter does.`;
    return { ok: false, finding: { code: 'ACCESS_MATTER', message } };
  }
  const statements = await statementsOf(options.database.pool, record.id);
  const request = statements.find(({ type }) => type === 'access.request');
  if (request === undefined) {
    return { ok: false, finding: { code: 'ACCESS_MATTER', message: 'There is no signed request statement.' } };
  }
  const [operator, customer] = await Promise.all([
    options.directories.load('operator'),
    tenant.terms.customerApproval ? options.directories.load(directoryOfTenant(tenant.id)) : null,
  ]);
  const checked = await checkAccess({
    request: request.signed,
    statements: statements.filter((statement) => statement !== request).map(({ signed }) => signed),
    required: { managerApproval: true, customerApprovals: tenant.terms.customerApproval ? tenant.terms.quorum : 0 },
    now,
    matter: record.matter as unknown as JsonValue,
    deployment: options.setting.deployment,
    tenant: tenant.id,
    operator: operator.directory,
    customer: customer?.directory ?? null,
  });
  if (!checked.ok) return checked;
  const needed = tenant.terms.customerApproval ? tenant.terms.quorum : 0;
  const approvals = { options, record, statements, subject: request.hash };
  const [managerApprovedAt, customerAt] = await Promise.all([
    approvalTime(approvals, 'manager', 1),
    approvalTime(approvals, 'customer', needed),
  ]);
  if (managerApprovedAt === null || customerAt === null) {
    return { ok: false, finding: { code: 'ACCESS_MANAGER_MISSING', message: 'An approval has no time on record.' } };
  }
  return {
    ok: true,
    value: {
      request: request.signed.document,
      managerApprovedAt,
      customerApprovals: checked.value.approvers,
      approvedAt: Math.max(managerApprovedAt, customerAt) as Instant,
    },
  };
}

type Approvals = {
  readonly options: AccessOptions;
  readonly record: RequestRecord;
  readonly statements: readonly StatementRecord[];
  readonly subject: string;
};

/**
 * When the `needed`-th approval came, as the log says: a time in the index could be edited, and would move the window for
 * the first use. The epoch if none is needed, null if it is not there.
 */
async function approvalTime(
  { options, record, statements, subject }: Approvals,
  side: 'manager' | 'customer',
  needed: number,
): Promise<Instant | null> {
  if (needed === 0) return 0 as Instant;
  const approvals = statements.filter(
    ({ type, decision, signed }) =>
      type === `access.${side}_decision` && decision === 'approve' && signed.document.subject === subject,
  );
  const seq = approvals[needed - 1]?.seq;
  if (seq === undefined) return null;
  const [committed] = await options.log.entries(record.logId, seq, seq + 1);
  const entry = committed?.entry;
  return entry?.type === `access.${side}_approved` && entry.ref === record.id ? parseInstant(entry.time) : null;
}

/** The first column that differs from the matter that the requester signed. */
function editedMember({ matter, ...row }: RequestRecord): string | null {
  if (row.id !== matter.id) return 'id';
  if (row.tenant !== matter.tenant) return 'tenant';
  if (row.source !== matter.source) return 'source';
  if (row.requester !== matter.requester) return 'requester';
  return null;
}
