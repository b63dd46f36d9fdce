import { cp, lstat, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The repository that these tests belong to. */
export const repository = join(import.meta.dirname, '..');

/** The configuration that the gate reads; the small tree is judged by the real one. */
const configuration = [
  '.dependency-cruiser.mjs',
  '.gitignore',
  '.npmrc',
  '.oxlintrc.json',
  'biome.json',
  'knip.json',
  'package.json',
  'package-lock.json',
  'tools',
  'tsconfig.base.json',
  'tsconfig.json',
  'vitest.config.ts',
] as const;

/** Small sources that break no rule, laid out as the repository is. */
const sources: Readonly<Record<string, string>> = {
  'packages/terms/src/index.ts': `/** One hour. */\nexport const hourMs = 3_600_000;\n\n/** What a thing may be. */\nexport type Kind = 'open' | 'closed';\n\n/** The vocabulary, as small as it can be. */\nexport const termsDocument = {\n  version: 1,\n  purposes: [],\n  reasonCodes: [],\n  clocks: {},\n  limits: {},\n  transitions: {},\n  refusals: {},\n};\n`,
  'packages/terms/src/index.test.ts': `import { expect, it } from 'vitest';\nimport { hourMs } from './index.ts';\n\nit('counts', () => {\n  expect(hourMs).toBeGreaterThan(0);\n});\n`,
  'packages/verifier/src/index.ts': `import { createHash } from 'node:crypto';\nimport { type Kind, hourMs } from '@gatehouse/terms';\n\n/** Hashes a kind. */\nexport function digest(kind: Kind): string {\n  return createHash('sha256').update(\`\${kind}\${hourMs}\`).digest('hex');\n}\n`,
  'packages/verifier/src/browser.ts': `import { hourMs } from '@gatehouse/terms';\n\n/** A day. */\nexport const dayMs = 24 * hourMs;\n`,
  'packages/custodian/src/index.ts': `import { digest } from '@gatehouse/verifier';\n\n/** The digest of what is open. */\nexport const open = digest('open');\n`,
  'packages/server/src/clock.ts': `/** Reads the time. */\nexport const now = (): number => Date.now();\n`,
  'packages/server/src/config.ts': `/** Where the data lies. */\nexport const dataDir = process.env['GATEHOUSE_DATA'] ?? '.gatehouse';\n`,
  'packages/server/src/db/index.ts': `import { Pool } from 'pg';\n\n/** The pool of the product's database. */\nexport const pool = new Pool({ max: 1 });\n`,
  'packages/server/src/log/index.ts': `import { pool } from '../db/index.ts';

/** Waits until the database answers. */
export async function wait(): Promise<void> {
  await pool.query('select 1');
}
`,
  'packages/server/src/access/index.ts': `export { count } from './commands.ts';\n`,
  'packages/server/src/access/commands.ts': `import { read } from './store.ts';\n\n/** Counts. */\nexport async function count(): Promise<number> {\n  return read();\n}\n`,
  'packages/server/src/access/store.ts': `import { pool } from '../db/index.ts';\n\n/** Reads the count. */\nexport async function read(): Promise<number> {\n  const answer = await pool.query<{ n: number }>('select 1 as n');\n  return answer.rows[0]?.n ?? 0;\n}\n`,
  'packages/server/src/gateway/index.ts': `import { count } from '../access/index.ts';\n\n/** Asks the count. */\nexport async function ask(): Promise<number> {\n  return count();\n}\n`,
  'packages/server/src/http/index.ts': `export { openApiOf } from './openapi.ts';\n\n/** The path of the health page. */\nexport const path = '/healthz';\n`,
  'packages/server/src/http/openapi.ts': `/** Describes the routes. */
export function openApiOf(routes: readonly object[], version: string): Promise<object> {
  return Promise.resolve({ routes: routes.length, version });
}
`,
  'packages/server/src/routes.ts': `/** The routes behind these doors. */
export function programRoutes(doors: object): readonly object[] {
  return [doors];
}
`,
  'packages/server/src/main.ts': `import { open } from '@gatehouse/custodian';\nimport { now } from './clock.ts';\nimport { dataDir } from './config.ts';\nimport { ask } from './gateway/index.ts';\nimport { openApiOf, path } from './http/index.ts';\nimport { wait } from './log/index.ts';\nimport { programRoutes } from './routes.ts';\n\nawait wait();\nconst document = await openApiOf(programRoutes({}), path);\nprocess.stdout.write(\`\${await ask()} \${JSON.stringify(document)} \${dataDir} \${now()} \${open}\\n\`);\n`,
  'tools/generators/promise-list.ts': `/** A promise. */
export type Promised = {
  readonly id: string;
  readonly text: string;
  readonly rules: readonly { readonly sentence: string; readonly file: string }[];
  readonly today: string;
};

/** The promises. */
export const promises: readonly Promised[] = [
  { id: 'S1', text: 'No.', rules: [{ sentence: 'Counts', file: 'packages/terms/src/index.ts' }], today: 'kept' },
];
`,
  'packages/cli/src/main.ts': `import { digest } from '@gatehouse/verifier';\n\nprocess.stdout.write(digest('closed'));\n`,
  'packages/cli/bin/gatehouse.js': `#!/usr/bin/env node\nimport '../src/main.ts';\n`,
  'packages/web/test/title.test.ts': `import { expect, it } from 'vitest';\n\nit('has a title', () => {\n  expect('title').toHaveLength(5);\n});\n`,
  'packages/web/src/main.tsx': `import { dayMs } from '@gatehouse/verifier/browser';\n\ndocument.title = String(dayMs);\n`,
};

/** What the small sources need of others; every other dependency would rightly be reported as unused. */
const needed: Readonly<Record<string, readonly string[]>> = {
  verifier: ['@gatehouse/terms'],
  custodian: ['@gatehouse/verifier'],
  server: ['@gatehouse/custodian', 'pg', '@types/pg'],
  cli: ['@gatehouse/verifier'],
  web: ['@gatehouse/verifier'],
};

/** A small copy of the repository: its real configuration, a few clean sources, the installed packages by link. */
export class SmallTree implements AsyncDisposable {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async plant(): Promise<SmallTree> {
    const tree = new SmallTree(await mkdtemp(join(tmpdir(), 'gatehouse-gate-')));
    for (const name of configuration) await cp(join(repository, name), join(tree.root, name), { recursive: true });
    for (const [path, text] of Object.entries(sources)) await tree.write(path, text);
    for (const folder of await readdir(join(repository, 'packages'))) await tree.#copyPackage(folder);
    await tree.#trimManifest(
      'package.json',
      (name) => name !== 'playwright-core' && name !== 'fast-check' && name !== 'json-schema-to-typescript',
    );
    await tree.#linkInstalled();
    return tree;
  }

  /** Writes one file, making its folders. */
  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), text);
  }

  /** Takes one file away. */
  async remove(path: string): Promise<void> {
    await rm(join(this.root, path));
  }

  /** The text of one file. */
  async read(path: string): Promise<string> {
    return readFile(join(this.root, path), 'utf8');
  }

  /** The text of one file, or null where there is none. */
  async readIfThere(path: string): Promise<string | null> {
    try {
      return await this.read(path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw cause;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  async #copyPackage(folder: string): Promise<void> {
    const from = join(repository, 'packages', folder);
    for (const name of await readdir(from)) {
      if (/^(package|tsconfig.*)\.json$/.test(name))
        await cp(join(from, name), join(this.root, 'packages', folder, name));
      if (name === 'node_modules') await symlink(join(from, name), join(this.root, 'packages', folder, name));
    }
    await this.#trimManifest(`packages/${folder}/package.json`, (name) => needed[folder]?.includes(name) ?? false);
  }

  async #trimManifest(path: string, keep: (name: string) => boolean): Promise<void> {
    const manifest = JSON.parse(await this.read(path)) as Record<string, unknown>;
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
      const all = Object.entries((manifest[kind] ?? {}) as Record<string, string>);
      const kept = all.filter(([name]) => keep(name));
      if (kept.length > 0) manifest[kind] = Object.fromEntries(kept);
      else delete manifest[kind];
    }
    await this.write(path, `${JSON.stringify(manifest, null, 2)}\n`);
  }

  async #linkInstalled(): Promise<void> {
    const from = join(repository, 'node_modules');
    await mkdir(join(this.root, 'node_modules/@gatehouse'), { recursive: true });
    for (const name of await readdir(from)) {
      if (name !== '@gatehouse') await symlink(join(from, name), join(this.root, 'node_modules', name));
    }
    for (const folder of await readdir(join(this.root, 'packages'))) {
      if ((await lstat(join(this.root, 'packages', folder))).isDirectory()) {
        await symlink(join('../../packages', folder), join(this.root, 'node_modules/@gatehouse', folder));
      }
    }
  }
}
