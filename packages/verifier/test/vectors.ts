import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Checked, parseVkey, type ReadFile, readFolder, type Vkey } from '../src/index.ts';

const root = join(import.meta.dirname, '..', 'testdata', 'log');

/** The bytes of a vector. */
export function vector(path: string): Uint8Array {
  return readFileSync(join(root, path));
}

/** A vector that is text. */
export function vectorText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** A vector that is JSON, as the test knows it to be. */
export function vectorJson<T>(path: string): T {
  return JSON.parse(vectorText(path)) as T;
}

/** The names in a folder of the vectors. */
export function vectorNames(path: string): readonly string[] {
  return readdirSync(join(root, path));
}

/** A log of the vectors, as a verifier reads it. */
export function vectorLog(path: string): ReadFile {
  return readFolder(join(root, path));
}

/** The first key in a file of verifier keys. */
export function vectorKey(path: string): Vkey {
  return valueOf(parseVkey(vectorText(path).trim().split('\n')[0] ?? ''));
}

/** The value of a check that must hold. */
export function valueOf<T>(checked: Checked<T>): T {
  if (!checked.ok) throw new Error(`${checked.finding.code}: ${checked.finding.message}`);
  return checked.value;
}
