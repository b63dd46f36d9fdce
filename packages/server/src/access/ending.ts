import {
  decide,
  type CompletionFacts,
  type RevocationDecision,
  type RevocationFacts,
  type WithdrawalFacts,
} from '@gatehouse/terms';
import type { SignedStatement } from '@gatehouse/verifier';
import type { Principal } from '../identity/index.ts';
import type { AccessOptions } from './context.ts';
import type { Ends } from './ends.ts';
import { fileStatement, recordEntry } from './recording.ts';
import { done, refusedByTerms, type Result } from './refusal.ts';
import type { Settled } from './settling.ts';
import { changeRequest } from './store.ts';

type Signed = { readonly principal: Principal; readonly signed: SignedStatement; readonly reason: string | null };

/** The requester takes a request back before its first use. */
export async function withdraw(
  options: AccessOptions,
  { record, now }: Settled,
  { principal, signed, reason }: Signed,
): Promise<Result<void>> {
  const facts: WithdrawalFacts = {
    now,
    by: principal.person,
    requester: record.requester,
    statementVerified: true,
    state: record.state,
  };
  const made = decide('withdrawal', facts);
  const { decision } = made;
  const payload = { decided: made, statement: signed, reason };
  if (!decision.permit) {
    await recordEntry(options, record, { type: 'access.refused', payload });
    return refusedByTerms(decision);
  }
  await recordEntry(options, record, { type: 'access.withdrawn', payload }, async (client, durable) => {
    await changeRequest(client, record.id, record.state, {
      state: decision.next,
      endedAt: durable.at,
      endReason: 'withdrawn',
    });
    await fileStatement(client, record.id, principal.person, signed, durable);
  });
  return done(undefined);
}

/** Ends a request or its grant at once: the customer at any time and without a reason (INV-40), or who else may. */
export async function revoke(
  options: AccessOptions,
  ends: Ends,
  settled: Settled,
  { principal, signed, reason }: Signed,
): Promise<Result<void>> {
  const { record } = settled;
  const facts = await revocationFacts(options, settled, {
    kind: 'person',
    statementVerified: true,
    by: {
      id: principal.person,
      kind: principal.kind === 'customer_user' ? 'customer_user' : 'operator_staff',
      tenant: principal.kind === 'customer_user' ? principal.tenant : null,
      securityOfficer: principal.kind === 'personnel' && principal.roles.includes('security_officer'),
    },
  });
  const made = decide('revocation', facts);
  const { decision } = made;
  const payload = { decided: made, statement: signed, reason };
  if (!decision.permit) {
    await recordEntry(options, record, { type: 'access.refused', payload });
    return refusedByTerms(decision);
  }
  await ends.end(record, revoked(decision, payload, settled), (client, durable) =>
    fileStatement(client, record.id, principal.person, signed, durable),
  );
  return done(undefined);
}

/**
 * Ends a request whose requester no longer has what every access needs: employment, training, a clean supplier, a
 * permitted country (INV-39). Nobody signs that; the facts in the entry show which one was lost. True if it ended it.
 */
export async function revokeIfStandingLost(options: AccessOptions, ends: Ends, settled: Settled): Promise<boolean> {
  const { record, tenant, now } = settled;
  const requester = await options.personnel.factsAbout(record.requester, now);
  if (requester === null) throw new Error(`The requester ${record.requester} of ${record.id} is not on record.`);
  const cause = { kind: 'standing_lost', standing: requester.standing, terms: tenant.terms } as const;
  const facts = await revocationFacts(options, settled, cause);
  const made = decide('revocation', facts);
  const { decision } = made;
  if (!decision.permit) return false;
  const payload = { decided: made, statement: null, reason: null };
  await ends.end(record, revoked(decision, payload, settled));
  return true;
}

/** The holder says that the work is done. */
export async function complete(
  options: AccessOptions,
  ends: Ends,
  { record, now }: Settled,
  { principal, signed, reason }: Signed,
): Promise<Result<void>> {
  const facts: CompletionFacts = {
    now,
    by: principal.person,
    requester: record.requester,
    statementVerified: true,
    state: record.state,
    grantNotAfter: record.endsAt ?? record.notAfter,
  };
  const made = decide('completion', facts);
  const { decision } = made;
  const payload = { decided: made, statement: signed, reason };
  if (!decision.permit) {
    await recordEntry(options, record, { type: 'access.refused', payload });
    return refusedByTerms(decision);
  }
  const change = { state: decision.next, endedAt: now, endReason: 'completed', extension: null };
  await ends.end(record, { type: 'access.completed', payload, change, end: 'completed' }, (client, durable) =>
    fileStatement(client, record.id, principal.person, signed, durable),
  );
  return done(undefined);
}

async function revocationFacts(
  { personnel }: AccessOptions,
  { record, now }: Settled,
  cause: RevocationFacts['cause'],
): Promise<RevocationFacts> {
  return {
    now,
    state: record.state,
    requester: record.requester,
    tenant: record.tenant,
    requesterLine: [...(await personnel.lineOf(record.requester, now))],
    cause,
  };
}

function revoked(decision: Extract<RevocationDecision, { permit: true }>, payload: object, { now }: Settled) {
  const change = { state: decision.next, endedAt: now, endReason: `revoked by ${decision.as}`, extension: null };
  return { type: 'access.revoked', payload, change, end: 'revoked' } as const;
}
