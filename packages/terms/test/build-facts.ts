import {
  clocks,
  day,
  hour,
  instant,
  minute,
  outerNotAfter,
  parseInstant,
  plus,
  type AccessRequest,
  type DecisionKind,
  type Decisions,
  type Grant,
  type Standing,
  type TenantTerms,
} from '../src/index.ts';

/** The moment at which every story of these tests begins. */
export const morning = parseInstant('2026-03-02T09:00:00.000Z') ?? instant(0);

/** Facts under which each kind of decision says yes; a test changes only what it is about. */
export type Facts<Kind extends DecisionKind> = Decisions[Kind]['facts'];

export function aStanding(over: Partial<Standing> = {}): Standing {
  return {
    party: { id: 'engineer', kind: 'operator_staff', employer: 'Operator Ltd', country: 'DE', tenant: null },
    employed: true,
    locked: false,
    confidentialitySignedAt: plus(morning, -300 * day),
    trainingValidUntil: plus(morning, 30 * day),
    supplier: 'not_a_supplier',
    supplierValidUntil: null,
    eligibilities: [
      { purpose: 'troubleshoot.*', modes: ['read', 'write'], maxDurationMs: 8 * hour, until: plus(morning, 60 * day) },
    ],
    ...over,
  };
}

export function aTenant(over: Partial<TenantTerms> = {}): TenantTerms {
  return {
    tenant: 'acme',
    subscription: 'active',
    customerApproval: true,
    customerWindowMs: clocks.customerWindowMs,
    quorum: 1,
    countries: null,
    excludedEmployers: [],
    optedOut: [],
    grantMaxMs: clocks.grantMaxMs,
    ...over,
  };
}

export function aRequest(over: Partial<AccessRequest> = {}): AccessRequest {
  return {
    id: 'AAAAAAAAAAAAAAAAAAAAAA',
    requester: 'engineer',
    employer: 'Operator Ltd',
    tenant: 'acme',
    source: 'orders',
    purpose: 'troubleshoot.repair',
    reasonCode: 'customer_support',
    mode: 'read',
    scope: { tables: null, columns: null, statement: null, transform: 'raw' },
    budgets: { rows: 1_000, bytes: 1_000_000, statements: 100, durationMs: 2 * hour },
    ticket: 'T-4711',
    justification: 'Order 10643 shows a negative freight; compare it with its details.',
    whyNotRunbook: null,
    raisedAt: morning,
    notBefore: morning,
    notAfter: outerNotAfter({
      raisedAt: morning,
      notBefore: morning,
      durationMs: 2 * hour,
      customerWindowMs: clocks.customerWindowMs,
    }),
    ...over,
  };
}

export function aGrant(over: Partial<Grant> = {}): Grant {
  const { scope, budgets } = aRequest();
  return {
    id: 'AAAAAAAAAAAAAAAAAAAAAA',
    holder: 'engineer',
    employer: 'Operator Ltd',
    tenant: 'acme',
    source: 'orders',
    purpose: 'troubleshoot.repair',
    mode: 'read',
    scope,
    budgets,
    activatedAt: morning,
    notAfter: plus(morning, 2 * hour),
    ended: null,
    ...over,
  };
}

