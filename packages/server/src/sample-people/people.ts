import { clocks, type Eligibility, hour, type Instant, plus } from '@gatehouse/terms';
import type { NewPerson, PersonnelRole } from '../personnel/index.ts';
import { type CustomerRole, defaultPolicy, type TenantPolicy } from '../tenants/index.ts';

/** The one whose key begins the operator's directory and enrols the others. */
export const firstOfficer = 'security@operator.example';

const yearMs = 365 * 24 * hour;

/** The sample people of the operator's side, managers before those they manage (INTERFACE.md, "sample person"). */
export function samplePersonnel(now: Instant): readonly NewPerson[] {
  const until = plus(now, yearMs);
  const troubleshooting: Eligibility = {
    purpose: 'troubleshoot.*',
    modes: ['read'],
    maxDurationMs: clocks.grantDefaultMs,
    until,
  };
  const auditing: Eligibility = {
    purpose: 'comply.audit',
    modes: ['read'],
    maxDurationMs: clocks.grantDefaultMs,
    until,
  };
  const staff = (
    local: string,
    name: string,
    roles: readonly PersonnelRole[],
    more: Partial<NewPerson> = {},
  ): NewPerson => ({
    id: `${local}@operator.example`,
    name,
    kind: 'operator_staff',
    employer: 'Example Operator Ltd',
    country: 'IE',
    manager: null,
    trainingValidUntil: until,
    confidentialitySignedAt: now,
    confidentialityUntil: null,
    supplier: 'not_a_supplier',
    supplierValidUntil: null,
    roles,
    eligibilities: [],
    ...more,
  });
  const engineer = { manager: 'manager@operator.example', eligibilities: [troubleshooting] };
  return [
    staff('security', 'Sanna Vik', ['security_officer']),
    staff('security2', 'Samir Haddad', ['security_officer']),
    staff('manager', 'Maria Ortiz', ['manager']),
    staff('engineer', 'Emil Novak', ['engineer'], engineer),
    staff('engineer2', 'Eva Lindqvist', ['engineer'], engineer),
    staff('legal', 'Lena Fischer', ['legal_officer'], { kind: 'legal_officer' }),
    staff('legal2', 'Luca Conti', ['legal_officer'], { kind: 'legal_officer' }),
    staff('procurement', 'Priya Raman', ['supplier_owner']),
    {
      ...staff('support', 'Sofia Marino', ['support_agent'], { kind: 'support_contractor' }),
      id: 'support@contractor.example',
      employer: 'Example Support Partners SRL',
      country: 'IT',
      supplier: 'green',
      supplierValidUntil: until,
    },
    {
      ...staff('auditor', 'Anders Holm', ['auditor'], { kind: 'auditor', eligibilities: [auditing] }),
      id: 'auditor@audit.example',
      employer: 'Example Audit LLP',
      country: 'SE',
    },
  ];
}

/** A sample customer; the first of its users is the one whose key begins its directory. */
export type SampleCustomer = {
  readonly tenant: string;
  readonly policy: TenantPolicy;
  readonly users: readonly [SampleUser, ...SampleUser[]];
};

/** A user of a sample customer. */
export type SampleUser = { readonly person: string; readonly name: string; readonly roles: readonly CustomerRole[] };

/** The sample customers: `acme` signs each access itself, `globex` does not. */
export const sampleCustomers: readonly SampleCustomer[] = [
  {
    tenant: 'acme',
    policy: { ...defaultPolicy, customerApproval: true },
    users: [
      { person: 'admin@acme.example', name: 'Ada Acker', roles: ['admin'] },
      { person: 'approver@acme.example', name: 'Arno Acker', roles: ['approver'] },
    ],
  },
  {
    tenant: 'globex',
    policy: defaultPolicy,
    users: [{ person: 'admin@globex.example', name: 'Gita Globe', roles: ['admin'] }],
  },
];
