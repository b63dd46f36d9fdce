import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime, parseTime } from './index.ts';

describe('a time', () => {
  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }), (at) => {
        expect(parseTime(formatTime(at))).toBe(at);
      }),
    );
  });

  it('has one form for one instant', () => {
    const digits = (most: number) => fc.integer({ min: 0, max: most }).map((value) => String(value).padStart(2, '0'));
    fc.assert(
      fc.property(digits(13), digits(32), digits(25), digits(61), digits(61), (month, day, hour, minute, second) => {
        const text = `2024-${month}-${day}T${hour}:${minute}:${second}.000Z`;
        const at = parseTime(text);
        if (at !== null) expect(formatTime(at)).toBe(text);
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    '2026-02-30T00:00:00.000Z',
    '2026-03-02T24:00:00.000Z',
    '2026-03-02T09:00:00Z',
    '2026-03-02T09:00:60.000Z',
    '2026-03-02t09:00:00.000z',
    '+002026-03-02T09:00:00.000Z',
    '2026-03-02T09:00:00.000+00:00',
    '',
  ])('refuses %s', (text) => {
    expect(parseTime(text)).toBeNull();
  });

  it('refuses to write years that the form has no room for', () => {
    expect(() => formatTime(253_402_300_800_000)).toThrow(RangeError);
  });
});
