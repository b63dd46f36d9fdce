import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type Account, accountFor, runsAsRoot, spawnAs } from './account.ts';
import { type Binaries, embeddedBinaries } from './binaries.ts';
import { makeDatabases } from './bootstrap.ts';
import { serverArguments, serverEnvironment, superuser, writeAccessFiles } from './cluster-settings.ts';
import { codeOf, DbError, messageOf } from './errors.ts';
import {
  clusterHome,
  existingHome,
  makePrivateFolder,
  makeSocketFolder,
  type SocketFolder,
  systemFolder,
} from './home.ts';
import { stopSurvivors } from './survivors.ts';

/** The major version of the PostgreSQL that we ship. */
const embeddedMajor = '18';

/** A running embedded PostgreSQL. */
export interface Cluster {
  readonly socketFolder: string;
  /** Resolves when the server process has ended, with a sentence. A stop that we asked for resolves with null. */
  readonly exited: Promise<DbError | null>;
  /** Fast shutdown: open transactions are rolled back, a checkpoint is written. Resolves when the process has ended. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded PostgreSQL of `dataDir`, making its cluster on the first start. The caller holds the lock on the
 * directory. A server that an earlier, killed program left is stopped first. The databases exist when this resolves.
 * Durable: fsync is on, always.
 */
export async function startCluster(dataDir: string): Promise<Cluster> {
  const known = existingHome(dataDir);
  const account = accountFor(known === null ? null : ownerOf(join(known, 'data')));
  const home = clusterHome(dataDir, account);
  const pgdata = join(realpathSync(home), 'data');
  const binaries = embeddedBinaries(account, runsAsRoot() ? systemFolder : join(dataDir, 'postgres'));

  if (existsSync(pgdata)) await stopSurvivors(pgdata);
  else await initialise({ binaries, account, home, pgdata });
  inspect(pgdata);
  writeAccessFiles(home);

  const socket = makeSocketFolder(home, account);
  const log = openServerLog(home);
  const child = spawn(binaries.postgres, serverArguments({ pgdata, home, socketFolder: socket.folder }), {
    ...spawnAs(account),
    cwd: pgdata,
    env: serverEnvironment,
    stdio: ['ignore', log.descriptor, log.descriptor],
    // Its own session: Ctrl-C reaches us first, and we stop it after our last write.
    detached: true,
  });
  closeSync(log.descriptor);
  const cluster = supervise(child, { socket, log, pgdata });
  try {
    await becomeReady(cluster);
    await makeDatabases(socket.folder);
  } catch (error) {
    await cluster.stop();
    throw error instanceof DbError ? error : startFailure(`${codeOf(error) ?? ''} ${messageOf(error)}`, pgdata);
  }
  return cluster;
}

function ownerOf(pgdata: string): Account | null {
  return statSync(pgdata, { throwIfNoEntry: false }) ?? null;
}

/** `initdb` into a folder beside, renamed when whole: a killed first start leaves nothing that looks like a cluster. */
async function initialise(at: { binaries: Binaries; account: Account; home: string; pgdata: string }): Promise<void> {
  for (const name of readdirSync(at.home)) {
    if (name.startsWith('unfinished-')) rmSync(join(at.home, name), { recursive: true, force: true });
  }
  const unfinished = makePrivateFolder(mkdtempSync(join(at.home, 'unfinished-')), at.account);
  const locale = process.platform === 'linux' ? ['--locale=C.UTF-8'] : ['--locale=C', '--builtin-locale=C.UTF-8'];
  try {
    await promisify(execFile)(
      at.binaries.initdb,
      ['-D', unfinished, '-U', superuser, '--encoding=UTF8', '--locale-provider=builtin', ...locale].concat(
        '--auth-local=peer',
        '--auth-host=reject',
        '--no-instructions',
      ),
      { ...spawnAs(at.account), cwd: unfinished, env: serverEnvironment },
    );
    renameSync(unfinished, at.pgdata);
    syncFolder(at.home);
  } catch (cause) {
    rmSync(unfinished, { recursive: true, force: true });
    throw startFailure(messageOf(cause), at.pgdata);
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** Says clearly what is wrong with a cluster that PostgreSQL would refuse with its own words. Changes nothing. */
function inspect(pgdata: string): void {
  const versionFile = join(pgdata, 'PG_VERSION');
  const version = existsSync(versionFile) ? readFileSync(versionFile, 'utf8').trim() : null;
  if (version === null || !existsSync(join(pgdata, 'global', 'pg_control'))) {
    throw new DbError(
      'CLUSTER_CORRUPT',
      `${pgdata} is not a whole PostgreSQL data directory (${version === null ? 'PG_VERSION' : 'global/pg_control'} is missing): restore it from a backup, or name another folder with --data. Nothing was changed.`,
    );
  }
  if (version !== embeddedMajor) {
    throw new DbError(
      'CLUSTER_VERSION',
      `${pgdata} was made by PostgreSQL ${version.slice(0, 20)} but this program ships PostgreSQL ${embeddedMajor}: use the version of Gatehouse that made it, dump it, and load it into a new folder. Nothing was changed.`,
    );
  }
  if ((statSync(pgdata).mode & 0o077) !== 0) chmodSync(pgdata, 0o700); // a copy lost it, and PostgreSQL insists
}

type ServerLog = { readonly descriptor: number; readonly read: () => string };

/** One file, begun anew when it has grown large; `read` returns what this start has written. */
function openServerLog(home: string): ServerLog {
  const file = join(home, 'postgres.log');
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 16 * 1024 * 1024) renameSync(file, `${file}.1`);
  const from = size > 16 * 1024 * 1024 ? 0 : size;
  return {
    descriptor: openSync(file, 'a', 0o600),
    read: () => readFileSync(file).subarray(from).toString('utf8'),
  };
}

type Supervised = Cluster & { ready(): void };

function supervise(child: ChildProcess, its: { socket: SocketFolder; log: ServerLog; pgdata: string }): Supervised {
  let phase: 'starting' | 'ready' | 'stopping' = 'starting';
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(`exit ${code ?? signal ?? 'unknown'}`));
    child.once('error', (error) => resolve(error.message)); // it never ran
  });
  const exited = ended.then((how) => {
    its.socket.remove();
    if (phase === 'stopping') return null;
    const detail = [how, ...complaintsIn(its.log.read())].join('\n');
    return phase === 'starting'
      ? startFailure(detail, its.pgdata)
      : new DbError('CLUSTER_EXITED', exitedSentence, { detail });
  });
  return {
    socketFolder: its.socket.folder,
    exited,
    ready: () => {
      phase = 'ready';
    },
    stop: async () => {
      phase = 'stopping';
      child.kill('SIGINT');
      const impatient = setTimeout(() => child.kill('SIGQUIT'), 30_000);
      await exited;
      clearTimeout(impatient);
    },
  };
}

