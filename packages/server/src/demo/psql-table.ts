/** Types that psql aligns to the right: the numbers, and oid, xid, cid, money. */
const rightAligned: ReadonlySet<number> = new Set([20, 21, 23, 26, 28, 29, 700, 701, 790, 1700]);

/** A result as psql prints it in its aligned form, null as nothing. */
export function tableOf(
  fields: readonly { readonly name: string; readonly dataTypeID: number }[],
  rows: readonly (readonly (string | null)[])[],
): string {
  const widths = fields.map(({ name }, at) => Math.max(widthOf(name), ...rows.map((row) => widthOf(row[at] ?? ''))));
  const head = fields.map(({ name }, at) => centred(name, widths[at] ?? 0)).join('|');
  const rule = widths.map((width) => '-'.repeat(width + 2)).join('+');
  const body = rows.map((row) =>
    row
      .map((value, at) => cell(value ?? '', widths[at] ?? 0, fields[at]))
      .join('|')
      .trimEnd(),
  );
  const count = `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`;
  return [head.trimEnd(), rule, ...body, count].join('\n');
}

function cell(text: string, width: number, field: { readonly dataTypeID: number } | undefined): string {
  const space = ' '.repeat(width - widthOf(text));
  return rightAligned.has(field?.dataTypeID ?? 0) ? ` ${space}${text} ` : ` ${text}${space} `;
}

function centred(text: string, width: number): string {
  const space = width - widthOf(text);
  const left = Math.floor(space / 2);
  return ` ${' '.repeat(left)}${text}${' '.repeat(space - left)} `;
}

const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/gu;

/** Columns of a terminal: the wide letters of East Asia take two. */
function widthOf(text: string): number {
  return Array.from(text).length + (text.match(wide)?.length ?? 0);
}
