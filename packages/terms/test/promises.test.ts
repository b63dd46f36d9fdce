import { describe, expect, it } from 'vitest';
import {
  clocks,
  day,
  decideActivation,
  decideCustomer,
  decideIntent,
  decideManager,
  decideOwnAccess,
  decideRequest,
  decideRevocation,
  decideStandingApproval,
  mayRequest,
  ownOperations,
  partyKinds,
  plus,
  purposes,
  requestStates,
  subscriptionStates,
  supplierStates,
  isOver,
} from '../src/index.ts';
import { aRequest, aStanding, aTenant, builders, morning } from './build-facts.ts';

/** The promises of section 0 of the domain model, as far as rules alone carry them. */
describe('the promises that the terms carry', () => {
  it('S1: nobody has a right without a live grant, not even somebody eligible', () => {
    const { grant } = builders.intent();
    const never = { ...grant, activatedAt: plus(morning, 9 * day), notAfter: plus(morning, 9 * day) };
    expect(decideIntent(builders.intent({ grant: never }))).toMatchObject({ permit: false, reason: 'not_yet' });
    for (const mode of ['write', 'copy_in', 'forbidden'] as const) {
      expect(decideIntent(builders.intent({ statement: { class: mode, approved: null } })).permit).toBe(false);
    }
  });

  it('S3: the customer may access own data at any time, for any reason, and is asked for none', () => {
    for (const subscription of ['trial', 'active', 'past_due', 'expired', 'retained'] as const) {
      for (const operation of ['read', 'list', 'export', 'verify_log'] as const) {
        expect(decideOwnAccess(builders.own_access({ subscription, operation })).permit).toBe(true);
      }
    }
    const asked = Object.keys(builders.own_access());
    expect(asked).toEqual(['now', 'party', 'tenant', 'subscription', 'operation']);
  });

  it('S6: after 90 days nobody reads, the customer included, and the log can still be verified', () => {
    for (const subscription of ['disabled', 'deleting', 'deleted'] as const) {
      for (const operation of ownOperations) {
        expect(decideOwnAccess(builders.own_access({ subscription, operation })).permit).toBe(
          operation === 'verify_log',
        );
      }
      expect(decideRequest(builders.request({ tenant: aTenant({ subscription }) })).permit).toBe(false);
    }
    expect(subscriptionStates).toHaveLength(8);
  });

  it("S7: a customer reaches no other customer's data, by no operation", () => {
    for (const operation of ownOperations) {
      const answer = decideOwnAccess(builders.own_access({ tenant: 'globex', operation }));
      expect(answer).toMatchObject({ permit: false, reason: 'not_own_tenant' });
    }
  });

  it('S10: standing approvals are counted, bounded and expire, and no person holds more than two grants', () => {
    const { approval } = builders.standing_approval();
    expect(decideStandingApproval(builders.standing_approval({ used: approval.uses })).permit).toBe(false);
    const endless = { ...approval, notAfter: plus(morning, 3_650 * day) };
    const now = plus(approval.notBefore, clocks.standingApprovalMaxMs);
    expect(decideStandingApproval(builders.standing_approval({ approval: endless, now })).permit).toBe(false);
    for (const liveGrants of [0, 1, 2, 3]) {
      expect(decideRequest(builders.request({ liveGrants })).permit).toBe(liveGrants < 2);
      expect(decideActivation(builders.activation({ liveGrants })).permit).toBe(liveGrants < 2);
    }
  });

  it('S18: a person is refused where a runbook does it, unless they say why it does not', () => {
    expect(decideRequest(builders.request({ runbook: 'recount' }))).toMatchObject({
      reason: 'runbook_exists',
      found: 'recount',
    });
    const whyNotRunbook = 'It stops at order 10643 with a type error.';
    expect(decideRequest(builders.request({ runbook: 'recount', request: aRequest({ whyNotRunbook }) })).permit).toBe(
      true,
    );
  });

  it('S19: an engineer has no default access, cannot approve their own request, and needs a manager above them', () => {
    const { manager } = builders.manager_decision();
    const self = builders.manager_decision({ requester: manager.id });
    const subordinate = builders.manager_decision({ manager: { ...manager, line: ['engineer'] } });
    const stranger = builders.manager_decision({ manager: { ...manager, id: 'stranger' } });
    expect(decideManager(self)).toMatchObject({ reason: 'self_approval' });
    expect(decideManager(subordinate)).toMatchObject({ reason: 'approver_reports_to_requester' });
    expect(decideManager(stranger)).toMatchObject({ reason: 'approver_not_in_line' });
    expect(decideActivation(builders.activation({ managerApprovedAt: null }))).toMatchObject({
      reason: 'manager_approval_missing',
    });
  });

  it("S19: a manager's no cannot be turned into a yes by the customer", () => {
    for (const state of requestStates.filter((each) => each !== 'awaiting_customer')) {
      expect(decideCustomer(builders.customer_decision({ state })).permit).toBe(false);
    }
    expect(decideCustomer(builders.customer_decision({ managerApprovedAt: null })).permit).toBe(false);
  });

  it('S19: the customer ends an access at any time, in any state, without a reason', () => {
    for (const state of requestStates) {
      for (const now of [morning, plus(morning, 400 * day)]) {
        expect(decideRevocation(builders.revocation({ state, now })).permit).toBe(!isOver(state));
      }
    }
  });

  it('S20: a purpose bounds the use, and a forbidden one opens nothing even if every approval is there', () => {
    for (const { code } of purposes.filter(({ permitted }) => !permitted)) {
      const eligibilities = [
        { purpose: code, modes: ['read'], maxDurationMs: 28_800_000, until: plus(morning, day) },
      ] as const;
      const requester = aStanding({ eligibilities });
      expect(decideRequest(builders.request({ requester, request: aRequest({ purpose: code }) }))).toMatchObject({
        reason: 'purpose_forbidden',
      });
      const { request } = builders.activation();
      expect(decideActivation(builders.activation({ requester, request: { ...request, purpose: code } })).permit).toBe(
        false,
      );
      const { grant } = builders.intent();
      expect(decideIntent(builders.intent({ grant: { ...grant, purpose: code } })).permit).toBe(false);
    }
  });

  it('S20: a grant to repair cannot be used to copy a table out', () => {
    const copy = builders.intent({ statement: { class: 'copy_out', approved: null } });
    expect(decideIntent(copy)).toMatchObject({ permit: false, reason: 'bulk_not_allowed' });
  });

  it("S21, S22: a supplier's person has access only while the supplier is compliant and within its year", () => {
    const party = { ...aStanding().party, kind: 'subcontractor_staff' } as const;
    for (const supplier of supplierStates) {
      const requester = aStanding({ party, supplier, supplierValidUntil: plus(morning, day) });
      const compliant = supplier === 'green' || supplier === 'renewal_due';
      expect(decideRequest(builders.request({ requester })).permit).toBe(compliant);
      const cause = { kind: 'standing_lost', standing: requester, terms: aTenant() } as const;
      expect(decideRevocation(builders.revocation({ cause })).permit).toBe(!compliant);
    }
  });

  it('S24: lapsed privacy training stops the asking and the first use, and ends what runs', () => {
    const requester = aStanding({ trainingValidUntil: morning });
    expect(decideRequest(builders.request({ requester }))).toMatchObject({ reason: 'training_lapsed' });
    expect(decideActivation(builders.activation({ requester }))).toMatchObject({ reason: 'training_lapsed' });
    const cause = { kind: 'standing_lost', standing: requester, terms: aTenant() } as const;
    expect(decideRevocation(builders.revocation({ cause }))).toMatchObject({ permit: true, as: 'terms' });
  });

  it('S27: a support contractor can never hold a grant on production data', () => {
    const requester = aStanding({ party: { ...aStanding().party, kind: 'support_contractor' } });
    expect(decideRequest(builders.request({ requester }))).toMatchObject({ reason: 'party_may_not_request' });
  });

  it('S28: a government is no party that can ask', () => {
    expect(partyKinds.filter(mayRequest)).toEqual(['operator_staff', 'subcontractor_staff', 'auditor', 'service']);
    const requester = aStanding({ party: { ...aStanding().party, kind: 'government' } });
    expect(decideRequest(builders.request({ requester })).permit).toBe(false);
    expect(decideActivation(builders.activation({ requester })).permit).toBe(false);
  });
});
