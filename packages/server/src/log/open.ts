import { join } from 'node:path';
import type { Pool } from 'pg';
import { damaged } from './damaged.ts';
import { LogError } from './errors.ts';
import { EpochCutter, type EpochSnapshot } from './epoch-cutter.ts';
import { type LogKeys, openLogKeys } from './keys.ts';
import { createLockFile, type LockFile, readLockFile } from './lock-file.ts';
import type { SequencerState } from './log-state.ts';
import { checkOperatorName, operatorLogId, rootOriginOf } from './names.ts';
import type { Random } from './random.ts';
import { behind } from './signer.ts';
import { insertDeployment, readDeployment, readHeads, readLeaves, type Queryable } from './store.ts';

/** Who this deployment is, as the database, the lock file and the seed agree on it. */
export type Identity = { readonly operatorName: string; readonly lock: LockFile; readonly keys: LogKeys };

/**
 * Finds out who this deployment is, or makes it when database and data directory are new. Refuses every half: a database without
 * its lock file or its seed, a lock file without its database, two different names.
 */
export async function openIdentity(options: {
  readonly pool: Pool;
  readonly dataDir: string;
  readonly operatorName: string | undefined;
  readonly random: Random;
}): Promise<Identity> {
  const { pool, dataDir, random } = options;
  const lockPath = join(dataDir, 'log', 'lock.json');
  const stored = await readDeployment(pool);
  const found = await readLockFile(lockPath);
  if (found === null && stored !== null) throw lockMissing(lockPath);
  const lock = found ?? (await createLockFile(lockPath, checkOperatorName(options.operatorName ?? newName(random))));
  checkName(lock.operatorName, options.operatorName, 'the configuration');
  checkName(lock.operatorName, stored?.operatorName, 'the database');
  if (stored === null && lock.origins.length > 0) throw lostDatabase(lock);
  const heads = stored === null ? [] : await readHeads(pool);
  const keys = await openLogKeys(
    join(dataDir, 'keys', 'log.seed'),
    random,
    heads.length === 0 && lock.origins.length === 0,
  );
  if (stored === null) await insertDeployment(pool, lock.operatorName);
  await checkSeed(pool, keys, heads.find(({ id }) => id === operatorLogId)?.slot);
  return { operatorName: lock.operatorName, lock, keys };
}

function newName(random: Random): string {
  return `localhost/${Buffer.from(random(4)).toString('hex')}/log`;
}

function checkName(name: string, other: string | undefined, where: string): void {
  if (other === undefined || other === name) return;
  throw new LogError(
    'LOG_NAME_MISMATCH',
    `This deployment's logs are named ${name} in its lock file, but ${JSON.stringify(other.slice(0, 80))} in ${where}: the name is fixed when a deployment is made. Use the data directory and database that belong together.`,
  );
}

function lockMissing(path: string): LogError {
  return new LogError(
    'LOG_LOCK_MISSING',
    `The database holds a log, but ${path} is missing, so nobody can tell whether the database was rolled back. Put the file back from the machine that signed last.`,
  );
}

function lostDatabase(lock: LockFile): LogError {
  const origin = rootOriginOf(lock.operatorName);
  return behind(origin, lock.of(origin)?.size ?? 0, 0);
}

/** The operator's log names its key in entry 0: another seed would be another signer under the same name. */
async function checkSeed(db: Queryable, keys: LogKeys, slot: number | undefined): Promise<void> {
  if (slot === undefined) return;
  const [leaf] = await readLeaves(db, slot, 0, 1);
  if (leaf === undefined) throw damaged('the operator log has no entry 0');
  const { origin, vkey } = JSON.parse(leaf) as { origin: string; vkey: string };
  if (keys.of(origin).vkeyText === vkey) return;
  throw new LogError(
    'LOG_KEY_UNUSABLE',
    `The seed of the log keys gives another key for ${origin} than its entry 0 names: put the seed of this deployment back.`,
  );
}

/** Reads the newest epoch and compares it with the heads and the lock file: the database may be ahead of what was signed, never behind. */
export async function openEpochs(
  ports: { readonly db: Queryable; readonly lock: LockFile; readonly operatorName: string },
  state: SequencerState,
  cutting: Parameters<typeof EpochCutter.load>[1],
): Promise<{ readonly cutter: EpochCutter; readonly newest: EpochSnapshot | null }> {
  const { cutter, newest } = await EpochCutter.load(ports.db, cutting);
  const rootOrigin = rootOriginOf(ports.operatorName);
  const epochs = newest === null ? 0 : newest.epoch + 1;
  const signed = ports.lock.of(rootOrigin)?.size ?? 0;
  if (epochs < signed) throw behind(rootOrigin, signed, epochs);
  const byOrigin = new Map([...state.logs.values()].map((log) => [log.origin, log]));
  for (const origin of ports.lock.origins) {
    const size = byOrigin.get(origin)?.frontier.size ?? (origin === rootOrigin ? epochs : 0);
    const last = ports.lock.of(origin)?.size ?? 0;
    if (size < last) throw behind(origin, last, size);
  }
  for (const { slot, origin, size, root } of newest?.slots ?? []) {
    const log = byOrigin.get(origin);
    if (log?.slot !== slot || log.frontier.size < size) throw damaged(`${origin} is shorter than its newest slot leaf`);
    const same = log.frontier.size > size || Buffer.from(log.frontier.root()).equals(root);
    if (!same) throw damaged(`the head of ${origin} gives another root than its newest slot leaf`);
  }
  return { cutter, newest };
}
