import { formatInstant, decide, type Instant } from '@gatehouse/terms';
import type { Tenant } from '../tenants/index.ts';
import type { AccessOptions } from './context.ts';
import type { Ends } from './ends.ts';
import { lapseFacts } from './facts.ts';
import type { RequestChange, RequestRecord } from './record.ts';
import { recordEntry } from './recording.ts';
import { changeRequest, findRequest, RequestChangedMeanwhile } from './store.ts';

/** A request with its tenant, as it stands now. */
export type Settled = { readonly record: RequestRecord; readonly tenant: Tenant; readonly now: Instant };

/**
 * Reads a request and lets time do what it has done since it was last looked at: silence that became a denial, an
 * activation window that passed, a grant that ran out (INV-33, INV-8a). Every command begins with it.
 */
export async function settle(options: AccessOptions, ends: Ends, id: string): Promise<Settled | null> {
  // Each round moves the request one state on; no path through the table is longer than this.
  for (let round = 0; round < 8; round += 1) {
    const record = await findRequest(options.database.pool, id);
    if (record === null) return null;
    const tenant = await options.tenants.find(record.tenant);
    if (tenant === null)
      throw new Error(`The request ${id} is about the tenant ${record.tenant}, which is not recorded.`);
    const now = options.clock.now() as Instant;
    if (record.state === 'operator_approved') {
      await unlessChanged(() => moveOn(options, record, tenant, now));
      continue;
    }
    const facts = lapseFacts(record, tenant, now);
    const made = decide('lapse', facts);
    const { decision } = made;
    if (!decision.permit) return { record, tenant, now };
    const payload = { decided: made, statement: null };
    const ended: RequestChange = { state: decision.next, endedAt: decision.at, endReason: decision.event };
    await unlessChanged(() => lapse(options, ends, record, { payload, change: ended }));
  }
  throw new Error(`The request ${id} did not come to rest.`);
}

/** The timer, the sweep and a user may look at the same moment; whoever was slower looks again. */
async function unlessChanged(step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (cause) {
    if (!(cause instanceof RequestChangedMeanwhile)) throw cause;
  }
}

/** Records what time has done, under the word for it: expired, denied by silence, or lapsed. */
async function lapse(
  options: AccessOptions,
  ends: Ends,
  record: RequestRecord,
  { payload, change }: { readonly payload: object; readonly change: RequestChange },
): Promise<void> {
  if (change.state === 'expired') {
    await ends.end(record, { type: 'access.expired', payload, change, end: 'expired' });
    return;
  }
  const type = change.state === 'denied' ? 'access.denied' : 'access.lapsed';
  await recordEntry(options, record, { type, payload }, (client) =>
    changeRequest(client, record.id, record.state, change),
  );
}

/** After the manager's yes: to the customer's approvers where approval is on, else ready for its first use. */
async function moveOn(options: AccessOptions, record: RequestRecord, tenant: Tenant, now: Instant): Promise<void> {
  if (!tenant.terms.customerApproval) {
    await changeRequest(options.database.pool, record.id, record.state, {
      state: 'approved_future',
      approvedAt: record.managerApprovedAt ?? now,
    });
    return;
  }
  const users = await options.tenants.users(tenant.id, now);
  const approvers = users.filter(({ roles }) => roles.includes('approver'));
  const windowEndsAt = (now + tenant.terms.customerWindowMs) as Instant;
  await recordEntry(
    options,
    record,
    {
      type: 'access.customer_asked',
      payload: { approvers: approvers.map(({ person }) => person), windowEndsAt: formatInstant(windowEndsAt) },
    },
    (client, { at }) => changeRequest(client, record.id, record.state, { state: 'awaiting_customer', notifiedAt: at }),
  );
}
