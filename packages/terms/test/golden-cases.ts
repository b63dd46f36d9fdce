import { clocks, day, decisionKinds, hour, instant, minute, plus, type DecisionKind } from '../src/index.ts';
import { aGrant, anExtension, aRequest, aStanding, aTenant, builders, morning, type Facts } from './build-facts.ts';

/** One frozen case: facts of one kind, under a name. */
export type GoldenCase = { readonly name: string; readonly kind: DecisionKind; readonly facts: unknown };

const cases: GoldenCase[] = [];

function add<Kind extends DecisionKind>(kind: Kind, name: string, over: Partial<Facts<Kind>>): void {
  cases.push({ name: `${kind}: ${name}`, kind, facts: builders[kind](over) });
}

for (const kind of decisionKinds) add(kind, 'permitted', {});

const party = aStanding().party;
const aReq = (over: Parameters<typeof aRequest>[0]) => ({ request: aRequest(over) });
const budgets = aRequest().budgets;

// The request
cases.push({ name: 'request: facts missing', kind: 'request', facts: { now: morning } });
add('request', 'unknown tenant', { tenant: null });
add('request', 'facts of another tenant', { tenant: aTenant({ tenant: 'globex' }) });
add('request', 'tenant disabled', { tenant: aTenant({ subscription: 'disabled' }) });
add('request', 'tenant retained', { tenant: aTenant({ subscription: 'retained' }) });
add('request', 'customer asks for its own data', {
  requester: aStanding({ party: { ...party, kind: 'customer_user', tenant: 'acme' } }),
});
add('request', 'government', { requester: aStanding({ party: { ...party, kind: 'government' } }) });
add('request', 'support contractor', { requester: aStanding({ party: { ...party, kind: 'support_contractor' } }) });
add('request', 'another person than the signer', { requester: aStanding({ party: { ...party, id: 'other' } }) });
add('request', 'another employer', aReq({ employer: 'Someone Else' }));
add('request', 'no longer employed', { requester: aStanding({ employed: false }) });
add('request', 'locked', { requester: aStanding({ locked: true }) });
add('request', 'no confidentiality', { requester: aStanding({ confidentialitySignedAt: null }) });
add('request', 'training ends in a millisecond', { requester: aStanding({ trainingValidUntil: plus(morning, 1) }) });
add('request', 'training ends now', { requester: aStanding({ trainingValidUntil: morning }) });
add('request', 'never trained', { requester: aStanding({ trainingValidUntil: null }) });
add('request', 'supplier red', {
  requester: aStanding({
    party: { ...party, kind: 'subcontractor_staff' },
    supplier: 'red',
    supplierValidUntil: plus(morning, day),
  }),
});
add('request', 'supplier green', {
  requester: aStanding({
    party: { ...party, kind: 'subcontractor_staff' },
    supplier: 'green',
    supplierValidUntil: plus(morning, day),
  }),
});
add('request', 'supplier year over', {
  requester: aStanding({
    party: { ...party, kind: 'subcontractor_staff' },
    supplier: 'green',
    supplierValidUntil: morning,
  }),
});
add('request', 'country not permitted', { tenant: aTenant({ countries: ['FR', 'AT'] }) });
add('request', 'employer excluded', { tenant: aTenant({ excludedEmployers: ['Operator Ltd'] }) });
add('request', 'unknown purpose', aReq({ purpose: 'curiosity' }));
add('request', 'forbidden purpose', aReq({ purpose: 'advertise' }));
add('request', 'purpose with its own door', aReq({ purpose: 'comply.legal_process' }));
add('request', 'purpose opted out', {
  ...aReq({ purpose: 'improve.reliability' }),
  tenant: aTenant({ optedOut: ['improve.reliability'] }),
});
add('request', 'purpose does not write', aReq({ purpose: 'troubleshoot.detect', mode: 'write' }));
add('request', 'purpose gives no raw data', aReq({ purpose: 'improve.reliability' }));
add('request', 'unknown reason code', aReq({ reasonCode: 'because' }));
add('request', 'no ticket', aReq({ ticket: ' ' }));
add('request', 'justification of 19 characters', aReq({ justification: 'a bc def ghij klmno' }));
add('request', 'justification of 20 characters', aReq({ justification: 'a bc def ghij klmnop' }));
add('request', 'boilerplate', aReq({ justification: 'Please approve this request, ASAP!' }));
add('request', 'one word over and over', aReq({ justification: 'fix fix fix fix fix fix fix fix' }));
add('request', 'a runbook does it', { runbook: 'recount-freight' });
add('request', 'a runbook that fails here', {
  runbook: 'recount-freight',
  ...aReq({ whyNotRunbook: 'The runbook stops at order 10643 with a type error.' }),
});
add('request', 'a millisecond less than a minute', aReq({ budgets: { ...budgets, durationMs: minute - 1 } }));
add(
  'request',
  'one minute',
  aReq({ budgets: { ...budgets, durationMs: minute }, notAfter: plus(aRequest().notAfter, minute - 2 * hour) }),
);
add('request', 'a millisecond more than eight hours', aReq({ budgets: { ...budgets, durationMs: 8 * hour + 1 } }));
add('request', 'more than the tenant tolerates', { tenant: aTenant({ grantMaxMs: hour }) });
add('request', 'no rows', aReq({ budgets: { ...budgets, rows: 0 } }));
add('request', 'outer end before now', aReq({ notAfter: morning }));
add('request', 'outer end too late', aReq({ notAfter: plus(morning, 3 * day) }));
add('request', 'begins in 14 days and a millisecond', aReq({ notBefore: plus(morning, 14 * day + 1) }));
add('request', 'not eligible', { requester: aStanding({ eligibilities: [] }) });
add('request', 'two live grants', { liveGrants: 2 });
add('request', 'customer window too long', { tenant: aTenant({ customerWindowMs: clocks.customerWindowMaxMs + 1 }) });
add('request', 'quorum of nobody', { tenant: aTenant({ quorum: 0 }) });

