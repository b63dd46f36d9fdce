/** The system time in epoch milliseconds; an argument everywhere else, so that tests can steer it. */
export function systemNow(): number {
  return Date.now();
}