export const builders: { readonly [Kind in DecisionKind]: (over?: Partial<Facts<Kind>>) => Facts<Kind> } = {
  request: (over = {}) => ({
    now: morning,
    request: aRequest(),
    requester: aStanding(),
    tenant: aTenant(),
    liveGrants: 0,
    runbook: null,
    ...over,
  }),
  manager_decision: (over = {}) => ({
    now: plus(morning, 10 * minute),
    matter: 'access',
    decision: 'approve',
    statementVerified: true,
    state: 'in_review',
    raisedAt: morning,
    requester: 'engineer',
    requesterLine: [
      { person: 'manager', since: plus(morning, -90 * day) },
      { person: 'director', since: plus(morning, -90 * day) },
    ],
    delegates: [],
    manager: { id: 'manager', kind: 'operator_staff', employed: true, locked: false, line: ['director'] },
    customerApproval: true,
    grantNotAfter: null,
    ...over,
  }),
  customer_decision: (over = {}) => ({
    now: plus(morning, 1 * hour),
    matter: 'access',
    decision: 'approve',
    statementVerified: true,
    state: 'awaiting_customer',
    requester: 'engineer',
    tenant: aTenant(),
    managerApprovedAt: plus(morning, 10 * minute),
    notifiedAt: plus(morning, 11 * minute),
    approver: { id: 'approver', tenant: 'acme', held: [{ since: plus(morning, -10 * day), until: null }] },
    signedBy: [],
    grantNotAfter: null,
    ...over,
  }),
  standing_approval: (over = {}) => ({
    now: plus(morning, 10 * minute),
    state: 'operator_approved',
    approval: {
      id: 'standing-1',
      tenant: 'acme',
      source: 'orders',
      employer: 'Operator Ltd',
      purposes: ['troubleshoot.detect', 'troubleshoot.repair'],
      mode: 'read',
      durationMaxMs: 2 * hour,
      uses: 3,
      notBefore: plus(morning, -1 * day),
      notAfter: plus(morning, 6 * day),
    },
    statementVerified: true,
    used: 0,
    request: {
      tenant: 'acme',
      source: 'orders',
      employer: 'Operator Ltd',
      purpose: 'troubleshoot.repair',
      mode: 'read',
      durationMs: 2 * hour,
    },
    ...over,
  }),
  lapse: (over = {}) => ({
    now: plus(morning, 4 * hour),
    state: 'in_review',
    raisedAt: morning,
    managerApprovedAt: null,
    notifiedAt: null,
    customerWindowMs: clocks.customerWindowMs,
    approvedAt: null,
    notBefore: morning,
    notAfter: aRequest().notAfter,
    grantNotAfter: null,
    ...over,
  }),
  activation: (over = {}) => ({
    now: plus(morning, 90 * minute),
    clockRegressedMs: 0,
    by: 'engineer',
    source: 'orders',
    state: 'approved_future',
    request: {
      id: 'AAAAAAAAAAAAAAAAAAAAAA',
      requester: 'engineer',
      tenant: 'acme',
      source: 'orders',
      purpose: 'troubleshoot.repair',
      mode: 'read',
      notBefore: morning,
      notAfter: aRequest().notAfter,
      durationMs: 2 * hour,
    },
    requester: aStanding(),
    tenant: aTenant(),
    statementsVerified: true,
    managerApprovedAt: plus(morning, 10 * minute),
    customerApprovals: ['approver'],
    standingApproval: false,
    approvedAt: plus(morning, 1 * hour),
    liveGrants: 0,
    ...over,
  }),
  intent: (over = {}) => {
    const { scope: _scope, employer: _employer, ...grant } = aGrant();
    return {
      now: plus(morning, 1 * hour),
      by: 'engineer',
      tenant: 'acme',
      source: 'orders',
      statement: { class: 'read', approved: null },
      grant,
      used: { rows: 0, bytes: 0, statements: 0 },
      ...over,
    };
  },
  extension: (over = {}) => ({
    now: plus(morning, 1 * hour),
    by: 'engineer',
    statementVerified: true,
    state: 'active',
    grant: aGrant(),
    asked: anExtension(),
    requester: aStanding(),
    tenant: aTenant(),
    ...over,
  }),
  withdrawal: (over = {}) => ({
    now: plus(morning, 5 * minute),
    by: 'engineer',
    requester: 'engineer',
    statementVerified: true,
    state: 'in_review',
    ...over,
  }),
  revocation: (over = {}) => ({
    now: plus(morning, 1 * hour),
    state: 'active',
    requester: 'engineer',
    tenant: 'acme',
    requesterLine: ['manager', 'director'],
    cause: {
      kind: 'person',
      statementVerified: true,
      by: { id: 'approver', kind: 'customer_user', tenant: 'acme', securityOfficer: false },
    },
    ...over,
  }),
  completion: (over = {}) => ({
    now: plus(morning, 1 * hour),
    by: 'engineer',
    requester: 'engineer',
    statementVerified: true,
    state: 'active',
    grantNotAfter: plus(morning, 2 * hour),
    ...over,
  }),
  own_access: (over = {}) => ({
    now: morning,
    party: { id: 'admin', kind: 'customer_user', employer: 'Acme', country: 'DE', tenant: 'acme' },
    tenant: 'acme',
    subscription: 'active',
    operation: 'read',
    ...over,
  }),
};

/** What an engineer with the grant of `aGrant` signs to get one hour more. */
export function anExtension(over: Partial<Facts<'extension'>['asked']> = {}): Facts<'extension'>['asked'] {
  const { tenant, source, purpose, mode, scope, budgets } = aGrant();
  return {
    tenant,
    source,
    purpose,
    mode,
    scope,
    budgets: { ...budgets, durationMs: 3 * hour },
    notAfter: plus(morning, 3 * hour),
    ...over,
  };
}
