import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Part, filesBelow } from './part.ts';

/** A comment that switches a check off. `reason` is what must follow it on the same line. */
const switches: readonly { readonly pattern: RegExp; readonly reason: RegExp | null; readonly advice: string }[] = [
  {
    pattern: /(?:\/\/|\/\*)\s*(?:oxlint|eslint)-disable(?:-next-line|-line)?\b(.*)/,
    reason: /\s--\s+\S.{9,}/,
    advice: 'name the rule and add ` -- ` with the reason on the same line',
  },
  {
    pattern: /(?:\/\/|\/\*)\s*@ts-expect-error\b(.*)/,
    reason: /^[:\s-]+\S.{9,}/,
    advice: 'add the reason on the same line',
  },
  { pattern: /(?:\/\/|\/\*)\s*@ts-(?:ignore|nocheck)\b/, reason: null, advice: 'use @ts-expect-error with a reason' },
  {
    pattern: /(?:\/\/|\/\*)\s*biome-ignore(?:-all|-start)?\b(.*)/,
    reason: /:\s*\S.{9,}/,
    advice: 'add `: ` with the reason on the same line',
  },
  {
    pattern: /(?:\/\/|\/\*)\s*(?:v8|c8|istanbul) ignore\b(.*)/,
    reason: /--\s+\S.{9,}/,
    advice: 'add ` -- ` with the reason',
  },
  {
    pattern: /^\s*(?:describe|it|test)(?:\.concurrent|\.sequential)?\.(?:skip|todo|fails)\(.*?$/,
    reason: /\/\/\s+\S.{9,}/,
    advice: 'say on the same line in a `//` comment why the test does not run',
  },
  {
    pattern: /^\s*(?:describe|it|test)(?:\.\w+)*\.only\(/,
    reason: null,
    advice: 'remove `.only`: it switches all other tests off',
  },
];

/** A check may be switched off only with a reason on the line that does it, so that the reader can judge it. */
export const suppressions: Part = {
  name: 'suppressions',
  async judge(root) {
    const files = await filesBelow(root, ['packages', 'tools', 'test'], /\.(?:tsx?|jsx?|mjs|cjs|css)$/);
    const problems: string[] = [];
    for (const file of files) {
      const lines = (await readFile(join(root, file), 'utf8')).split('\n');
      lines.forEach((line, index) => {
        for (const { pattern, reason, advice } of switches) {
          const match = pattern.exec(line);
          if (match === null) continue;
          if (reason === null || !reason.test(match[1] ?? line))
            problems.push(`${file}:${index + 1} switches a check off without a reason: ${advice}.`);
        }
      });
    }
    return { problems, examined: files.length, unit: 'files' };
  },
};
