/**
 * The one clock of the program (INV-8a). Every deadline is read from it at use, so a stopped timer extends nothing.
 * It is an argument everywhere: tests steer it, nothing else reads the system time.
 */
export interface Clock {
  /** Epoch milliseconds, UTC. May go back when the machine's clock is set back; `regressedMs` then says by how much. */
  now(): number;
  /**
   * How far the wall clock stands behind the highest time that this process has seen, corrected by the time that has
   * really passed since (monotonic). More than 2,000 ms stops activations (DESIGN.md section 3, "Time").
   */
  regressedMs(): number;
}

/** The clock of the machine. The monotonic clock is only used to notice that the wall clock went back. */
export function systemClock(): Clock {
  let highestWall = Date.now();
  let monotonicAtHighest = performance.now();

  function observe(): { wall: number; expected: number } {
    const wall = Date.now();
    const monotonic = performance.now();
    const expected = highestWall + (monotonic - monotonicAtHighest);
    if (wall >= expected) {
      highestWall = wall;
      monotonicAtHighest = monotonic;
    }
    return { wall, expected };
  }

  return {
    now: () => observe().wall,
    regressedMs: () => {
      const { wall, expected } = observe();
      return Math.max(0, Math.round(expected - wall));
    },
  };
}

/** A clock that stands still until it is told otherwise. For tests that steer time to a boundary. */
export function steeredClock(startAt: number): Clock & { set(at: number): void; advance(ms: number): void } {
  let at = startAt;
  let highest = startAt;
  return {
    now: () => at,
    regressedMs: () => highest - at,
    set: (next) => {
      at = next;
      highest = Math.max(highest, at);
    },
    advance: (ms) => {
      at += ms;
      highest = Math.max(highest, at);
    },
  };
}
