import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  earliestInstant,
  formatInstant,
  instant,
  isInstant,
  latestInstant,
  parseInstant,
  plusCalendarMonths,
} from './time.ts';

const anyInstant = fc.integer({ min: earliestInstant, max: latestInstant }).map(instant);
const yearsBeforeLast = fc.integer({ min: earliestInstant, max: latestInstant - 40_000_000_000 }).map(instant);

function at(text: string) {
  return parseInstant(text) ?? expect.unreachable(text);
}

describe('an instant', () => {
  it('is written and read back without loss, in 24 characters', () => {
    fc.assert(
      fc.property(anyInstant, (when) => {
        const written = formatInstant(when);
        expect(written).toHaveLength(24);
        expect(parseInstant(written)).toBe(when);
      }),
    );
  });

  it.each([
    '2026-03-02T09:00:00Z',
    '2026-03-02T09:00:00.000+00:00',
    '2026-03-02 09:00:00.000Z',
    '2026-02-30T09:00:00.000Z',
    '2025-02-29T09:00:00.000Z',
    '2026-13-01T09:00:00.000Z',
    '2026-03-02T24:00:00.000Z',
    '2026-12-31T23:59:60.000Z',
    '+002026-03-02T09:00:00.000Z',
    ' 2026-03-02T09:00:00.000Z',
    '2026-03-02T09:00:00.000Z\n',
    '２026-03-02T09:00:00.000Z',
    '',
  ])('is not read from %j', (text) => {
    expect(parseInstant(text)).toBeNull();
  });

  it('is a whole number of milliseconds in the years 0000 to 9999', () => {
    expect([0, earliestInstant, latestInstant].every(isInstant)).toBe(true);
    const others = [0.5, Number.NaN, Infinity, earliestInstant - 1, latestInstant + 1, '0', null, 0n];
    expect(others.some(isInstant)).toBe(false);
  });

  it('that is none is written as invalid, which nothing reads back', () => {
    for (const wrong of [Number.NaN, Infinity, latestInstant + 1]) {
      expect(formatInstant(instant(wrong))).toBe('invalid');
      expect(parseInstant(formatInstant(instant(wrong)))).toBeNull();
    }
  });
});

describe('calendar months', () => {
  it.each([
    ['2026-08-31T10:11:12.013Z', 6, '2027-02-28T10:11:12.013Z'],
    ['2027-08-31T00:00:00.000Z', 6, '2028-02-29T00:00:00.000Z'],
    ['2026-08-30T23:59:59.999Z', 6, '2027-02-28T23:59:59.999Z'],
    ['2026-03-31T00:00:00.000Z', 6, '2026-09-30T00:00:00.000Z'],
    ['2026-12-31T00:00:00.000Z', 2, '2027-02-28T00:00:00.000Z'],
    ['2028-02-29T12:00:00.000Z', 12, '2029-02-28T12:00:00.000Z'],
    ['1899-08-31T12:00:00.000Z', 6, '1900-02-28T12:00:00.000Z'],
    ['1999-08-31T12:00:00.000Z', 6, '2000-02-29T12:00:00.000Z'],
    ['0099-08-31T12:00:00.000Z', 6, '0100-02-28T12:00:00.000Z'],
    ['2026-03-28T01:30:00.000Z', 6, '2026-09-28T01:30:00.000Z'],
    ['2026-01-15T12:00:00.000Z', -2, '2025-11-15T12:00:00.000Z'],
  ])('take %s plus %i to %s', (from, months, to) => {
    expect(formatInstant(plusCalendarMonths(at(from), months))).toBe(to);
  });

  it('keep the time of day, never skip a month, and clamp only downwards', () => {
    fc.assert(
      fc.property(yearsBeforeLast, fc.integer({ min: 0, max: 12 }), (from, months) => {
        const to = plusCalendarMonths(from, months);
        const [before, after] = [formatInstant(from), formatInstant(to)];
        expect(after.slice(10)).toBe(before.slice(10));
        expect(monthIndex(after) - monthIndex(before)).toBe(months);
        const [day, clamped] = [Number(before.slice(8, 10)), Number(after.slice(8, 10))];
        expect(clamped).toBeLessThanOrEqual(day);
        // Clamped only where the next day would be another month.
        if (clamped < day) expect(formatInstant(instant(to + 86_400_000)).slice(8, 10)).toBe('01');
      }),
    );
  });

  it('come out less than a day earlier for a later start, and only where clamping takes two days to one', () => {
    expect(formatInstant(plusCalendarMonths(at('2026-08-30T23:00:00.000Z'), 6))).toBe('2027-02-28T23:00:00.000Z');
    expect(formatInstant(plusCalendarMonths(at('2026-08-31T00:00:00.000Z'), 6))).toBe('2027-02-28T00:00:00.000Z');
    const span = fc.integer({ min: 0, max: 5 * 86_400_000 });
    fc.assert(
      fc.property(yearsBeforeLast, span, (from, later) => {
        const [first, second] = [plusCalendarMonths(from, 6), plusCalendarMonths(instant(from + later), 6)];
        expect(second - first).toBeGreaterThan(-86_400_000);
        if (second < first) expect(formatInstant(second).slice(0, 10)).toBe(formatInstant(first).slice(0, 10));
      }),
      { numRuns: 2_000 },
    );
  });
});

function monthIndex(iso: string): number {
  return Number(iso.slice(0, 4)) * 12 + Number(iso.slice(5, 7));
}
