import { describe, expect, it } from 'vitest';
import { ends, grantEnd, isLive, outerNotAfter } from './grant.ts';
import { hour, instant, plus } from './time.ts';

const activatedAt = instant(1_000_000);
const notAfter = plus(activatedAt, hour);

describe('a grant', () => {
  it('is live from its first use until before its end', () => {
    const live = [-1, 0, 1].map((step) => isLive({ activatedAt, notAfter, ended: null }, plus(activatedAt, step)));
    expect(live).toEqual([false, true, true]);
    const ending = [-1, 0, 1].map((step) => isLive({ activatedAt, notAfter, ended: null }, plus(notAfter, step)));
    expect(ending).toEqual([true, false, false]);
  });

  it('is live no more once any of the seven ends is recorded', () => {
    expect(ends).toHaveLength(7);
    for (const end of ends)
      expect(isLive({ activatedAt, notAfter, ended: { end, at: activatedAt } }, activatedAt)).toBe(false);
  });

  it('ends after its duration, or at the signed outer end if that is earlier', () => {
    expect(grantEnd(activatedAt, hour, plus(activatedAt, 2 * hour))).toBe(notAfter);
    expect(grantEnd(activatedAt, 3 * hour, notAfter)).toBe(notAfter);
  });

  it('has an outer end that lets every window run to its end', () => {
    const asked = { raisedAt: activatedAt, notBefore: activatedAt, durationMs: 2 * hour, customerWindowMs: 12 * hour };
    expect(outerNotAfter(asked) - activatedAt).toBe((4 + 12 + 1 + 2) * hour);
    expect(outerNotAfter({ ...asked, notBefore: plus(activatedAt, 100 * hour) }) - activatedAt).toBe(103 * hour);
  });
});
