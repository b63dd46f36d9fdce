import { canonicalBytes, decodeBase64, encodeBase64, parseCanonical } from '@gatehouse/verifier';
import { readIfThere, writeDurably } from './durable-files.ts';
import { LogError } from './errors.ts';

/** The last size and root that were signed for one log. */
export type Signed = { readonly size: number; readonly root: Uint8Array };

/**
 * What was signed last, in a file of its own outside the database and outside every backup: after a restore of the database it
 * still knows how far the log was, so that no second history is ever signed (LOG-SPEC 2.8, promise P6).
 */
export interface LockFile {
  readonly operatorName: string;
  /** The last signed state of an origin, or null. */
  of(origin: string): Signed | null;
  readonly origins: readonly string[];
  /** Makes these states the last signed ones. Durable before it resolves: only then a signature may leave. */
  advance(signed: ReadonlyMap<string, Signed>): Promise<void>;
}

/** Opens the lock file; null when there is none. Throws `LOG_LOCK_UNUSABLE` for a damaged one: it is never guessed or repaired. */
export async function readLockFile(path: string): Promise<LockFile | null> {
  const bytes = await readIfThere(path);
  if (bytes === null) return null;
  const { operatorName, logs } = parseLock(path, bytes);
  return lockFile(path, operatorName, logs);
}

/** Makes the lock file of a new deployment. */
export async function createLockFile(path: string, operatorName: string): Promise<LockFile> {
  const logs = new Map<string, Signed>();
  await writeDurably(path, encodeLock(operatorName, logs), 0o600);
  return lockFile(path, operatorName, logs);
}

function lockFile(path: string, operatorName: string, logs: ReadonlyMap<string, Signed>): LockFile {
  let held = logs;
  return {
    operatorName,
    of: (origin) => held.get(origin) ?? null,
    get origins() {
      return [...held.keys()];
    },
    async advance(signed) {
      const next = new Map([...held, ...signed]);
      await writeDurably(path, encodeLock(operatorName, next), 0o600);
      held = next;
    },
  };
}

function encodeLock(operatorName: string, logs: ReadonlyMap<string, Signed>): Uint8Array {
  const rows = [...logs].map(([origin, { size, root }]) => [origin, { root: encodeBase64(root), size }] as const);
  return canonicalBytes({ logs: Object.fromEntries(rows), operatorName, v: 1 });
}

function parseLock(path: string, bytes: Uint8Array): { operatorName: string; logs: Map<string, Signed> } {
  const parsed = parseCanonical(bytes);
  const unusable = (what: string): LogError =>
    new LogError(
      'LOG_LOCK_UNUSABLE',
      `The lock file ${path} ${what}: without it nobody can tell whether the database was rolled back. Put the right file back.`,
    );
  if (!parsed.ok) throw unusable('is damaged');
  const { operatorName, logs, v } = parsed.value as { operatorName?: unknown; logs?: unknown; v?: unknown };
  if (v !== 1 || typeof operatorName !== 'string' || typeof logs !== 'object' || logs === null) {
    throw unusable('is not of version 1');
  }
  const read = new Map<string, Signed>();
  for (const [origin, state] of Object.entries(logs)) {
    const { size, root } = state as { size?: unknown; root?: unknown };
    const hash = typeof root === 'string' ? decodeBase64(root) : null;
    if (typeof size !== 'number' || hash?.length !== 32) throw unusable(`has no size and root for ${origin}`);
    read.set(origin, { size, root: hash });
  }
  return { operatorName, logs: read };
}
