/**
 * A text from elsewhere as it may stand in a terminal: control and direction characters become visible, so that nobody's
 * justification can move the cursor, hide a line or forge one.
 */
export function plain(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (found) => `\\u${(found.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** Like `plain`, for SQL and other texts of several lines: newlines and tabs stay. */
export function plainLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.split('\t').map(plain).join('\t'))
    .join('\n');
}

/** A time for people, with its zone: `2026-03-02 09:00:00 UTC`. Takes epoch milliseconds or the text of an answer. */
export function time(at: number | string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return plain(String(at));
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `1 row`, `2 rows`, with thousands apart. */
export function counted(count: number, singular: string, plural: string = `${singular}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? singular : plural}`;
}

/** Columns under each other, two spaces apart. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
