import { access, readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseStatement, statementDecisions } from '../packages/verifier/src/index.ts';
import { repository } from './small-tree.ts';

const pages = [
  ...(await readdir(repository)).filter((name) => name.endsWith('.md')),
  ...(await readdir(join(repository, 'docs'), { recursive: true }))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].sort();
const decisions = pages.filter((page) => page.startsWith('docs/decisions/'));
const textOf = (page: string): Promise<string> => readFile(join(repository, page), 'utf8');

describe('the documents', () => {
  it.each(pages)('link only to files that exist: %s', async (page) => {
    const missing: string[] = [];
    for (const [, target = ''] of (await textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target) || target.startsWith('#')) continue;
      const path = join(repository, dirname(page), target.replace(/#.*$/, ''));
      await access(path).catch(() => missing.push(target));
    }
    expect(missing).toEqual([]);
  });

  it('name only npm scripts that exist', async () => {
    const { scripts } = JSON.parse(await textOf('package.json')) as { scripts: Record<string, string> };
    const unknown: string[] = [];
    for (const page of pages) {
      for (const [, name = ''] of (await textOf(page)).matchAll(/\bnpm run (?:-s )?([\w:]+)/g)) {
        if (scripts[name] === undefined) unknown.push(`${page}: npm run ${name}`);
      }
    }
    expect(unknown).toEqual([]);
  });

  it('start a clone with five commands, in CONTRIBUTING.md', async () => {
    const block = /(?:^ {4}\S.*\n)+/m.exec(await textOf('CONTRIBUTING.md'))?.[0] ?? '';
    expect(
      block
        .trim()
        .split('\n')
        .map((line) => line.trim().split(' ').slice(0, 2).join(' ')),
    ).toEqual(['git clone', 'cd gatehouse', 'npm ci', 'npm run', 'npm test']);
  });

  it('tell of every promise exactly once, in order', async () => {
    const told = [...(await textOf('docs/terms.md')).matchAll(/^\| (S\d+) \|/gm)].map((match) => match[1]);
    expect(told).toEqual(Array.from({ length: 31 }, (_, index) => `S${index + 1}`));
  });

  it('claim no promise as kept that has neither a rule nor a test', async () => {
    for (const row of (await textOf('docs/terms.md')).matchAll(
      /^\| (S\d+) \| .* \| not yet \| not yet \| (.*) \|$/gm,
    )) {
      expect(`${row[1]} ${row[2]}`).toBe(`${row[1]} not yet`);
    }
  });

  it('quote only test titles that exist', async () => {
    const wrong: string[] = [];
    for (const [, title = '', path = ''] of (await textOf('docs/terms.md')).matchAll(
      /"([^"]+)" \(\[[^\]]+\]\(\.\.\/([^)]+)\)\)/g,
    )) {
      const source = (await textOf(path)).replaceAll("\\'", "'");
      if (!source.includes(title)) wrong.push(`${path}: ${title}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each(decisions)(
    'give a decision its state, context, decision, consequences and what would change it: %s',
    async (page) => {
      const text = await textOf(page);
      const number = /(\d{4})-/.exec(page)?.[1];
      expect(text).toMatch(new RegExp(`^# ${number}: .+\n\nState: (?:accepted|superseded by \\d{4})`));
      expect([...text.matchAll(/^## (.+)$/gm)].map((match) => match[1])).toEqual([
        'Context',
        'Decision',
        'Consequences',
        'What would change our mind',
      ]);
    },
  );

  it('number the decisions without a gap', () => {
    expect(decisions.map((page) => Number(/(\d{4})-/.exec(page)?.[1]))).toEqual(decisions.map((_, index) => index + 1));
  });

  it('show a statement that the verifier can read, and every kind of statement that it knows', async () => {
    const page = await textOf('docs/statements.md');
    const example: unknown = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? 'null');
    expect(parseStatement(example)).toMatchObject({ ok: true });
    const rows = Object.entries(statementDecisions).map(
      ([type, decisions]) => `| \`${type}\` | ${decisions.map((one) => `\`${one}\``).join(', ')} |`,
    );
    expect(page.split('\n').filter((line) => /^\| `(access|directory|policy)\./.test(line))).toEqual(rows);
  });
});
