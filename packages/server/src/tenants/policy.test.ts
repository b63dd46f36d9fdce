import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPolicy, faultsOf, loosenings, policyDocument, policyHash } from './policy.ts';
import type { TenantPolicy } from './tenant.ts';

const hour = 3_600_000;
const strict: TenantPolicy = {
  ...defaultPolicy,
  customerApproval: true,
  quorum: 2,
  countries: ['IE', 'SE'],
  excludedEmployers: ['Rival Ltd'],
  optedOut: ['improve.reliability'],
};

describe('a tenant policy', () => {
  it.each<[string, Partial<TenantPolicy>]>([
    ['turns customer approval off', { customerApproval: false }],
    ['lengthens the customer window', { customerWindowMs: defaultPolicy.customerWindowMs + 1 }],
    ['lowers the quorum', { quorum: 1 }],
    ['permits more countries', { countries: ['IE', 'SE', 'US'] }],
    ['permits more countries', { countries: null }],
    ['permits more countries', { countries: ['US'] }],
    ['readmits an excluded employer', { excludedEmployers: [] }],
    ['takes back an opt-out', { optedOut: [] }],
    ['takes the service out of the commitments', { serviceInScope: false }],
  ])('is looser if it %s: %j', (sentence, change) => {
    expect(loosenings(strict, { ...strict, ...change })).toEqual([sentence]);
  });

  it.each<[Partial<TenantPolicy>]>([
    [{ customerWindowMs: hour }],
    [{ quorum: 3 }],
    [{ countries: ['IE'] }],
    [{ countries: [] }],
    [{ excludedEmployers: ['Rival Ltd', 'Other Ltd'] }],
    [{ optedOut: ['improve.reliability', 'improve.threat_protection'] }],
    [{ grantMaxMs: hour }],
  ])('is not looser if it only tightens: %j', (change) => {
    expect(loosenings(strict, { ...strict, ...change })).toEqual([]);
  });

  it('can never be loosened and tightened back in one look: what one way tightens the other way loosens', () => {
    fc.assert(
      fc.property(aPolicy, aPolicy, (one, other) => {
        const same = policyHash(policyDocument('t', 1, one)) === policyHash(policyDocument('t', 1, other));
        if (!same && loosenings(one, other).length === 0) expect(loosenings(other, one)).not.toEqual([]);
        if (same) expect(loosenings(one, other)).toEqual([]);
      }),
    );
  });

  it.each<[Partial<TenantPolicy>, string]>([
    [{ customerWindowMs: hour - 1 }, '1 hour to 4 days'],
    [{ customerWindowMs: 96 * hour + 1 }, '1 hour to 4 days'],
    [{ grantMaxMs: 8 * hour + 1 }, '1 minute to 8 hours'],
    [{ quorum: 0 }, '1 to 20 approvers'],
    [{ quorum: 1.5 }, '1 to 20 approvers'],
    [{ countries: ['ie'] }, 'two capital letters'],
    [{ optedOut: ['provide.operate'] }, 'opted out'],
    [{ optedOut: ['sell'] }, 'opted out'],
  ])('cannot go beyond the terms: %j', (change, part) => {
    expect(faultsOf({ ...defaultPolicy, ...change }).join()).toContain(part);
  });

  it('has one hash for one choice, whatever the order of its lists', () => {
    const a = policyDocument('acme', 1, { ...strict, countries: ['SE', 'IE', 'SE'] });
    const b = policyDocument('acme', 1, strict);
    expect(policyHash(a)).toBe(policyHash(b));
    expect(policyHash(b)).not.toBe(policyHash(policyDocument('acme', 2, strict)));
    expect(policyHash(b)).not.toBe(policyHash(policyDocument('globex', 1, strict)));
  });
});

const aPolicy = fc.record({
  customerApproval: fc.boolean(),
  customerWindowMs: fc.constantFrom(hour, 2 * hour),
  quorum: fc.integer({ min: 1, max: 2 }),
  countries: fc.option(fc.subarray(['IE', 'SE', 'US'])),
  excludedEmployers: fc.subarray(['A', 'B']),
  optedOut: fc.subarray(['improve.reliability', 'improve.threat_protection']),
  grantMaxMs: fc.constantFrom(hour, 2 * hour),
  serviceInScope: fc.boolean(),
});
