import {
  decide,
  type AccessRequest,
  clocks,
  type Instant,
  limits,
  type Mode,
  outerNotAfter,
  type RequestFacts,
  type Scope,
} from '@gatehouse/terms';
import { type Statement, statementHash } from '@gatehouse/verifier';
import type { Principal } from '../identity/index.ts';
import type { Tenant } from '../tenants/index.ts';
import type { AccessOptions } from './context.ts';
import { mintRequestId } from './credential.ts';
import { requestDocument } from './documents.ts';
import type { RequestRecord } from './record.ts';
import { fileStatement, recordEntry } from './recording.ts';
import { done, refusedAtDoor, refusedByTerms, type Result } from './refusal.ts';
import { checkSigned, signerOf } from './signatures.ts';
import { countLiveGrants, findRequest, insertRequest } from './store.ts';

/** A draft is signed soon after it was made, or made again: its `raisedAt` is the request's. */
const draftLifetimeMs = 5 * 60 * 1000;

/** What somebody asks for, before the server has put it into the form that is signed. Nulls take the terms' defaults. */
export type Asked = {
  readonly tenant: string;
  readonly source: string;
  readonly purpose: string;
  readonly reasonCode: string;
  readonly mode: Mode;
  readonly scope: Scope;
  readonly durationMs: number;
  readonly rows: number | null;
  readonly ticket: string;
  readonly justification: string;
  readonly whyNotRunbook: string | null;
  /** Earliest use; null for at once. */
  readonly notBefore: Instant | null;
};

/** The rows that a grant may return when nobody asked for another number. */
const defaultRows = 10_000;

/** Puts what is asked into the matter and the document to sign. Decides nothing and records nothing. */
export async function draftRequest(
  options: AccessOptions,
  principal: Principal,
  asked: Asked,
): Promise<Result<{ matter: AccessRequest; document: Statement }>> {
  const now = options.clock.now() as Instant;
  const [tenant, person] = await Promise.all([
    options.tenants.find(asked.tenant),
    options.personnel.factsAbout(principal.person, now),
  ]);
  if (person === null) return refusedAtDoor('not_permitted', 'only the personnel on record may ask for access.');
  if (tenant === null) return refusedAtDoor('tenant_unknown', asked.tenant);
  const notBefore = asked.notBefore ?? now;
  const matter: AccessRequest = {
    id: mintRequestId(options.random),
    requester: principal.person,
    employer: person.person.employer,
    tenant: asked.tenant,
    source: asked.source,
    purpose: asked.purpose,
    reasonCode: asked.reasonCode,
    mode: asked.mode,
    scope: asked.scope,
    budgets: {
      rows: asked.rows ?? defaultRows,
      bytes: limits.bytesMax,
      statements: limits.statementsMax,
      durationMs: asked.durationMs,
    },
    ticket: asked.ticket,
    justification: asked.justification,
    whyNotRunbook: asked.whyNotRunbook,
    raisedAt: now,
    notBefore,
    notAfter: outerNotAfter({
      raisedAt: now,
      notBefore,
      durationMs: asked.durationMs,
      customerWindowMs: tenant.terms.customerApproval ? tenant.terms.customerWindowMs : 0,
    }),
  };
  const expected = await expectedDocument(options, principal, matter, tenant);
  return expected.ok ? done({ matter, document: expected.value }) : expected;
}

/**
 * Raises a request: the signed document is checked, the terms decide, the log records it in the customer's own log
 * (a refusal as well), then it waits for the manager. Promise S19.
 */
