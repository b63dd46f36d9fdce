import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './durations.ts';
import { CliFailure } from './failure.ts';

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];

describe('durations', () => {
  it.each([
    ['2h', 2 * hour],
    ['90m', 90 * minute],
    ['1h30m', hour + 30 * minute],
    ['1d', day],
    ['1d2h3m', day + 2 * hour + 3 * minute],
    ['0h5m', 5 * minute],
  ])('reads %s', (text, expected) => {
    expect(parseDuration(text, '--for')).toBe(expected);
  });

  it.each(['', '2', 'h', '2 h', '-2h', '2.5h', '0h', '30m1h', '1h1h', '2hours', '2H', '2h\n', '99999h', '१h', '1e3m'])(
    'refuses %j and names the flag',
    (text) => {
      let refusal: unknown;
      try {
        parseDuration(text, '--for');
      } catch (thrown) {
        refusal = thrown;
      }
      expect(refusal).toBeInstanceOf(CliFailure);
      expect(refusal).toMatchObject({
        code: 'duration_invalid',
        exitCode: 2,
        message: expect.stringContaining('--for'),
      });
    },
  );

  it.each([
    [2 * hour, '2 h'],
    [hour + 30 * minute, '1 h 30 min'],
    [day + 1000, '1 d 1 s'],
    [0, '0 s'],
    [400, '0 s'],
  ])('says %d ms as %s', (milliseconds, expected) => {
    expect(formatDuration(milliseconds)).toBe(expected);
  });
});
