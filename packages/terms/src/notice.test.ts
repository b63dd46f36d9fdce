import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noticeDataClasses, noticeEndsAt, noticeHasEnded, subcontractorLists } from './notice.ts';
import { day, formatInstant, instant, parseInstant } from './time.ts';

const published = parseInstant('2026-08-31T10:00:00.000Z') ?? instant(0);

describe('advance notice', () => {
  it('S26: gives six calendar months before a new subcontractor may see customer content', () => {
    const ends = noticeEndsAt(published, 'online_services', ['customer_content']);
    expect(formatInstant(ends)).toBe('2027-02-28T10:00:00.000Z');
  });

  it('S27: gives fourteen days of 24 h before a new support contractor may be shared with', () => {
    const ends = noticeEndsAt(published, 'commercial_support', ['support_data']);
    expect(ends - published).toBe(14 * day);
  });

  it('gives thirty days of 24 h for other personal data', () => {
    expect(noticeEndsAt(published, 'online_services', ['personal_data']) - published).toBe(30 * day);
  });

  it('runs for the longest of the classes, and for the longest of all if none is named', () => {
    const longest = noticeEndsAt(published, 'online_services', ['customer_content']);
    expect(noticeEndsAt(published, 'online_services', ['personal_data', 'customer_content'])).toBe(longest);
    expect(noticeEndsAt(published, 'online_services', [])).toBe(longest);
  });

  it('has ended at exactly its end and not a millisecond earlier, also across a change of summer time', () => {
    const start = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) }).map(instant);
    const list = fc.constantFrom(...subcontractorLists);
    const classes = fc.subarray([...noticeDataClasses], { minLength: 1 });
    fc.assert(
      fc.property(start, list, classes, fc.constantFrom(-1, 0, 1), (from, which, what, step) => {
        const now = instant(noticeEndsAt(from, which, what) + step);
        expect(noticeHasEnded(from, which, what, now)).toBe(step >= 0);
      }),
    );
  });
});
