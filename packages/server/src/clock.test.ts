import { describe, expect, it } from 'vitest';
import { steeredClock, systemClock } from './clock.ts';

describe('the clock', () => {
  it('says how far it stands behind the highest time it has seen', () => {
    const clock = steeredClock(10_000);
    expect(clock.regressedMs()).toBe(0);
    clock.set(7_500);
    expect(clock.now()).toBe(7_500);
    expect(clock.regressedMs()).toBe(2_500);
    clock.advance(2_500);
    expect(clock.regressedMs()).toBe(0);
  });

  it('of the machine does not go back by itself', () => {
    const clock = systemClock();
    const before = clock.now();
    expect(clock.now()).toBeGreaterThanOrEqual(before);
    expect(clock.regressedMs()).toBeLessThan(1_000);
  });
});
