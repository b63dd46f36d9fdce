import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { filesBelow } from '../gate/part.ts';
import type { Generator } from './generator.ts';
import { type Promised, promises } from './promise-list.ts';

type Told = { readonly file: string; readonly title: string };

/**
 * The page that tells of each promise which rule keeps it, in which file, and which test shows it. Rules are listed in
 * `promise-list.ts`; tests are found by their titles, which begin with the promise. A rule's file that is gone is a fault.
 */
export const promisePage: Generator = {
  output: 'docs/terms.md',
  async generate(root) {
    const tests = await testsOfPromises(root);
    const unknown = [...tests.keys()].filter((id) => !promises.some((promise) => promise.id === id));
    if (unknown.length > 0) throw new Error(`Tests name promises that do not exist: ${unknown.join(', ')}.`);
    const rows: string[] = [];
    for (const promise of promises) rows.push(await row(root, promise, tests.get(promise.id) ?? []));
    return [
      '# The promises, and what keeps them',
      '',
      'Written by `npm run gen` from `tools/generators/promise-list.ts` and the titles of the tests; do not edit. "Not yet" means',
      'that no code keeps the promise today. A promise with a rule and tests is kept as far as the last column says, no further.',
      '',
      '| | promise | rule | test | today |',
      '|---|---|---|---|---|',
      ...rows,
      '',
    ].join('\n');
  },
};

async function row(root: string, promise: Promised, tests: readonly Told[]): Promise<string> {
  for (const rule of promise.rules) {
    await access(join(root, rule.file)).catch((cause: unknown) => {
      throw new Error(`tools/generators/promise-list.ts: ${promise.id} names ${rule.file}, which does not exist.`, {
        cause,
      });
    });
  }
  const rules = promise.rules.map((rule) => `${rule.sentence} ([${rule.file.split('/').at(-1)}](../${rule.file}))`);
  const shown = tests.map((test) => `"${test.title}" ([${test.file.split('/').at(-1)}](../${test.file}))`);
  const cells = [
    promise.id,
    promise.text,
    rules.join('<br>') || 'not yet',
    shown.join('<br>') || 'not yet',
    promise.today,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

async function testsOfPromises(root: string): Promise<Map<string, Told[]>> {
  const found = new Map<string, Told[]>();
  for (const file of await filesBelow(root, ['packages', 'test'], /\.test\.tsx?$/)) {
    const text = await readFile(join(root, file), 'utf8');
    for (const match of text.matchAll(
      /\b(?:it|test)(?:\.\w+\([^)]*\))?\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g,
    )) {
      const title = (match[1] ?? match[2] ?? match[3] ?? '').replaceAll("\\'", "'");
      const id = /^(S\d+): /.exec(title)?.[1];
      if (id === undefined) continue;
      found.set(id, [...(found.get(id) ?? []), { file, title: title.slice(id.length + 2) }]);
    }
  }
  return found;
}
