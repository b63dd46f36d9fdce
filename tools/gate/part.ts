import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** What one part of the gate found. A part that examined nothing is red: a gate that checks nothing looks green. */
export type Verdict = {
  /** One line for each problem, beginning with the file where there is one. */
  readonly problems: readonly string[];
  /** How many things the tool really looked at. */
  readonly examined: number;
  /** What was counted, in the plural: `files`, `imports`. */
  readonly unit: string;
};

/** One check of the static gate. It reads the tree at `root` and writes nothing. */
export type Part = { readonly name: string; readonly judge: (root: string) => Promise<Verdict> };

/** How a tool ended. `status` is null when it was killed by a signal. */
export type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

const installed = join(import.meta.dirname, '../../node_modules/.bin');

/** Runs the installed command `name` under this very Node, in `root`. Never rejects for a red exit. */
export async function runTool(name: string, args: readonly string[], root: string): Promise<Ended> {
  return runNode([join(installed, name), ...args], root);
}

/** Runs this Node with `args` in `root`. Rejects only when the process cannot be started. */
export function runNode(args: readonly string[], root: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.once('error', reject);
    child.once('close', (status) =>
      resolve({
        status,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      }),
    );
  });
}

const notOurs = new Set(['node_modules', 'dist', 'coverage', '.git', '.gatehouse', 'reports', 'testdata']);

/** Every file below `folders` of `root` whose name matches, as sorted paths with forward slashes, relative to `root`. */
export async function filesBelow(root: string, folders: readonly string[], name: RegExp): Promise<string[]> {
  const found: string[] = [];
  async function walk(folder: string): Promise<void> {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !notOurs.has(entry.name)) await walk(join(folder, entry.name));
      if (entry.isFile() && name.test(entry.name))
        found.push(relative(root, join(folder, entry.name)).split(sep).join('/'));
    }
  }
  const present = new Set(
    (await readdir(root, { withFileTypes: true })).filter((e) => e.isDirectory()).map((e) => e.name),
  );
  for (const folder of folders) if (present.has(folder)) await walk(join(root, folder));
  return found.sort();
}

/** The lines of a tool's output that say something, at most `limit` of them. */
export function sayingLines(text: string, limit = 200): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '')
    .slice(0, limit);
}
