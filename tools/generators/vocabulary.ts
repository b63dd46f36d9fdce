import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Generator } from './generator.ts';

type Refusal = { readonly found: string; readonly next: string; readonly sqlstate: string; readonly status: number };
type Purpose = {
  readonly code: string;
  readonly permitted: boolean;
  readonly transform: string;
  readonly modes: readonly string[];
  readonly sentence: string;
};
type TermsDocument = {
  readonly version: number;
  readonly purposes: readonly Purpose[];
  readonly reasonCodes: readonly string[];
  readonly clocks: Readonly<Record<string, number>>;
  readonly limits: Readonly<Record<string, number>>;
  readonly transitions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly refusals: Readonly<Record<string, Refusal>>;
};

/** The page that lists the words of the terms: purposes, reasons, clocks, states and every refusal, from the code itself. */
export const vocabulary: Generator = {
  output: 'docs/vocabulary.md',
  async generate(root) {
    const terms = pathToFileURL(join(root, 'packages/terms/src/index.ts')).href;
    const { termsDocument } = (await import(terms)) as { termsDocument: TermsDocument };
    return [
      '# The words of the terms',
      '',
      `Written by \`npm run gen\` from \`termsDocument\`, version ${termsDocument.version}; do not edit. Every signed statement names the`,
      'hash of that document.',
      '',
      ...purposes(termsDocument),
      ...reasons(termsDocument),
      ...clocks(termsDocument),
      ...states(termsDocument),
      ...refusals(termsDocument),
    ].join('\n');
  },
};

function purposes(terms: TermsDocument): string[] {
  const rows = terms.purposes.map(
    (one) =>
      `| \`${one.code}\` | ${one.permitted ? one.modes.join(', ') : 'never'} | ${one.permitted ? one.transform : ''} | ${one.sentence} |`,
  );
  return ['## Purposes', '', '| purpose | allowed | form of the data | meaning |', '|---|---|---|---|', ...rows, ''];
}

function reasons(terms: TermsDocument): string[] {
  return ['## Reason codes', '', `${terms.reasonCodes.map((code) => `\`${code}\``).join(', ')}.`, ''];
}

function clocks(terms: TermsDocument): string[] {
  const rows = Object.entries(terms.clocks).map(([name, ms]) => `| \`${name}\` | ${span(ms)} |`);
  const counts = Object.entries(terms.limits).map(
    ([name, count]) => `| \`${name}\` | ${count.toLocaleString('en-US')} |`,
  );
  return ['## Clocks and limits', '', '| name | value |', '|---|---|', ...rows, ...counts, ''];
}

function span(ms: number): string {
  const units: readonly [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ];
  const fitting = units.find(([size]) => ms % size === 0 && ms >= size);
  return fitting === undefined ? `${ms} ms` : `${ms / fitting[0]} ${fitting[1]}`;
}

function states(terms: TermsDocument): string[] {
  const rows = Object.entries(terms.transitions).flatMap(([state, ways]) =>
    Object.entries(ways).map(([event, next]) => `| \`${state}\` | ${event} | \`${next}\` |`),
  );
  return [
    '## Life of a request',
    '',
    'Every step that exists; any other is refused.',
    '',
    '| from | event | to |',
    '|---|---|---|',
    ...rows,
    '',
  ];
}

function refusals(terms: TermsDocument): string[] {
  const rows = Object.entries(terms.refusals).map(
    ([code, row]) => `| \`${code}\` | ${row.found} | ${row.next} | ${row.sqlstate} | ${row.status} |`,
  );
  return [
    '## Refusals',
    '',
    '| code | what was found | what to do | SQLSTATE | HTTP |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ];
}