export async function raise(
  options: AccessOptions,
  principal: Principal,
  { matter, signed }: { readonly matter: AccessRequest; readonly signed: unknown },
): Promise<Result<RequestRecord>> {
  const now = options.clock.now() as Instant;
  const [tenant, person] = await Promise.all([
    options.tenants.find(matter.tenant),
    options.personnel.factsAbout(principal.person, now),
  ]);
  if (person === null || matter.requester !== principal.person || matter.employer !== person.person.employer) {
    return refusedAtDoor('not_permitted', 'a request is raised by the person it is for, under the employer on record.');
  }
  if (tenant === null) return refusedAtDoor('tenant_unknown', matter.tenant);
  if (matter.raisedAt > now || now - matter.raisedAt > draftLifetimeMs) {
    return refusedAtDoor('draft_stale', new Date(matter.raisedAt).toISOString());
  }
  const outer = outerNotAfter({
    ...matter,
    durationMs: matter.budgets.durationMs,
    customerWindowMs: tenant.terms.customerApproval ? tenant.terms.customerWindowMs : 0,
  });
  if (matter.notAfter !== outer) {
    return refusedAtDoor('matter_changed', 'notAfter', String(matter.notAfter), String(outer));
  }
  const expected = await expectedDocument(options, principal, matter, tenant);
  if (!expected.ok) return expected;
  const checked = await checkSigned(options, principal, signed, expected.value);
  if (!checked.ok) return checked;
  if ((await findRequest(options.database.pool, matter.id)) !== null) return refusedAtDoor('statement_replayed');

  const facts: RequestFacts = {
    now,
    request: matter,
    requester: person.standing,
    tenant: tenant.terms,
    liveGrants: await countLiveGrants(options.database.pool, principal.person, now, matter.id),
    runbook: null,
  };
  const made = decide('request', facts);
  const { decision } = made;
  const subject = { id: matter.id, logId: tenant.logId, requester: principal.person };
  const record = { decided: made, statement: checked.value };
  if (!decision.permit) {
    await recordEntry(options, subject, { type: 'access.refused', payload: record });
    return refusedByTerms(decision);
  }
  const request = requestFrom(matter, tenant, checked.value.document, now);
  await recordEntry(
    options,
    subject,
    { type: 'access.requested', payload: { ...record, request: matter } },
    async (client, durable) => {
      await insertRequest(client, { ...request, state: decision.next });
      await fileStatement(client, matter.id, principal.person, checked.value, durable);
    },
  );
  return done({ ...request, state: decision.next });
}

/** The document that this matter must have been signed as, under the classification, policy and terms in force now. */
async function expectedDocument(
  options: AccessOptions,
  principal: Principal,
  matter: AccessRequest,
  tenant: Tenant,
): Promise<Result<Statement>> {
  const source = await options.roles.describe(matter.source, matter.tenant);
  if (!source.found) {
    switch (source.why) {
      case 'source_unknown':
        return refusedAtDoor('source_unknown', matter.source);
      case 'tenant_not_in_source':
        return refusedAtDoor('tenant_not_in_source', matter.tenant, matter.source);
      case 'source_not_ready':
        return refusedAtDoor('source_not_ready', matter.source, source.message);
    }
  }
  return done(
    requestDocument(matter, options.setting, await signerOf(options, principal, tenant.logId), {
      classificationHash: source.classificationHash,
      policyHash: tenant.policyHash,
      quorum: tenant.terms.customerApproval ? tenant.terms.quorum : null,
    }),
  );
}

function requestFrom(matter: AccessRequest, tenant: Tenant, document: Statement, now: Instant): RequestRecord {
  return {
    id: matter.id,
    tenant: tenant.id,
    logId: tenant.logId,
    source: matter.source,
    requester: matter.requester,
    state: 'raised',
    matter,
    statementHash: statementHash(document),
    raisedAt: now,
    managerApprovedAt: null,
    notifiedAt: null,
    approvedAt: null,
    notBefore: matter.notBefore,
    notAfter: matter.notAfter,
    activatedAt: null,
    endsAt: null,
    endedAt: null,
    endReason: null,
    extension: null,
    rowsUsed: 0,
    bytesUsed: 0,
    statementsUsed: 0,
  };
}

/** Duration that a request has when nobody asked for another. */
export const defaultDurationMs: number = clocks.grantDefaultMs;
