import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { IdentityError } from './directory.ts';

/** What is known about a key directory outside the database. */
export type DirectoryPin = {
  /** Statement hash of the genesis. Never changes. */
  readonly genesis: string;
  /** How many statements there were when the directory was last looked at, and the hash of the last: none may be cut off. */
  readonly position: number;
  readonly head: string;
};

/** The pins: of key directories by their id, and of the policies of tenants that ever had approval on, by tenant. */
export type Pins = {
  readonly directories: ReadonlyMap<string, DirectoryPin>;
  readonly policies: ReadonlyMap<string, { readonly version: number; readonly hash: string }>;
};

/** The file of pins of one data directory. One process writes it: the one that holds the directory's lock. */
export interface PinFile {
  read(): Promise<Pins>;
  /** Replaces what `change` returns; durable when it resolves. Changes run one after the other. */
  change(change: (pins: Pins) => Pins): Promise<void>;
}

const hash = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);
const fileForm = z.strictObject({
  v: z.literal(1),
  directories: z.record(z.string(), z.strictObject({ genesis: hash, position: z.int().min(1), head: hash })),
  policies: z.record(z.string(), z.strictObject({ version: z.int().min(1), hash })),
});

/** Reads `DIR/pins.json`; an absent file holds no pins. IdentityError `PINS_UNREADABLE` on anything malformed. */
export async function readPins(dataDir: string): Promise<Pins> {
  const path = join(dataDir, 'pins.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (isAbsent(cause)) return { directories: new Map(), policies: new Map() };
    throw unreadable(path, cause);
  }
  try {
    const { directories, policies } = fileForm.parse(JSON.parse(text));
    return { directories: new Map(Object.entries(directories)), policies: new Map(Object.entries(policies)) };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Opens the pins of a data directory. The file is read again whenever it changed on disk. */
export function openPinFile(dataDir: string): PinFile {
  const path = join(dataDir, 'pins.json');
  let known: { readonly stamp: string; readonly pins: Pins } | null = null;
  let last: Promise<void> = Promise.resolve();

  async function read(): Promise<Pins> {
    const stamp = await stampOf(path);
    if (known?.stamp === stamp) return known.pins;
    const pins = await readPins(dataDir);
    known = { stamp, pins };
    return pins;
  }

  return {
    read,
    change(change) {
      const done = last.then(async () => {
        const before = await read();
        const after = change(before);
        if (after !== before) await replace(path, dataDir, after);
      });
      // The next change does not inherit the failure of this one; whoever asked for this one does.
      last = done.catch(() => undefined);
      return done;
    },
  };
}

async function replace(path: string, dataDir: string, pins: Pins): Promise<void> {
  const { directories, policies } = pins;
  const text = `${JSON.stringify({ v: 1, directories: Object.fromEntries(directories), policies: Object.fromEntries(policies) }, null, 2)}\n`;
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(dataDir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Size, time and inode: a file put in place of ours has another inode. */
async function stampOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${ino}.${size}.${mtimeNs}`;
  } catch (cause) {
    if (isAbsent(cause)) return 'absent';
    throw unreadable(path, cause);
  }
}

function isAbsent(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

function unreadable(path: string, cause: unknown): IdentityError {
  return new IdentityError(
    'PINS_UNREADABLE',
    'The pinned keys cannot be read, so no key is believed. Restore pins.json in the data directory from where you keep its copy.',
    { detail: path, cause },
  );
}
