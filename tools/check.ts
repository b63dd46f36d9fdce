import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { deadCode } from './gate/dead-code.ts';
import { format } from './gate/format.ts';
import { generated } from './gate/generated.ts';
import { imports } from './gate/imports.ts';
import { lint } from './gate/lint.ts';
import { lockFile } from './gate/lock-file.ts';
import type { Part, Verdict } from './gate/part.ts';
import { suppressions } from './gate/suppressions.ts';
import { types } from './gate/types.ts';

/** The static gate, longest parts first so that two cores end at about the same time. */
const parts: readonly Part[] = [lint, imports, deadCode, types, format, generated, suppressions, lockFile];

type Judged = { readonly part: Part; readonly verdict: Verdict; readonly milliseconds: number };

/**
 * `node tools/check.ts [--only PART,…] [--root DIR]`: judges the tree, prints each part with what it examined, and
 * exits 0 when all is well, 1 when something was found, 2 when it was called wrongly.
 */
async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { only: { type: 'string' }, root: { type: 'string' } } });
  const names = values.only?.split(',') ?? parts.map((part) => part.name);
  const unknown = names.filter((name) => !parts.some((part) => part.name === name));
  if (unknown.length > 0) {
    process.stderr.write(
      `No part is named ${unknown.join(', ')}. The parts are: ${parts.map((part) => part.name).join(', ')}.\n`,
    );
    return 2;
  }
  const root = resolve(values.root ?? '.');
  const waiting = parts.filter((part) => names.includes(part.name));
  const red: string[] = [];
  const worker = async (): Promise<void> => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      const judged = await judge(part, root);
      process.stdout.write(told(judged));
      if (!isGreen(judged.verdict)) red.push(part.name);
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, Math.min(4, availableParallelism())) }, worker));
  process.stdout.write(red.length === 0 ? 'The gate is green.\n' : `The gate is red: ${red.join(', ')}.\n`);
  return red.length === 0 ? 0 : 1;
}

async function judge(part: Part, root: string): Promise<Judged> {
  const startedAt = performance.now();
  const verdict = await part.judge(root).catch(
    (fault: unknown): Verdict => ({
      problems: [`${part.name} could not run: ${String(fault)}`],
      examined: 0,
      unit: 'files',
    }),
  );
  return { part, verdict, milliseconds: Math.round(performance.now() - startedAt) };
}

function isGreen(verdict: Verdict): boolean {
  return verdict.problems.length === 0 && verdict.examined > 0;
}

function told({ part, verdict, milliseconds }: Judged): string {
  const head = `${isGreen(verdict) ? 'ok ' : 'RED'} ${part.name.padEnd(13)} ${verdict.examined} ${verdict.unit}, ${(milliseconds / 1000).toFixed(1)} s\n`;
  const nothing = verdict.examined === 0 ? ['examined nothing, so it proves nothing'] : [];
  return head + [...nothing, ...verdict.problems].map((problem) => `    ${problem}\n`).join('');
}

process.exitCode = await main(process.argv.slice(2));
