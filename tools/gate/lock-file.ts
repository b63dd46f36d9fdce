import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Part, filesBelow } from './part.ts';

type Locked = {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
};
type Dependencies = Readonly<Record<string, string>>;
type Manifest = { readonly [kind in 'dependencies' | 'devDependencies' | 'optionalDependencies']?: Dependencies };
type LockFile = { readonly lockfileVersion: number; readonly packages: Readonly<Record<string, Locked & Manifest>> };

const registry = 'https://registry.npmjs.org/';
const exactVersion = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

/**
 * The lock file pins every package by hash and from one registry, each manifest names exact versions that the lock file
 * agrees with, and `.npmrc` neither changes the registry nor lets install scripts run.
 */
export const lockFile: Part = {
  name: 'lock-file',
  async judge(root) {
    const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as LockFile;
    const npmrc = await readFile(join(root, '.npmrc'), 'utf8');
    const problems = [...judgeLock(lock), ...judgeNpmrc(npmrc)];
    for (const file of ['package.json', ...(await filesBelow(root, ['packages'], /^package\.json$/))]) {
      problems.push(...judgeManifest(file, JSON.parse(await readFile(join(root, file), 'utf8')) as Manifest, lock));
    }
    return { problems, examined: Object.keys(lock.packages).length, unit: 'packages' };
  },
};

function judgeLock(lock: LockFile): string[] {
  const problems = missingEntries(lock);
  if (lock.lockfileVersion !== 3)
    problems.push(`package-lock.json: lockfileVersion is ${lock.lockfileVersion}, expected 3.`);
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (entry.link === true || !path.includes('node_modules/')) continue;
    if (entry.integrity?.startsWith('sha512-') !== true && !isToolOfAnotherPlatform(entry)) {
      problems.push(
        `package-lock.json: ${path} has no sha512 integrity. Make the lock file again with \`npm install\`.`,
      );
    }
    if (entry.resolved !== undefined && !entry.resolved.startsWith(registry)) {
      problems.push(`package-lock.json: ${path} comes from ${entry.resolved}, expected ${registry} only.`);
    }
  }
  return problems;
}

/**
 * npm leaves out of the lock file what the registry at hand did not serve, and then `npm ci` refuses the file. So the
 * binaries of our tools for platforms that we do not run on are listed by version, without a hash.
 */
function isToolOfAnotherPlatform(entry: Locked): boolean {
  if (entry.dev !== true || entry.optional !== true) return false;
  const here = entry.os?.includes('linux') === true && entry.libc?.includes('musl') !== true;
  return !(here && (entry.cpu?.includes('x64') === true || entry.cpu?.includes('arm64') === true));
}

/** Every package that an entry asks for must be in the file, where Node would look for it. */
function missingEntries(lock: LockFile): string[] {
  const missing: string[] = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const name of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) {
      let from = path;
      while (from !== '' && lock.packages[`${from}/node_modules/${name}`] === undefined) {
        const above = from.lastIndexOf('/node_modules/');
        from = above < 0 ? '' : from.slice(0, above);
      }
      if (from !== '' || lock.packages[`node_modules/${name}`] !== undefined) continue;
      missing.push(`package-lock.json: ${path} asks for ${name}, which is not in the file, so \`npm ci\` refuses it.`);
    }
  }
  return missing;
}

function judgeNpmrc(npmrc: string): string[] {
  const problems: string[] = [];
  if (/^\s*(?:@[\w-]+:)?registry\s*=/m.test(npmrc))
    problems.push('.npmrc: sets a registry; only the default one is used.');
  if (!/^ignore-scripts=true$/m.test(npmrc))
    problems.push('.npmrc: expected `ignore-scripts=true`; no install script may run.');
  return problems;
}

function judgeManifest(file: string, manifest: Manifest, lock: LockFile): string[] {
  const problems: string[] = [];
  const folder = file === 'package.json' ? '' : file.slice(0, -'/package.json'.length);
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'] as const) {
    for (const [name, wanted] of Object.entries(manifest[kind] ?? {})) {
      if (!exactVersion.test(wanted)) problems.push(`${file}: ${name} is "${wanted}", expected one exact version.`);
      if (lock.packages[folder]?.[kind]?.[name] !== wanted) {
        problems.push(
          `${file}: ${name} ${wanted} is not what package-lock.json says. Run \`npm install\` and commit both.`,
        );
      }
    }
  }
  return problems;
}