// The manager
const manager = builders.manager_decision().manager;
add('manager_decision', 'signature not verified', { statementVerified: false });
add('manager_decision', 'denied', { decision: 'deny' });
add('manager_decision', 'no customer approval follows', { customerApproval: false });
add('manager_decision', 'self', { requester: 'manager' });
add('manager_decision', 'not staff', { manager: { ...manager, kind: 'subcontractor_staff' } });
add('manager_decision', 'locked', { manager: { ...manager, locked: true } });
add('manager_decision', 'reports to the requester', { manager: { ...manager, line: ['engineer'] } });
add('manager_decision', 'not in line', { manager: { ...manager, id: 'stranger' } });
add('manager_decision', 'in line since the request', { requesterLine: [{ person: 'manager', since: morning }] });
add('manager_decision', 'in line since a millisecond before', {
  requesterLine: [{ person: 'manager', since: plus(morning, -1) }],
});
add('manager_decision', 'a delegate', {
  requesterLine: [],
  delegates: [{ person: 'manager', since: plus(morning, -day) }],
});
add('manager_decision', 'a millisecond before four hours', { now: plus(morning, 4 * hour - 1) });
add('manager_decision', 'at four hours', { now: plus(morning, 4 * hour) });
add('manager_decision', 'already denied', { state: 'denied' });
add('manager_decision', 'a question is open', { state: 'more_info' });
add('manager_decision', 'denied while a question is open', { state: 'more_info', decision: 'deny' });
add('manager_decision', 'more time', {
  matter: 'extension',
  state: 'extension_requested',
  grantNotAfter: plus(morning, hour),
});
add('manager_decision', 'more time, grant over', {
  matter: 'extension',
  state: 'extension_requested',
  grantNotAfter: plus(morning, 10 * minute),
});

// The customer
const approver = builders.customer_decision().approver;
const notified = plus(morning, 11 * minute);
add('customer_decision', 'denied', { decision: 'deny' });
add('customer_decision', 'approval is off', { tenant: aTenant({ customerApproval: false }) });
add('customer_decision', 'no manager yet', { managerApprovedAt: null });
add('customer_decision', 'after a denial', { state: 'denied' });
add('customer_decision', '11:59:59.999', { now: plus(notified, 12 * hour - 1) });
add('customer_decision', '12:00:00.000', { now: plus(notified, 12 * hour) });
add('customer_decision', 'of another tenant', { approver: { ...approver, tenant: 'globex' } });
add('customer_decision', 'not notified', {
  approver: { ...approver, held: [{ since: plus(notified, 1), until: null }] },
});
add('customer_decision', 'role lost', {
  approver: { ...approver, held: [{ since: morning, until: plus(morning, hour) }] },
});
add('customer_decision', 'signed already', { signedBy: ['approver'], tenant: aTenant({ quorum: 2 }) });
add('customer_decision', 'first of two', { tenant: aTenant({ quorum: 2 }) });
add('customer_decision', 'second of two', { tenant: aTenant({ quorum: 2 }), signedBy: ['admin'] });
add('customer_decision', 'more time', {
  matter: 'extension',
  state: 'extension_requested',
  grantNotAfter: plus(morning, 2 * hour),
});

// The standing approval
const approval = builders.standing_approval().approval;
add('standing_approval', 'used up', { used: 3 });
add('standing_approval', 'ended', { now: approval.notAfter });
add('standing_approval', '90 days over', {
  approval: { ...approval, notAfter: plus(morning, 400 * day) },
  now: plus(approval.notBefore, 90 * day),
});
add('standing_approval', 'does not cover writing', {
  request: { ...builders.standing_approval().request, mode: 'write' },
});

