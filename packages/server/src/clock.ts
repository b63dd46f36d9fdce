/**
 * The one clock of the program (INV-8a). Every deadline is read from it at use, so a stopped timer extends nothing.
 * It is an argument everywhere: tests steer it, nothing else reads the system time.
 */
export interface Clock {
  /** Epoch milliseconds, UTC. The clock of the machine never goes back in one process: a deadline that has come stays past. */
  now(): number;
  /**
   * How far the wall clock stands behind the highest time that this process has seen, corrected by the time that has
   * really passed since (monotonic). More than 2,000 ms stops activations (DESIGN.md section 3, "Time").
   */
  regressedMs(): number;
}

/** The two clocks of a machine, as arguments, so that a test can set one of them back. */
type MachineClocks = { readonly wall: () => number; readonly monotonic: () => number };

/**
 * The clock of the machine. Where the wall clock is set back, time goes on from the highest that was seen, by what has
 * really passed: no grant gains from it, and `regressedMs` tells by how much the wall clock is behind. A new process
 * begins from the wall clock; the log's own times, which never fall, are then the floor (LOG-SPEC 3.2).
 */
export function systemClock(
  clocks: MachineClocks = { wall: () => Date.now(), monotonic: () => performance.now() },
): Clock {
  let highestWall = clocks.wall();
  let monotonicAtHighest = clocks.monotonic();

  function observe(): { wall: number; expected: number } {
    const wall = clocks.wall();
    const monotonic = clocks.monotonic();
    const expected = highestWall + (monotonic - monotonicAtHighest);
    if (wall >= expected) {
      highestWall = wall;
      monotonicAtHighest = monotonic;
    }
    return { wall, expected };
  }

  return {
    now: () => {
      const { wall, expected } = observe();
      return Math.max(wall, Math.floor(expected));
    },
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
