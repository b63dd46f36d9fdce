import { type Eligibility, instant } from '@gatehouse/terms';
import { describe, expect, it } from 'vitest';
import type { NewPerson } from './person.ts';
import { faultsOf, firstRecord, nextRecord, standingOf } from './record.ts';

const troubleshooting: Eligibility = {
  purpose: 'troubleshoot.*',
  modes: ['read'],
  maxDurationMs: 1000,
  until: instant(10_000),
};
const engineer: NewPerson = {
  id: 'engineer@operator.example',
  name: 'Emil Novak',
  kind: 'operator_staff',
  employer: 'Example Operator Ltd',
  country: 'IE',
  manager: 'manager@operator.example',
  trainingValidUntil: instant(9000),
  confidentialitySignedAt: instant(1),
  confidentialityUntil: instant(8000),
  supplier: 'not_a_supplier',
  supplierValidUntil: null,
  roles: ['engineer'],
  eligibilities: [troubleshooting],
};
const record = firstRecord(engineer, instant(100));

describe('the record of a person', () => {
  it('dates an eligibility from the entry that gave it', () => {
    expect(record.eligibilities).toEqual([{ ...troubleshooting, since: 100 }]);
  });

  it('keeps since when a right is held through a change that does not widen it', () => {
    const after = nextRecord(
      record,
      { country: 'SE', eligibilities: [{ ...troubleshooting, until: instant(20_000) }] },
      instant(200),
    );
    expect(after.eligibilities[0]?.since).toBe(100);
  });

  it.each<[string, Partial<Eligibility>]>([
    ['another purpose', { purpose: 'provide.support' }],
    ['another mode', { modes: ['read', 'write'] }],
    ['a longer duration', { maxDurationMs: 1001 }],
  ])('dates a right anew when it gets %s', (_, change) => {
    const after = nextRecord(record, { eligibilities: [{ ...troubleshooting, ...change }] }, instant(200));
    expect(after.eligibilities[0]?.since).toBe(200);
  });

  it.each([9_999, 10_000, 10_001])('dates a right anew once it had ended (renewed at %i, ended at 10000)', (at) => {
    const after = nextRecord(record, { eligibilities: [{ ...troubleshooting, until: instant(99_000) }] }, instant(at));
    expect(after.eligibilities[0]?.since).toBe(at < 10_000 ? 100 : at);
  });

  it('takes every eligibility from a mover until it is stated again (INV-46)', () => {
    expect(nextRecord(record, { manager: 'other@operator.example' }, instant(200)).eligibilities).toEqual([]);
    expect(nextRecord(record, { employer: 'Other Ltd' }, instant(200)).eligibilities).toEqual([]);
    expect(nextRecord(record, { name: 'E. Novak' }, instant(200)).eligibilities).toHaveLength(1);
    const moved = { manager: 'other@operator.example', eligibilities: [troubleshooting] };
    expect(nextRecord(record, moved, instant(200)).eligibilities).toHaveLength(1);
  });

  it('leaves a leaver eligible for nothing, whatever the change says', () => {
    const left = nextRecord(record, { employed: false, eligibilities: [troubleshooting] }, instant(200));
    expect(left.employed).toBe(false);
    expect(left.eligibilities).toEqual([]);
  });

  it.each([7_999, 8_000, 8_001])(
    'counts confidentiality as missing from exactly its end (asked at %i, ended at 8000)',
    (at) => {
      expect(standingOf(record, instant(at)).confidentialitySignedAt).toBe(at < 8_000 ? 1 : null);
    },
  );

  it.each<[string, Partial<NewPerson>]>([
    ['id must', { id: 'Engineer@operator.example' }],
    ['id must', { id: 'engineer' }],
    ['id must', { id: `${'a'.repeat(65)}@operator.example` }],
    ['name must', { name: 'a\nb' }],
    ['name must', { name: ' ' }],
    ['employer must', { employer: '' }],
    ['kind must', { kind: 'government' }],
    ['kind must', { kind: 'customer_user' }],
    ['country must', { country: 'ie' }],
    ['manager must', { manager: 'engineer@operator.example' }],
    ['roles must', { roles: ['engineer', 'engineer'] }],
    ['trainingValidUntil must', { trainingValidUntil: instant(1.5) }],
    ['must name a permitted purpose', { eligibilities: [{ ...troubleshooting, purpose: 'sell' }] }],
    ['must name a permitted purpose', { eligibilities: [{ ...troubleshooting, purpose: '*' }] }],
    ['must name a permitted purpose', { eligibilities: [{ ...troubleshooting, purpose: 'sell.*' }] }],
    ['modes must', { eligibilities: [{ ...troubleshooting, modes: [] }] }],
    ['maxDurationMs must', { eligibilities: [{ ...troubleshooting, maxDurationMs: 0 }] }],
  ])('is refused because %s be right: %j', (part, change) => {
    expect(faultsOf(firstRecord({ ...engineer, ...change }, instant(0))).join('; ')).toContain(part);
  });

  it('is accepted as the sample has it', () => {
    expect(faultsOf(record)).toEqual([]);
  });
});