// Time
add('lapse', 'a millisecond before four hours', { now: plus(morning, 4 * hour - 1) });
add('lapse', 'customer silent', { state: 'awaiting_customer', notifiedAt: morning, now: plus(morning, 12 * hour) });
add('lapse', 'not used', { state: 'approved_future', approvedAt: morning, now: plus(morning, hour) });
add('lapse', 'grant over', { state: 'active', grantNotAfter: plus(morning, 2 * hour) });
add('lapse', 'over already', { state: 'completed' });

// The first use
const asked = builders.activation().request;
add('activation', 'clock went back 2,000 ms', { clockRegressedMs: 2_000 });
add('activation', 'clock went back 2,001 ms', { clockRegressedMs: 2_001 });
add('activation', 'statements not verified', { statementsVerified: false });
add('activation', 'not approved', { state: 'awaiting_customer' });
add('activation', 'another person', { by: 'other' });
add('activation', 'another source', { source: 'billing' });
add('activation', 'another tenant', { tenant: aTenant({ tenant: 'globex' }) });
add('activation', 'no manager', { managerApprovedAt: null });
add('activation', 'no customer', { customerApprovals: [] });
add('activation', 'one of two', { tenant: aTenant({ quorum: 2 }), customerApprovals: ['approver', 'approver'] });
add('activation', 'standing approval', { customerApprovals: [], standingApproval: true });
add('activation', 'too early', { request: { ...asked, notBefore: plus(morning, 2 * hour) } });
add('activation', 'a millisecond before the hour', { now: plus(morning, 2 * hour - 1) });
add('activation', 'at the hour', { now: plus(morning, 2 * hour) });
add('activation', 'training lapsed meanwhile', { requester: aStanding({ trainingValidUntil: plus(morning, hour) }) });

// Each statement
const grant = builders.intent().grant;
const end = plus(morning, 2 * hour);
add('intent', 'a millisecond before the end', { now: plus(end, -1) });
add('intent', 'at the end', { now: end });
add('intent', 'revoked', { grant: { ...grant, ended: { end: 'revoked', at: plus(morning, minute) } } });
add('intent', 'a grant longer than eight hours', { grant: { ...grant, notAfter: plus(morning, 8 * hour + 1) } });
add('intent', 'another person', { by: 'other' });
add('intent', 'another tenant', { tenant: 'globex' });
add('intent', 'write under read', { statement: { class: 'write', approved: null } });
add('intent', 'ddl', { statement: { class: 'forbidden', approved: null } });
add('intent', 'not the approved statement', { statement: { class: 'read', approved: false } });
add('intent', 'bulk', { statement: { class: 'copy_out', approved: null } });
add('intent', 'rows spent', { used: { rows: 1_000, bytes: 0, statements: 0 } });
add('intent', 'bytes spent', { used: { rows: 0, bytes: 1_000_000, statements: 0 } });
add('intent', 'statements spent', { used: { rows: 0, bytes: 0, statements: 100 } });

// More time, and ends
add('extension', 'another table', { grant: aGrant({ scope: { ...aRequest().scope, tables: ['orders'] } }) });
add('extension', 'no longer', { asked: anExtension({ budgets }) });
add('extension', 'more than eight hours', {
  asked: anExtension({ budgets: { ...budgets, durationMs: 8 * hour + 1 } }),
});
add('extension', 'somebody else', { by: 'other' });
add('extension', 'for another tenant', { asked: anExtension({ tenant: 'globex' }) });
add('extension', 'with write', { asked: anExtension({ mode: 'write' }) });
add('extension', 'with more rows', {
  asked: anExtension({ budgets: { ...budgets, rows: 1_001, durationMs: 3 * hour } }),
});
add('extension', 'grant over', { now: plus(morning, 2 * hour) });
add('withdrawal', 'somebody else', { by: 'other' });
add('withdrawal', 'in use', { state: 'active' });
add('withdrawal', 'denied already', { state: 'denied' });
add('revocation', 'another customer', {
  cause: {
    kind: 'person',
    statementVerified: true,
    by: { id: 'x', kind: 'customer_user', tenant: 'globex', securityOfficer: false },
  },
});
add('revocation', 'training lapsed', {
  cause: { kind: 'standing_lost', standing: aStanding({ trainingValidUntil: instant(0) }), terms: aTenant() },
});
add('revocation', 'standing not lost', { cause: { kind: 'standing_lost', standing: aStanding(), terms: aTenant() } });
add('completion', 'at the end', { now: plus(morning, 2 * hour) });
add('own_access', 'writing after the end', { subscription: 'retained', operation: 'write' });
add('own_access', 'after 90 days', { subscription: 'disabled' });
add('own_access', 'somebody else', { tenant: 'globex' });

/** The cases that freeze version 1: every kind of decision, every refusal, both sides of every boundary. */
export const goldenCases: readonly GoldenCase[] = cases;
