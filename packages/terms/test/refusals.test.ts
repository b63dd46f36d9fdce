import { describe, expect, it } from 'vitest';
import {
  decide,
  decideActivation,
  decideCustomer,
  decideExtension,
  decideIntent,
  decideRequest,
  decideRevocation,
  decideStandingApproval,
  hour,
  minute,
  plus,
  redecide,
} from '../src/index.ts';
import { aGrant, anExtension, aRequest, aStanding, aTenant, builders, morning } from './build-facts.ts';

describe('a signature', () => {
  const signed = [
    'manager_decision',
    'customer_decision',
    'standing_approval',
    'extension',
    'withdrawal',
    'completion',
  ] as const;

  it.each(signed)('that was not verified makes no %s', (kind) => {
    const facts = { ...builders[kind](), statementVerified: false };
    expect(redecide(1, kind, facts)).toMatchObject({ decision: { permit: false, reason: 'statement_not_verified' } });
  });

  it('that was not verified activates nothing and revokes nothing', () => {
    expect(decideActivation(builders.activation({ statementsVerified: false }))).toMatchObject({
      reason: 'statement_not_verified',
    });
    const { cause } = builders.revocation();
    if (cause.kind !== 'person') return expect.unreachable();
    const unsigned = builders.revocation({ cause: { ...cause, statementVerified: false } });
    expect(decideRevocation(unsigned)).toMatchObject({ reason: 'statement_not_verified' });
  });
});

describe('the one who acts', () => {
  it.each(['withdrawal', 'completion', 'extension'] as const)('must be the requester to make a %s', (kind) => {
    const record = decide(kind, { ...builders[kind](), by: 'other' } as never);
    expect(record.decision).toMatchObject({ permit: false, reason: 'not_the_requester' });
  });

  it('must belong to the tenant to approve for it or to revoke for it', () => {
    const { approver } = builders.customer_decision();
    const foreign = builders.customer_decision({ approver: { ...approver, tenant: 'globex' } });
    expect(decideCustomer(foreign)).toMatchObject({ reason: 'approver_of_other_tenant' });
    const by = { id: 'x', kind: 'customer_user', tenant: 'globex', securityOfficer: true } as const;
    const revocation = builders.revocation({ cause: { kind: 'person', statementVerified: true, by } });
    expect(decideRevocation(revocation)).toMatchObject({ reason: 'may_not_revoke' });
  });

  it('may revoke as the requester, a manager in line, or a security officer, and nobody else may', () => {
    const rights = (['engineer', 'manager', 'security', 'colleague'] as const).map((id) => {
      const by = { id, kind: 'operator_staff', tenant: null, securityOfficer: id === 'security' } as const;
      const answer = decideRevocation(builders.revocation({ cause: { kind: 'person', statementVerified: true, by } }));
      return answer.permit ? answer.as : answer.reason;
    });
    expect(rights).toEqual(['requester', 'manager', 'security_officer', 'may_not_revoke']);
  });

  it('counts once towards a quorum, however often the name appears', () => {
    const tenant = aTenant({ quorum: 3 });
    const twice = builders.customer_decision({ tenant, signedBy: ['admin', 'admin'] });
    expect(decideCustomer(twice)).toMatchObject({ permit: true, event: null, approvals: 2 });
    const copied = builders.activation({ tenant, customerApprovals: ['admin', 'admin', 'approver'] });
    expect(decideActivation(copied)).toMatchObject({ reason: 'quorum_not_met', found: '2', expected: '3' });
  });

  it('needs a role for the mode and the duration, not only for the purpose', () => {
    const [role] = aStanding().eligibilities;
    if (role === undefined) return expect.unreachable();
    const reader = aStanding({ eligibilities: [{ ...role, modes: ['read'] }] });
    expect(decideRequest(builders.request({ requester: reader })).permit).toBe(true);
    const write = aRequest({ mode: 'write' });
    expect(decideRequest(builders.request({ requester: reader, request: write }))).toMatchObject({
      reason: 'not_eligible',
    });
    const brief = aStanding({ eligibilities: [{ ...role, maxDurationMs: 2 * hour - 1 }] });
    expect(decideRequest(builders.request({ requester: brief }))).toMatchObject({ reason: 'not_eligible' });
  });
});

describe('a grant for one statement', () => {
  it('runs that statement and no other, beside BEGIN and SHOW', () => {
    const run = (statement: { class: 'read' | 'session'; approved: boolean }) =>
      decideIntent(builders.intent({ statement })).permit;
    expect(run({ class: 'read', approved: true })).toBe(true);
    expect(run({ class: 'read', approved: false })).toBe(false);
    expect(run({ class: 'session', approved: false })).toBe(true);
  });
});

describe('an extension', () => {
  it('that gives exactly the same end is none', () => {
    const asked = anExtension({ notAfter: aGrant().notAfter });
    expect(decideExtension(builders.extension({ asked }))).toMatchObject({ reason: 'extension_not_longer' });
  });
});

describe('a standing approval', () => {
  it('covers neither another tenant, source, employer, purpose nor a longer time', () => {
    const { request } = builders.standing_approval();
    const others = [
      { source: 'billing' },
      { employer: 'Sub Ltd' },
      { purpose: 'troubleshoot.prevent' },
      { mode: 'write' },
      { durationMs: 2 * hour + 1 },
    ] as const;
    for (const other of others) {
      const facts = builders.standing_approval({ request: { ...request, ...other } });
      expect(decideStandingApproval(facts)).toMatchObject({ reason: 'standing_approval_not_covering' });
    }
    const foreign = builders.standing_approval({ request: { ...request, tenant: 'globex' } });
    expect(decideStandingApproval(foreign)).toMatchObject({ reason: 'other_tenant' });
  });

  it('comes after the manager, never before', () => {
    const early = builders.standing_approval({ state: 'in_review' });
    expect(decideStandingApproval(early)).toMatchObject({ reason: 'state_not_open' });
  });
});

describe('customer approval that is switched on after a request was approved', () => {
  it('is needed for the first use', () => {
    const facts = builders.activation({ customerApprovals: [], tenant: aTenant({ customerApproval: true }) });
    expect(decideActivation(facts)).toMatchObject({ reason: 'customer_approval_missing' });
    expect(decideActivation({ ...facts, tenant: aTenant({ customerApproval: false }) }).permit).toBe(true);
  });
});

describe('a manager who approved after the approvers were notified', () => {
  it('has not approved before the customer', () => {
    const managerApprovedAt = plus(morning, 12 * minute);
    expect(decideCustomer(builders.customer_decision({ managerApprovedAt }))).toMatchObject({
      reason: 'manager_approval_missing',
    });
  });
});
