import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Generator } from './generator.ts';

type Manifest = {
  readonly name: string;
  readonly description?: string;
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};
type LockFile = { readonly packages: Readonly<Record<string, { readonly license?: string }>> };

/** The page that tells what each package brings along when it is installed, from the manifests and the lock file. */
export const dependencies: Generator = {
  output: 'docs/dependencies.md',
  async generate(root) {
    const read = async <T>(path: string): Promise<T> => JSON.parse(await readFile(join(root, path), 'utf8')) as T;
    const workspaces = (await read<Manifest>('package.json')).workspaces ?? [];
    const lock = await read<LockFile>('package-lock.json');
    const sections: string[] = [];
    for (const folder of workspaces)
      sections.push(section(folder, await read<Manifest>(`${folder}/package.json`), lock));
    return [
      '# Dependencies',
      '',
      'Written by `npm run gen` from the manifests and the lock file; do not edit. What runs in each package beside our own',
      'code. The tools of the repository itself (compiler, linter, tests) are in the root `package.json` and ship nowhere.',
      '',
      ...sections,
    ].join('\n');
  },
};

function section(folder: string, manifest: Manifest, lock: LockFile): string {
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.optionalDependencies });
  const foreign = wanted.filter(([name]) => !name.startsWith('@gatehouse/')).sort(([a], [b]) => (a < b ? -1 : 1));
  const ours = wanted.filter(([name]) => name.startsWith('@gatehouse/')).map(([name]) => `\`${name}\``);
  const rows = foreign.map(([name, version]) => {
    const locked = lock.packages[`${folder}/node_modules/${name}`] ?? lock.packages[`node_modules/${name}`];
    return `| ${name} | ${version} | ${locked?.license ?? 'not stated'} |`;
  });
  return [
    `## ${manifest.name}`,
    '',
    `Of this repository: ${ours.length === 0 ? 'nothing' : ours.join(', ')}.`,
    ...(rows.length === 0
      ? ['Of others: nothing.']
      : ['', '| package | version | licence |', '|---|---|---|', ...rows]),
    '',
  ].join('\n');
}
