import { clocks, purposeOf } from '@gatehouse/terms';
import { hashOf } from '@gatehouse/verifier';
import type { PolicyDocument, TenantPolicy } from './tenant.ts';

/** What holds for a tenant that has chosen nothing: the terms' defaults, approval OFF (INTERFACE.md, `source add`). */
export const defaultPolicy: TenantPolicy = {
  customerApproval: false,
  customerWindowMs: clocks.customerWindowMs,
  quorum: 1,
  countries: null,
  excludedEmployers: [],
  optedOut: [],
  grantMaxMs: clocks.grantMaxMs,
  serviceInScope: true,
};

/** The name of a policy in statements and entries: base64 SHA-256 of its JCS form. */
export function policyHash(document: PolicyDocument): string {
  return hashOf(document);
}

/** The document of a policy, lists sorted and without repetition so that one choice has one hash. */
export function policyDocument(tenant: string, version: number, policy: TenantPolicy): PolicyDocument {
  return {
    v: 1,
    tenant,
    version,
    customerApproval: policy.customerApproval,
    customerWindowMs: policy.customerWindowMs,
    quorum: policy.quorum,
    countries: policy.countries === null ? null : ordered(policy.countries),
    excludedEmployers: ordered(policy.excludedEmployers),
    optedOut: ordered(policy.optedOut),
    grantMaxMs: policy.grantMaxMs,
    serviceInScope: policy.serviceInScope,
  };
}

/** Every fault of a policy as a sentence part, or an empty list. What the terms limit no policy can widen. */
export function faultsOf(policy: TenantPolicy): readonly string[] {
  const faults: string[] = [];
  const expect = (holds: boolean, sentence: string): void => {
    if (!holds) faults.push(sentence);
  };
  const { customerWindowMinMs, customerWindowMaxMs, grantMinMs, grantMaxMs } = clocks;
  expect(
    within(policy.customerWindowMs, customerWindowMinMs, customerWindowMaxMs),
    'the customer window must be 1 hour to 4 days',
  );
  expect(within(policy.grantMaxMs, grantMinMs, grantMaxMs), 'the longest grant must be 1 minute to 8 hours');
  expect(within(policy.quorum, 1, 20), 'the quorum must be 1 to 20 approvers');
  expect(
    policy.countries === null ||
      (policy.countries.length <= 250 && policy.countries.every((code) => /^[A-Z]{2}$/.test(code))),
    'countries must be two capital letters each (ISO 3166-1 alpha-2)',
  );
  expect(
    policy.excludedEmployers.length <= 200 &&
      policy.excludedEmployers.every((name) => name.trim() !== '' && name.length <= 200 && name.isWellFormed()),
    'excluded employers must be at most 200 names of at most 200 characters',
  );
  expect(
    policy.optedOut.every((code) => purposeOf(code)?.essential === false && purposeOf(code)?.permitted === true),
    'only improvement purposes of the catalogue can be opted out of (INV-55)',
  );
  return faults;
}

/**
 * What `after` gives the operator that `before` did not, as sentence parts; empty if it only tightens. A longer window
 * counts as looser: it keeps a request alive that silence would have denied.
 */
export function loosenings(before: TenantPolicy, after: TenantPolicy): readonly string[] {
  const found: string[] = [];
  if (before.customerApproval && !after.customerApproval) found.push('turns customer approval off');
  if (after.customerWindowMs > before.customerWindowMs) found.push('lengthens the customer window');
  if (after.quorum < before.quorum) found.push('lowers the quorum');
  if (after.grantMaxMs > before.grantMaxMs) found.push('lengthens grants');
  if (before.serviceInScope && !after.serviceInScope) found.push('takes the service out of the commitments');
  if (before.countries !== null && !(after.countries !== null && contains(before.countries, after.countries))) {
    found.push('permits more countries');
  }
  if (!contains(after.excludedEmployers, before.excludedEmployers)) found.push('readmits an excluded employer');
  if (!contains(after.optedOut, before.optedOut)) found.push('takes back an opt-out');
  return found;
}

function contains(all: readonly string[], some: readonly string[]): boolean {
  return some.every((one) => all.includes(one));
}

function within(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function ordered(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}
