import { formatInstant, decide, type ExtensionFacts, type Instant, parseInstant } from '@gatehouse/terms';
import { type Statement, statementHash } from '@gatehouse/verifier';
import type { Principal } from '../identity/index.ts';
import type { AccessOptions } from './context.ts';
import { extensionDocument, type Signer } from './documents.ts';
import { grantOf } from './facts.ts';
import type { RequestRecord } from './record.ts';
import { fileStatement, recordEntry } from './recording.ts';
import { done, refusedAtDoor, refusedByTerms, type Result } from './refusal.ts';
import type { Settled } from './settling.ts';
import { checkSigned } from './signatures.ts';
import { changeRequest } from './store.ts';

/** The document that asks for `addMs` more than what is approved now. The outer end moves with it. */
export function draftExtension(record: RequestRecord, request: Statement, signer: Signer, addMs: number): Statement {
  const durationMs = durationOf(record) + addMs;
  const notAfter = formatInstant((record.notAfter + addMs) as Instant);
  return extensionDocument(request, signer, { durationMs, notAfter });
}

/** The holder asks for more time; who approved the access approves this as well (INV-35). */
export async function extend(
  options: AccessOptions,
  { record, tenant, now }: Settled,
  request: Statement,
  { principal, signed }: { readonly principal: Principal; readonly signed: unknown },
): Promise<Result<void>> {
  const grant = grantOf(record);
  const requester = await options.personnel.factsAbout(record.requester, now);
  if (grant === null || requester === null) {
    return refusedAtDoor('act_not_open', record.id, record.state, 'extended');
  }
  const asked = askedIn(signed);
  if (asked === null) return refusedAtDoor('matter_changed', 'budgets', 'no duration', 'a longer duration');
  const signer = { keyId: principal.keyId, directoryPosition: 0, nonce: '', rootSeen: null };
  const expected = extensionDocument(request, signer, { ...asked, notAfter: formatInstant(asked.notAfter) });
  const checked = await checkSigned(options, principal, signed, expected);
  if (!checked.ok) return checked;

  const { matter } = record;
  const facts: ExtensionFacts = {
    now,
    by: principal.person,
    statementVerified: true,
    state: record.state,
    grant,
    asked: {
      tenant: matter.tenant,
      source: matter.source,
      purpose: matter.purpose,
      mode: matter.mode,
      scope: matter.scope,
      budgets: { ...matter.budgets, durationMs: asked.durationMs },
      notAfter: asked.notAfter,
    },
    requester: requester.standing,
    tenant: tenant.terms,
  };
  const made = decide('extension', facts);
  const { decision } = made;
  const payload = { decided: made, statement: checked.value };
  if (!decision.permit) {
    await recordEntry(options, record, { type: 'access.refused', payload });
    return refusedByTerms(decision);
  }
  await recordEntry(options, record, { type: 'access.extension_requested', payload }, async (client, durable) => {
    await changeRequest(client, record.id, record.state, {
      state: decision.next,
      extension: {
        statementHash: statementHash(checked.value.document),
        durationMs: asked.durationMs,
        notAfter: asked.notAfter,
        raisedAt: durable.at,
        managerApprovedAt: null,
        notifiedAt: null,
      },
    });
    await fileStatement(client, record.id, principal.person, checked.value, durable);
  });
  return done(undefined);
}

/** How long the grant lasts as approved so far. */
function durationOf(record: RequestRecord): number {
  if (record.activatedAt === null || record.endsAt === null) return record.matter.budgets.durationMs;
  return record.endsAt - record.activatedAt;
}

function askedIn(signed: unknown): { durationMs: number; notAfter: Instant } | null {
  const { document } = (signed ?? {}) as { document?: { budgets?: { durationMs?: unknown }; notAfter?: unknown } };
  const durationMs = document?.budgets?.durationMs;
  const notAfter = typeof document?.notAfter === 'string' ? parseInstant(document.notAfter) : null;
  return typeof durationMs === 'number' && notAfter !== null ? { durationMs, notAfter } : null;
}
