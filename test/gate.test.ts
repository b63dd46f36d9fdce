import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmallTree, repository } from './small-tree.ts';

type Judged = { readonly status: number | null; readonly output: string };
type Plant = {
  readonly title: string;
  readonly part: string;
  /** The file that the gate must name. */
  readonly file: string;
  /** The new text of that file, from the text it had (empty for a new file). */
  readonly text: (before: string) => string;
  /** What the gate must say beside the file. */
  readonly says: RegExp;
};

const access = 'packages/server/src/access/commands.ts';
const append = (more: string) => (before: string) => `${before}\n${more}\n`;
/** Written in two pieces, so that the gate does not take this file's strings for real suppressions. */
const comment = (text: string): string => `/${'/'} ${text}`;

const plants: readonly Plant[] = [
  {
    title: 'a value of the wrong type',
    part: 'types',
    file: access,
    text: append("export const wrong: number = 'text';"),
    says: /TS2322/,
  },
  {
    title: 'terms that print, because the compiler gives them no platform',
    part: 'types',
    file: 'packages/terms/src/index.ts',
    text: append("console.log('hello');"),
    says: /TS2584|TS2304/,
  },
  {
    title: 'terms that use a platform module',
    part: 'types',
    file: 'packages/terms/src/index.ts',
    text: (before) =>
      `import { readFileSync } from 'node:fs';\n${before}\nexport const text = readFileSync('x', 'utf8');\n`,
    says: /TS2307|TS2591/,
  },
  {
    title: 'a source file that no tsconfig covers',
    part: 'types',
    file: 'packages/server/spare/lost.ts',
    text: () => 'export const lost = 1;\n',
    says: /no tsconfig covers/,
  },
  {
    title: 'a promise that nobody awaits',
    part: 'lint',
    file: access,
    text: append('export function go(): void {\n  count();\n}'),
    says: /no-floating-promises/,
  },
  {
    title: 'a promise where a plain callback is expected',
    part: 'lint',
    file: access,
    text: append('[1].forEach(async () => {\n  await count();\n});'),
    says: /no-misused-promises/,
  },
  {
    title: 'a switch that forgets a kind',
    part: 'lint',
    file: 'packages/terms/src/index.ts',
    text: append(
      "export function say(kind: Kind): number {\n  switch (kind) {\n    case 'open':\n      return 1;\n  }\n  return 0;\n}",
    ),
    says: /switch-exhaustiveness-check/,
  },
  {
    title: 'a switch that hides forgotten kinds behind a default',
    part: 'lint',
    file: 'packages/terms/src/index.ts',
    text: append(
      "export function say(kind: Kind): number {\n  switch (kind) {\n    case 'open':\n      return 1;\n    default:\n      return 0;\n  }\n}",
    ),
    says: /switch-exhaustiveness-check/,
  },
  {
    title: 'any',
    part: 'lint',
    file: access,
    text: append('export const loose = (value: any): string => String(value);'),
    says: /no-explicit-any/,
  },
  {
    title: 'an empty catch',
    part: 'lint',
    file: access,
    text: append('try {\n  JSON.parse("x");\n} catch {}'),
    says: /no-empty/,
  },
  {
    title: 'a swallowed rejection',
    part: 'lint',
    file: access,
    text: append('await count().catch(() => {});'),
    says: /no-swallowed-rejection/,
  },
  {
    title: 'the system clock outside clock.ts',
    part: 'lint',
    file: access,
    text: append('export const at = Date.now();'),
    says: /no-clock/,
  },
  {
    title: 'the system clock as a new Date without an argument',
    part: 'lint',
    file: access,
    text: append('export const at = new Date();'),
    says: /no-clock/,
  },
  {
    title: 'the clock in terms, even in a file named clock.ts',
    part: 'lint',
    file: 'packages/terms/src/clock.ts',
    text: () => 'export const at = (): number => Date.now();\n',
    says: /no-clock/,
  },
  {
    title: 'predictable randomness',
    part: 'lint',
    file: access,
    text: append('export const drawn = Math.random();'),
    says: /no-randomness/,
  },
  {
    title: 'the environment outside config.ts',
    part: 'lint',
    file: access,
    text: append("export const home = process.env['HOME'];"),
    says: /no-environment/,
  },
  {
    title: 'the environment by import',
    part: 'lint',
    file: access,
    text: (before) => `import { env } from 'node:process';\n${before}\nexport const home = env['HOME'];\n`,
    says: /no-environment/,
  },
  {
    title: 'SQL in a command',
    part: 'lint',
    file: access,
    text: append(
      'export const sneak = (client: { query(text: string): Promise<void> }): Promise<void> => client.query(`delete from access.request`);',
    ),
    says: /sql-in-store/,
  },
  {
    title: 'a suppression that suppresses nothing',
    part: 'lint',
    file: access,
    text: append(
      `${comment('oxlint-disable-next-line no-var -- this line was once different')}\nexport const fine = 1;`,
    ),
    says: /[Uu]nused/,
  },
  {
    title: 'terms that import a package',
    part: 'imports',
    file: 'packages/terms/src/index.ts',
    text: (before) => `import { Pool } from 'pg';\n${before}\nexport const pool = Pool;\n`,
    says: /terms-stand-alone/,
  },
  {
    title: 'terms that import a package which lies in a folder dist',
    part: 'imports',
    file: 'packages/terms/src/index.ts',
    text: (before) => `import { expect } from 'vitest';\n${before}\nexport const check = expect;\n`,
    says: /node_modules\/vitest\/dist\/.*terms-stand-alone/,
  },
  {
    title: 'terms that import the verifier',
    part: 'imports',
    file: 'packages/terms/src/index.ts',
    text: (before) =>
      `import type { digest } from '@gatehouse/verifier';\n${before}\nexport type Digest = typeof digest;\n`,
    says: /terms-stand-alone/,
  },
  {
    title: 'a verifier with a dependency',
    part: 'imports',
    file: 'packages/verifier/src/index.ts',
    text: (before) => `import { Pool } from 'pg';\n${before}\nexport const pool = Pool;\n`,
    says: /verifier-stands-on-terms/,
  },
  {
    title: 'a browser entry that reaches a platform module through another file',
    part: 'imports',
    file: 'packages/verifier/src/browser.ts',
    text: (before) => `import { digest } from './index.ts';\n${before}\nexport const day = digest('open');\n`,
    says: /browser-entry-without-node/,
  },
  {
    title: 'a cli that imports the server',
    part: 'imports',
    file: 'packages/cli/src/main.ts',
    text: (before) =>
      `import { now } from '../../server/src/clock.ts';\n${before}\nprocess.stdout.write(String(now()));\n`,
    says: /cli-speaks-http-only/,
  },
  {
    title: 'a page that imports the server',
    part: 'imports',
    file: 'packages/web/src/main.tsx',
    text: (before) => `import { now } from '../../server/src/clock.ts';\n${before}\ndocument.title = String(now());\n`,
    says: /web-speaks-http-only/,
  },
  {
    title: 'a package entered by a path instead of its name',
    part: 'imports',
    file: 'packages/custodian/src/index.ts',
    text: (before) => `import { hourMs } from '../../terms/src/index.ts';\n${before}\nexport const hour = hourMs;\n`,
    says: /packages-by-name/,
  },
  {
    title: 'an engine that imports a module',
    part: 'imports',
    file: 'packages/server/src/db/index.ts',
    text: (before) => `import { count } from '../access/index.ts';\n${before}\nexport const counted = count;\n`,
    says: /engines-below-modules/,
  },
  {
    title: 'a module that imports an edge',
    part: 'imports',
    file: access,
    text: (before) => `import { path } from '../http/index.ts';\n${before}\nexport const page = path;\n`,
    says: /modules-below-edges/,
  },
  {
    title: 'an edge that imports a store',
    part: 'imports',
    file: 'packages/server/src/http/index.ts',
    text: (before) => `import { read } from '../access/store.ts';\n${before}\nexport const all = read;\n`,
    says: /edges-import-no-store/,
  },
  {
    title: 'an edge that imports another edge',
    part: 'imports',
    file: 'packages/server/src/http/index.ts',
    text: (before) => `import { ask } from '../gateway/index.ts';\n${before}\nexport const all = ask;\n`,
    says: /edges-apart/,
  },
  {
    title: 'a folder entered beside its door',
    part: 'imports',
    file: 'packages/server/src/tenants/index.ts',
    text: () => "import { count } from '../access/commands.ts';\n\nexport const counted = count;\n",
    says: /one-door/,
  },
  {
    title: 'a module that reads the configuration',
    part: 'imports',
    file: access,
    text: (before) => `import { dataDir } from '../config.ts';\n${before}\nexport const where = dataDir;\n`,
    says: /main-composes/,
  },
  {
    title: 'a clock that imports a layer',
    part: 'imports',
    file: 'packages/server/src/clock.ts',
    text: (before) => `import { pool } from './db/index.ts';\n${before}\nexport const clockPool = pool;\n`,
    says: /ground-imports-no-layer/,
  },
  {
    title: 'a folder without a layer',
    part: 'imports',
    file: 'packages/server/src/utils/index.ts',
    text: () => "import { now } from '../clock.ts';\n\nexport const later = now;\n",
    says: /known-folder/,
  },
  {
    title: 'a database driver outside the stores',
    part: 'imports',
    file: access,
    text: (before) => `import { Pool } from 'pg';\n${before}\nexport const mine = new Pool();\n`,
    says: /sql-in-its-place/,
  },
  {
    title: 'files that import each other',
    part: 'imports',
    file: 'packages/server/src/access/store.ts',
    text: (before) => `import { count } from './commands.ts';\n${before}\nexport const again = count;\n`,
    says: /no-cycle/,
  },
  {
    title: 'folders that import each other, even if no files do and only types are named',
    part: 'imports',
    file: 'packages/server/src/db/folder.ts',
    text: () => "import type { wait } from '../log/index.ts';\n\nexport type Wait = typeof wait;\n",
    says: /db -> log -> db: no-folder-cycle/,
  },
  {
    title: 'a file that nothing uses',
    part: 'dead-code',
    file: 'packages/server/src/access/forgotten.ts',
    text: () => 'export const forgotten = 1;\n',
    says: /Unused files/,
  },
  {
    title: 'an export that nothing uses',
    part: 'dead-code',
    file: access,
    text: append('export const nobodyAsks = 1;'),
    says: /nobodyAsks/,
  },
  {
    title: 'a dependency that nothing uses',
    part: 'dead-code',
    file: 'packages/cli/package.json',
    text: (before) => before.replace('"dependencies": {', '"dependencies": {\n    "commander": "15.1.0",'),
    says: /commander/,
  },
  {
    title: 'a dependency that no manifest names',
    part: 'dead-code',
    file: 'packages/cli/src/main.ts',
    text: (before) => `import pino from 'pino';\n${before}\npino().info('x');\n`,
    says: /pino/,
  },
  {
    title: 'a file formatted in another way',
    part: 'format',
    file: access,
    text: append('export   const x = {a:1}'),
    says: /not formatted/,
  },
  {
    title: 'a generated file that is stale',
    part: 'generated',
    file: 'docs/dependencies.md',
    text: append('Edited by hand.'),
    says: /stale/,
  },
  {
    title: 'a promise whose rule is in a file that is gone',
    part: 'generated',
    file: 'tools/generators/promise-list.ts',
    text: (before) => before.replace('packages/terms/src/index.ts', 'packages/terms/src/gone.ts'),
    says: /gone\.ts/,
  },
  {
    title: 'a lint rule switched off without a reason',
    part: 'suppressions',
    file: access,
    text: append(comment('oxlint-disable-next-line no-var')),
    says: /without a reason/,
  },
  {
    title: 'an expected type error without a reason',
    part: 'suppressions',
    file: access,
    text: append(comment('@ts-expect-error')),
    says: /without a reason/,
  },
  {
    title: 'an ignored type error, whatever the reason',
    part: 'suppressions',
    file: access,
    text: append(comment('@ts-ignore because it is late')),
    says: /@ts-expect-error/,
  },
  {
    title: 'a format exemption without a reason',
    part: 'suppressions',
    file: access,
    text: append(comment('biome-ignore format')),
    says: /without a reason/,
  },
  {
    title: 'a test that switches off all others',
    part: 'suppressions',
    file: 'packages/terms/src/index.test.ts',
    text: (before) => before.replace("it('", "it.only('"),
    says: /switches all other tests off/,
  },
  {
    title: 'a skipped test without a reason',
    part: 'suppressions',
    file: 'packages/terms/src/index.test.ts',
    text: (before) => before.replace("it('", "it.skip('"),
    says: /why the test does not run/,
  },
  {
    title: 'a package from a second registry',
    part: 'lock-file',
    file: 'package-lock.json',
    text: (before) =>
      before.replace(
        '"integrity": "sha512-',
        '"resolved": "https://packages.example/x.tgz",\n      "integrity": "sha512-',
      ),
    says: /packages\.example/,
  },
  {
    title: 'a package without a hash',
    part: 'lock-file',
    file: 'package-lock.json',
    text: (before) => before.replace(/"integrity": "sha512-[^"]+"/, '"extraneous": false'),
    says: /no sha512 integrity/,
  },
  {
    title: 'a package that the lock file forgot, which makes npm ci refuse',
    part: 'lock-file',
    file: 'package-lock.json',
    text: (before) => before.replace('"node_modules/@swc/core-darwin-x64":', '"node_modules/@swc/core-elsewhere":'),
    says: /asks for @swc\/core-darwin-x64/,
  },
  {
    title: 'a version range in a manifest',
    part: 'lock-file',
    file: 'packages/server/package.json',
    text: (before) => before.replace(/"pg": "/, '"pg": "^'),
    says: /one exact version/,
  },
  {
    title: 'install scripts that may run',
    part: 'lock-file',
    file: '.npmrc',
    text: (before) => before.replace('ignore-scripts=true', 'ignore-scripts=false'),
    says: /ignore-scripts/,
  },
];

describe('the gate', () => {
  let tree: SmallTree;

  beforeAll(async () => {
    tree = await SmallTree.plant();
    await run(['tools/gen.ts'], tree.root);
  });

  afterAll(async () => {
    await tree[Symbol.asyncDispose]();
  });

  it('is green on a clean tree, and says of each part how much it examined', async () => {
    const judged = await check(tree.root);
    expect(judged.output).toMatch(/The gate is green\./);
    for (const part of new Set(plants.map((plant) => plant.part))) {
      expect(judged.output).toMatch(new RegExp(`^ok +${part} +[1-9]`, 'm'));
    }
    expect(judged.status).toBe(0);
  });

  for (const plant of plants.filter((one) => one.part !== 'lint')) {
    it(`finds ${plant.title}`, async () => {
      const undo = await put(tree, plant, plant.file);
      try {
        const judged = await check(tree.root, plant.part);
        const named = judged.output.split('\n').filter((line) => line.includes(plant.file));
        expect(named.length > 0 ? 'names the file' : judged.output).toBe('names the file');
        expect(judged.output).toMatch(plant.says);
        expect(judged.status).toBe(1);
      } finally {
        await undo();
      }
    });
  }

  describe('its linter, asked once about all plants, each in a file of its own', () => {
    const planted = plants
      .filter((one) => one.part === 'lint')
      .map((plant, index) => ({ plant, file: beside(plant.file, index) }));
    let judged: Judged;

    beforeAll(async () => {
      const undos: (() => Promise<void>)[] = [];
      for (const { plant, file } of planted) undos.push(await put(tree, plant, file));
      judged = await check(tree.root, 'lint');
      for (const undo of undos) await undo();
    });

    it.each(planted)('finds $plant.title', ({ plant, file }) => {
      const named = judged.output.split('\n').filter((line) => line.includes(file));
      expect(named.join('\n')).toMatch(plant.says);
      expect(judged.status).toBe(1);
    });

    it('finds nothing else', () => {
      const others = judged.output
        .split('\n')
        .filter((line) => line.startsWith('    ') && !planted.some(({ file }) => line.includes(file)));
      expect(others).toEqual([]);
    });
  });

  it('is red when a part examined nothing, because nothing was proved', async () => {
    await tree.write('.dependency-cruiser.mjs.saved', await tree.read('.dependency-cruiser.mjs'));
    await tree.write(
      '.dependency-cruiser.mjs',
      'export default { forbidden: [], options: { includeOnly: "^nowhere" } };\n',
    );
    try {
      const judged = await check(tree.root, 'imports');
      expect(judged.output).toMatch(/examined nothing/);
      expect(judged.status).toBe(1);
    } finally {
      await tree.write('.dependency-cruiser.mjs', await tree.read('.dependency-cruiser.mjs.saved'));
      await tree.remove('.dependency-cruiser.mjs.saved');
    }
  });

  it.each([
    { blindness: 'does not understand our imports', option: "moduleSystems: ['cjs'],", says: /saw none of them/ },
    { blindness: 'skips a folder', option: "includeOnly: '^packages/(?!web)',", says: /did not see this file/ },
  ])('is red when the import checker $blindness', async ({ option, says }) => {
    const before = await tree.read('.dependency-cruiser.mjs');
    await tree.write('.dependency-cruiser.mjs', before.replace("parser: 'swc',", `parser: 'swc', ${option}`));
    try {
      const judged = await check(tree.root, 'imports');
      expect(judged.output).toMatch(says);
      expect(judged.status).toBe(1);
    } finally {
      await tree.write('.dependency-cruiser.mjs', before);
    }
  });

  it('refuses the name of a part that does not exist', async () => {
    const judged = await check(tree.root, 'everything');
    expect(judged.output).toMatch(/No part is named everything/);
    expect(judged.status).toBe(2);
  });

  it('is green again after every plant was taken out', async () => {
    expect((await check(tree.root)).output).toMatch(/The gate is green\./);
  });
});

/** A name in the same folder that the same rules hold for; a file whose name is the point keeps it. */
function beside(file: string, index: number): string {
  return file.endsWith('/clock.ts') ? file : file.replace(/[^/]+\.ts$/, `planted-${index}.ts`);
}

/** Writes the plant into `file`, starting from the text of the plant's own file. Returns what takes it out again. */
async function put(tree: SmallTree, plant: Plant, file: string): Promise<() => Promise<void>> {
  const before = await tree.readIfThere(plant.file);
  const planted = plant.text(before ?? '');
  expect(planted).not.toBe(before);
  await tree.write(file, planted);
  return file === plant.file && before !== null ? () => tree.write(file, before) : () => tree.remove(file);
}

function check(root: string, part?: string): Promise<Judged> {
  const only = part === undefined ? [] : ['--only', part];
  return run([join(repository, 'tools/check.ts'), '--root', root, ...only], repository);
}

function run(args: readonly string[], cwd: string): Promise<Judged> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, output: Buffer.concat(chunks).toString('utf8') }));
  });
}
