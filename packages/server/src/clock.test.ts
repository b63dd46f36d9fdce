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

  it('of the machine goes on when the wall clock is set back, and says by how much it was', () => {
    let [wall, monotonic] = [1_000_000, 500];
    const clock = systemClock({ wall: () => wall, monotonic: () => monotonic });
    [wall, monotonic] = [1_001_000, 1_500];
    expect([clock.now(), clock.regressedMs()]).toEqual([1_001_000, 0]);
    [wall, monotonic] = [401_200, 1_700];
    expect([clock.now(), clock.regressedMs()]).toEqual([1_001_200, 600_000]);
    [wall, monotonic] = [402_000, 2_500];
    expect([clock.now(), clock.regressedMs()]).toEqual([1_002_000, 600_000]);
    [wall, monotonic] = [1_005_000, 3_000];
    expect([clock.now(), clock.regressedMs()]).toEqual([1_005_000, 0]);
  });
});
