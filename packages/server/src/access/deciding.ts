import {
  formatInstant,
  decide,
  type CustomerDecision,
  type CustomerFacts,
  grantEnd,
  type Instant,
  type ManagerDecision,
  type ManagerFacts,
} from '@gatehouse/terms';
import type { SignedStatement } from '@gatehouse/verifier';
import type { Principal } from '../identity/index.ts';
import type { AccessOptions } from './context.ts';
import { customerFacts, managerFacts } from './facts.ts';
import type { RequestChange, RequestRecord } from './record.ts';
import { fileStatement, type Recorded, recordEntry } from './recording.ts';
import { done, refusedAtDoor, refusedByTerms, type Result } from './refusal.ts';
import type { Settled } from './settling.ts';
import { changeRequest, statementsOf } from './store.ts';

/** A decision that was signed and checked, about to be weighed. */
type Signed = { readonly principal: Principal; readonly signed: SignedStatement; readonly reason: string | null };

/** A manager in the requester's line says yes or no, to the access or to more time (INV-31). */
export async function decideAsManager(
  options: AccessOptions,
  { record, tenant, now }: Settled,
  { principal, signed, reason }: Signed,
): Promise<Result<void>> {
  const decision = decisionOf(signed);
  const facts = await managerFacts(options, { record, tenant, manager: principal.person, decision, now });
  if (facts === null) return refusedAtDoor('not_permitted', 'you are not on record as personnel.');
  const made = decide('manager_decision', facts);
  const { decision: decisionMade } = made;
  const payload = { decided: made, statement: signed, reason };
  if (!decisionMade.permit) {
    await recordEntry(options, record, { type: 'access.refused', payload });
    return refusedByTerms(decisionMade);
  }
  const { entry, change } = managerConsequence(record, facts, decisionMade, payload, now);
  await recordEntry(options, record, entry, async (client, durable) => {
    await changeRequest(client, record.id, record.state, change(durable.at));
    await fileStatement(client, record.id, principal.person, signed, durable);
  });
  if (entry.grant !== undefined) await options.roles.extend(record.id, entry.grant.notAfter);
  return done(undefined);
}

/** An approver of the customer says yes or no, after the manager (INV-32 to 34). */
export async function decideAsCustomer(
  options: AccessOptions,
  { record, tenant, now }: Settled,
  { principal, signed, reason }: Signed,
): Promise<Result<void>> {
  const decision = decisionOf(signed);
  const asked = record.extension?.statementHash ?? record.statementHash;
  const signedBy = (await statementsOf(options.database.pool, record.id))
    .filter(({ type, signed: { document } }) => type === 'access.customer_decision' && document.subject === asked)
    .filter((statement) => statement.decision === 'approve')
    .map(({ person }) => person);
  const facts = await customerFacts(options, { record, tenant, approver: principal.person, decision, now }, signedBy);
  const made = decide('customer_decision', facts);
  const { decision: decisionMade } = made;
  const payload = { decided: made, statement: signed, reason };
  if (!decisionMade.permit) {
    await recordEntry(options, record, { type: 'access.refused', payload });
    return refusedByTerms(decisionMade);
  }
  const { entry, change } = customerConsequence(record, facts, decisionMade, payload, now);
  await recordEntry(options, record, entry, async (client, durable) => {
    await changeRequest(client, record.id, record.state, change(durable.at));
    await fileStatement(client, record.id, principal.person, signed, durable);
  });
  if (entry.grant !== undefined) await options.roles.extend(record.id, entry.grant.notAfter);
  return done(undefined);
}

type Consequence = { readonly entry: Recorded; readonly change: (at: Instant) => RequestChange };
type Yes<D> = Extract<D, { readonly permit: true }>;

function managerConsequence(
  record: RequestRecord,
  facts: ManagerFacts,
  made: Yes<ManagerDecision>,
  payload: object,
  now: Instant,
): Consequence {
  if (record.extension !== null) {
    if (facts.decision === 'deny') return extensionDenied(made.next, payload);
    if (made.event === 'extension_granted') return extensionGranted(record, payload, made.next);
    const extension = { ...record.extension, managerApprovedAt: now, notifiedAt: now };
    return {
      entry: { type: 'access.manager_approved', payload },
      change: () => ({ state: made.next, extension }),
    };
  }
  if (facts.decision === 'deny') return denied(made.next, payload);
  return {
    entry: { type: 'access.manager_approved', payload },
    change: (at) => ({ state: made.next, managerApprovedAt: at }),
  };
}

function customerConsequence(
  record: RequestRecord,
  facts: CustomerFacts,
  made: Yes<CustomerDecision>,
  payload: object,
  now: Instant,
): Consequence {
  if (facts.decision === 'deny') {
    return record.extension === null ? denied(made.next, payload) : extensionDenied(made.next, payload);
  }
  const quorumMet = made.event !== null;
  if (record.extension !== null && quorumMet) return extensionGranted(record, payload, made.next);
  return {
    entry: { type: 'access.customer_approved', payload },
    change: () =>
      quorumMet && record.extension === null ? { state: made.next, approvedAt: now } : { state: made.next },
  };
}

function denied(next: RequestRecord['state'], payload: object): Consequence {
  return {
    entry: { type: 'access.denied', payload },
    change: (at) => ({ state: next, endedAt: at, endReason: 'denied' }),
  };
}

function extensionDenied(next: RequestRecord['state'], payload: object): Consequence {
  return { entry: { type: 'access.extension_denied', payload }, change: () => ({ state: next, extension: null }) };
}

/** More time: the grant's new end is its first use plus the new total, within what was signed. */
function extensionGranted(record: RequestRecord, payload: object, next: RequestRecord['state']): Consequence {
  const { extension, activatedAt } = record;
  if (extension === null || activatedAt === null)
    throw new Error(`The request ${record.id} has no extension to grant.`);
  const endsAt = grantEnd(activatedAt, extension.durationMs, extension.notAfter);
  return {
    entry: {
      type: 'access.extended',
      payload: { ...payload, notAfter: formatInstant(endsAt) },
      grant: { notAfter: endsAt },
    },
    change: () => ({ state: next, endsAt, extension: null }),
  };
}

function decisionOf({ document }: SignedStatement): 'approve' | 'deny' {
  return document.decision === 'approve' ? 'approve' : 'deny';
}
