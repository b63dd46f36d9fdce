/**
 * Time as the terms see it: whole milliseconds since 1970-01-01T00:00:00Z, always UTC.
 * Nothing here reads a clock; `now` always comes in with the facts.
 */

declare const instantBrand: unique symbol;

/** A point in time: epoch milliseconds (UTC, no leap seconds). Plain JSON number at run time. */
export type Instant = number & { readonly [instantBrand]: 'Instant' };

/** One second, minute, hour and day in milliseconds. A day is always 24 h (DOMAIN: "day" = 24 h). */
export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** The first and last instant whose ISO form has exactly 24 characters (years 0000 to 9999). */
export const earliestInstant = -62_167_219_200_000 as Instant;
export const latestInstant = 253_402_300_799_999 as Instant;

/** Marks whole epoch milliseconds, as a clock gives them, as an `Instant`. Does not check; `isInstant` does. */
export function instant(epochMs: number): Instant {
  return epochMs as Instant;
}

/** Holds for whole epoch milliseconds in the years 0000 to 9999: the times a log entry can carry. */
export function isInstant(value: unknown): value is Instant {
  return Number.isInteger(value) && (value as number) >= earliestInstant && (value as number) <= latestInstant;
}

/** The instant `spanMs` after `at` (before it, if negative). Exact arithmetic, no calendar. */
export function plus(at: Instant, spanMs: number): Instant {
  return (at + spanMs) as Instant;
}

/** The earlier of two instants. */
export function earlier(a: Instant, b: Instant): Instant {
  return a < b ? a : b;
}

/** The later of two instants. */
export function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}

/**
 * Writes `2026-03-02T09:00:00.000Z`, the only form of a time in a payload (LOG-SPEC 1.3). What is no instant after all is
 * written as `invalid`, which `parseInstant` refuses.
 */
export function formatInstant(at: Instant): string {
  return isInstant(at) ? new Date(at).toISOString() : 'invalid';
}

const isoForm = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})\.(\d{3})Z$/;

/**
 * Reads exactly the 24-character form of LOG-SPEC 1.3. Null for everything else: another zone, other precision,
 * a leap second, 30 February.
 */
export function parseInstant(text: string): Instant | null {
  const fields = isoForm.exec(text);
  if (fields === null) return null;
  const [year, month, dayOfMonth, hours, minutes, seconds, millis] = fields.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const at = instantOfDay(year, month - 1, dayOfMonth) + hours * hour + minutes * minute + seconds * second + millis;
  // Writing it back is the whole validation: an impossible date or time of day comes out as another text.
  return formatInstant(at as Instant) === text ? (at as Instant) : null;
}

/**
 * The same UTC day of month and time of day, `months` calendar months later; where that month has no such day, its last day.
 * 31 August plus six months is 28 (or 29) February. Six months are not 180 days. Clamping takes several days to one, so there a
 * later start can come out earlier, by less than a day: 30 August 23:00 ends after 31 August 00:00.
 */
export function plusCalendarMonths(at: Instant, months: number): Instant {
  const date = new Date(at);
  const monthIndex = date.getUTCFullYear() * 12 + date.getUTCMonth() + months;
  const year = Math.floor(monthIndex / 12);
  const month = monthIndex - year * 12;
  const dayOfMonth = Math.min(date.getUTCDate(), daysInMonth(year, month));
  const timeOfDay = at - instantOfDay(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  return (instantOfDay(year, month, dayOfMonth) + timeOfDay) as Instant;
}

function daysInMonth(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month] ?? 0;
}

/** Midnight UTC of a Gregorian day. `setUTCFullYear` and not `Date.UTC`, which takes year 99 for 1999. */
function instantOfDay(year: number, month: number, dayOfMonth: number): number {
  return new Date(0).setUTCFullYear(year, month, dayOfMonth);
}
