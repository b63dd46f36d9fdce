import { execFileSync } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from './small-tree.ts';

type Manifest = {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
};

const manifestOf = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(repository, folder, 'package.json'), 'utf8')) as Manifest;
const folders = (await readdir(join(repository, 'packages'))).map((name) => `packages/${name}`);

describe('the repository', () => {
  it('runs under Node 24, whichever Node started npm', () => {
    expect(process.version).toMatch(/^v24\./);
    const pinned = execFileSync('npx', ['--no-install', 'node', '--version'], { cwd: repository, encoding: 'utf8' });
    expect(pinned).toMatch(/^v24\./);
  });

  it('gives terms no dependency, and the verifier none but terms', async () => {
    expect(Object.keys((await manifestOf('packages/terms')).dependencies ?? {})).toEqual([]);
    expect(Object.keys((await manifestOf('packages/verifier')).dependencies ?? {})).toEqual(['@gatehouse/terms']);
  });

  it('is licensed and versioned as one', async () => {
    const manifests = await Promise.all(folders.map(manifestOf));
    expect(manifests.map((manifest) => manifest.license)).toEqual(folders.map(() => 'Apache-2.0'));
    expect(new Set(manifests.map((manifest) => manifest.version)).size).toBe(1);
    expect(await readFile(join(repository, 'LICENSE'), 'utf8')).toMatch(/Apache License\s+Version 2\.0, January 2004/);
  });

  it('runs nothing when it is installed', async () => {
    for (const folder of ['.', ...folders]) {
      const scripts = Object.keys((await manifestOf(folder)).scripts ?? {});
      expect(scripts.filter((name) => /^(?:pre|post)?(?:install|prepare)$/.test(name))).toEqual([]);
    }
  });
});
