import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const folder = new URL('../src/', import.meta.url);
const sources = readdirSync(folder)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => ({
    name,
    code: readFileSync(new URL(name, folder), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''),
  }));

/** What a rule may not do. The compiler holds the rest: there are no types of Node here. */
const impure =
  /\bDate\.now\b|\bnew Date\(\)|\bperformance\b|\bMath\.random\b|\bcrypto\b|\bprocess\b|\bthrow\b|\bawait\b|\bfetch\b/;

describe('the rules', () => {
  it('are found', () => {
    expect(sources.length).toBeGreaterThan(25);
  });

  it.each(sources)('read no clock, no randomness and no environment, and throw nothing: $name', ({ code }) => {
    expect(code).not.toMatch(impure);
  });

  it.each(sources)('import nothing but each other: $name', ({ code }) => {
    const from = [...code.matchAll(/from '([^']+)'/g)].map((match) => match[1]);
    expect(from.filter((path) => !/^\.\/[a-z-]+\.ts$/.test(path ?? ''))).toEqual([]);
  });

  it('would be found out', () => {
    for (const code of ['const now = Date.now();', 'new Date()', 'throw new Error()', 'Math.random()'])
      expect(code).toMatch(impure);
  });
});
