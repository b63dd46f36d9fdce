/** The value below `value` along the names; undefined where there is none. Payloads come from outside: any form is possible. */
export function at(value: unknown, ...names: readonly string[]): unknown {
  let found = value;
  for (const name of names) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

/** More characters than this are not shown in a sentence; the whole is in the entry's content. */
const sentenceMost = 200;

/** The text on one line and short enough for a sentence; null if it is no text. */
export function text(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const line = harmless(value.slice(0, sentenceMost * 2))
    .replace(/\s+/g, ' ')
    .trim();
  if (line === '') return null;
  return line.length > sentenceMost || value.length > sentenceMost * 2 ? `${line.slice(0, sentenceMost)}…` : line;
}

/** More characters than this of a text are cut, and the cut is said. */
const quoteMost = 4000;

/** The text with its lines, to be quoted below a sentence; null if it is no text. */
export function quote(value: unknown): string | null {
  if (typeof value !== 'string' || value.trim() === '') return null;
  if (value.length <= quoteMost) return harmless(value);
  return `${harmless(value.slice(0, quoteMost))}\n… cut here: ${count(value.length - quoteMost)} more characters`;
}

/** The texts of a list, joined; null if there are none. */
export function list(value: unknown, tell: (item: unknown) => string | null = text): string | null {
  if (!Array.isArray(value)) return null;
  const told = value.slice(0, 20).map(tell);
  const words = told.filter((word) => word !== null);
  const more = value.length > 20 ? [`${count(value.length - 20)} more`] : [];
  return words.length === 0 ? null : [...words, ...more].join(', ');
}

/** The number if it is a whole number from zero on; null otherwise. */
export function whole(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** A number with separators. */
export function count(value: number): string {
  return value.toLocaleString('en-GB');
}

/** A count with its noun: 1 row, 2 rows. */
export function counted(value: number, one: string, many: string = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A moment as text or epoch milliseconds, told in UTC to the second; null if it is none. */
export function moment(value: unknown): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? null : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A span of milliseconds in its largest whole unit; null if it is none. */
export function span(value: unknown): string | null {
  const milliseconds = whole(value);
  if (milliseconds === null) return null;
  for (const [unit, size] of units) {
    if (milliseconds >= size && milliseconds % size === 0) return counted(milliseconds / size, unit);
  }
  return milliseconds < 1000 ? `${milliseconds} ms` : `${count(Math.round(milliseconds / 1000))} s`;
}

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** Without what could make a line look like another: control characters and marks that turn the direction of writing. */
export function harmless(value: string): string {
  // oxlint-disable-next-line no-control-regex -- these are the characters to be taken out
  return value.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
}
