import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { dependencies } from './generators/dependencies.ts';
import type { Generator } from './generators/generator.ts';
import { openApi } from './generators/openapi.ts';
import { promisePage } from './generators/promises.ts';
import { vocabulary } from './generators/vocabulary.ts';

/** Every generated file of the repository. A new one is added here and nowhere else; the gate compares it from then on. */
const generators: readonly Generator[] = [dependencies, openApi, promisePage, vocabulary];

/**
 * `node tools/gen.ts [--check]`: writes every generated file, or with `--check` writes nothing and exits 1 naming each
 * file that is not what would be written.
 */
async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { check: { type: 'boolean', default: false } } });
  const root = join(import.meta.dirname, '..');
  const stale: string[] = [];
  let failed = 0;
  for (const generator of generators) {
    const path = join(root, generator.output);
    const content = await generator.generate(root).catch((fault: unknown) => {
      process.stderr.write(`${generator.output}: could not be generated. ${String(fault)}\n`);
      return null;
    });
    if (content === null) failed += 1;
    if (content === null || content === (await readIfThere(path))) continue;
    stale.push(generator.output);
    if (values.check) continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  process.stdout.write(
    `${values.check ? 'compared' : 'generated'} ${generators.length} files, ${stale.length} changed\n`,
  );
  if (failed > 0) return 1;
  if (!values.check || stale.length === 0) return 0;
  for (const file of stale) process.stderr.write(`${file}: stale. Run \`npm run gen\` and commit the result.\n`);
  return 1;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
}

process.exitCode = await main(process.argv.slice(2));