const exitedSentence =
  'The embedded PostgreSQL ended while Gatehouse was running: no access is possible; read pg/postgres.log, then start Gatehouse again.';

/** What the server complained of, each once, the first first: the cause comes before what follows from it. */
function complaintsIn(log: string): string[] {
  const complaints = log
    .split('\n')
    .filter((line) => /FATAL|PANIC|No space left|could not|error/i.test(line))
    // Said to whoever asks too early, which we do while it starts.
    .filter((line) => !/the database system is (starting up|shutting down|not yet accepting)/.test(line));
  return [...new Set(complaints)].slice(0, 8);
}

/** Waits until it answers. Recovery after a crash may take minutes: as long as the process lives, it is waited for. */
async function becomeReady(cluster: Supervised): Promise<void> {
  let ended: DbError | null | undefined;
  void cluster.exited.then((error) => {
    ended = error;
  });
  for (let wait = 5; ended === undefined; wait = Math.min(wait * 1.5, 100)) {
    if (await answers(cluster.socketFolder)) return cluster.ready();
    await delay(wait);
  }
  throw ended ?? new DbError('CLUSTER_START_FAILED', 'PostgreSQL was stopped while it started: start again.');
}

async function answers(socketFolder: string): Promise<boolean> {
  const client = new Client({ host: socketFolder, port: 5432, user: superuser, database: 'postgres', ssl: false });
  client.on('error', () => undefined); // asked again until the process ends
  try {
    await client.connect();
    return true;
  } catch (error) {
    // No socket yet, nobody listens yet, or 57P03: starting up.
    if (['ENOENT', 'ECONNREFUSED', '57P03', 'ECONNRESET', 'EPIPE'].includes(codeOf(error) ?? '')) return false;
    throw error;
  } finally {
    await client.end();
  }
}

function startFailure(detail: string, pgdata: string): DbError {
  if (/No space left on device/.test(detail)) {
    return new DbError(
      'CLUSTER_DISK_FULL',
      `PostgreSQL ended because the disk of ${pgdata} is full: make room, then start again.`,
      {
        detail,
      },
    );
  }
  if (
    /PANIC|^XX00|corrupt|invalid|could not (open|read|find|locate|access|stat)|incorrect checksum|incompatible with server|wrong/i.test(
      detail,
    )
  ) {
    return new DbError(
      'CLUSTER_CORRUPT',
      `PostgreSQL finds the data directory ${pgdata} damaged: restore it from a backup, or name another folder with --data. Nothing was deleted.`,
      { detail },
    );
  }
  return new DbError(
    'CLUSTER_START_FAILED',
    `PostgreSQL on ${pgdata} ended unexpectedly: read postgres.log beside it, mend what it names, and start again.`,
    { detail },
  );
}
