/** The epoch milliseconds of a time in the one form of LOG-SPEC 1.3, `2026-03-02T09:00:00.000Z`; null for every other text. */
export function parseTime(text: unknown): number | null {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return null;
  const at = Date.parse(text);
  // The platform reads 30 February as 2 March, and 24:00 as the next day: the parts that such a text moves must be those written.
  if (Number.isNaN(at) || text.startsWith('24', 11)) return null;
  return Number(text.slice(8, 10)) <= 28 || new Date(at).toISOString() === text ? at : null;
}

/** The text form of epoch milliseconds (LOG-SPEC 1.3). Throws a RangeError outside the years 0 to 9999. */
export function formatTime(at: number): string {
  const text = new Date(at).toISOString();
  if (text.length !== 24) throw new RangeError(`The time ${at} is outside the years 0 to 9999.`);
  return text;
}
