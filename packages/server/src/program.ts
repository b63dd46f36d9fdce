import { rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type JsonObject, termsDocument } from '@gatehouse/terms';
import { hashOf, type JsonValue } from '@gatehouse/verifier';
import { openAccess } from './access/index.ts';
import { openLogReading } from './audit/index.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { Answers, type ConnectionParameters, migrate, openDatabase } from './db/index.ts';
import { startGateway, type WireRefusal } from './gateway/index.ts';
import { grantRolesOf } from './grant-roles.ts';
import { buildHttp } from './http/index.ts';
import { openDirectories, openIdentity } from './identity/index.ts';
import { type Log, LogError, openLog } from './log/index.ts';
import type { Logger } from './logger.ts';
import { hasRoom, openMetrics } from './operations/index.ts';
import { openPersonnel } from './personnel/index.ts';
import { programRoutes } from './routes.ts';
import { adoptSample } from './sample/index.ts';
import { setUpSamplePeople } from './sample-people/index.ts';
import { fileSecrets, openSources } from './sources/index.ts';
import { openTenants } from './tenants/index.ts';

/** What a running program tells: the line of `start --json`, kept as `DIR/gatehouse.json` while it runs. */
export type Ready = {
  readonly ready: true;
  readonly http: string;
  readonly gateway: { readonly host: string; readonly port: number; readonly ca: string };
  readonly data: string;
  readonly rootVkey: string;
  readonly version: string;
};

/** A running program. `stop` drains and gives everything back; a second call waits for the first. */
export type Program = {
  readonly ready: Ready;
  /** Resolves with a sentence if the program can no longer do its work and has to end. */
  readonly failed: Promise<string>;
  /** How an administrator on the host reaches a database of the program, past the gateway. Never for a caller from outside. */
  readonly adminAddress: (database: string) => ConnectionParameters;
  readonly stop: () => Promise<void>;
};

/** What is outside of the program. Tests give their own clock. */
export type Surroundings = {
  readonly clock: Clock;
  readonly random: (count: number) => Uint8Array;
  readonly logger: Logger;
};

const version = (createRequire(import.meta.url)('@gatehouse/server/package.json') as { version: string }).version;

const stopping: WireRefusal = {
  sqlstate: '57P01',
  message: 'The gateway is stopping.',
  detail: "The statement that was running has been cut, and its end is in the customer's log.",
  hint: 'Connect again when it is back: gatehouse connect ID',
};

/**
 * Starts the whole program below one data directory, from the database up to the doors, and resolves when the doors are
 * open. If anything cannot be started, what was started is given back and the fault is thrown.
 */
export async function startProgram(config: Config, surroundings: Surroundings): Promise<Program> {
  const { clock, random, logger } = surroundings;
  const undo: (() => Promise<void>)[] = [];
  const giveBack = async (): Promise<void> => {
    let fault: unknown = null;
    for (let close = undo.pop(); close !== undefined; close = undo.pop()) {
      // What cannot be closed well (its database is gone) must not keep the rest open: the process would never end.
      await close().catch((cause: unknown) => (fault ??= cause));
    }
    if (fault !== null) logger.warn({ cause: sayFault(fault) }, 'Something could not be given back in order.');
  };
  try {
    const database = await openDatabase({
      dataDir: config.dataDir,
      logger,
      ...(config.databaseUrl === null ? {} : { databaseUrl: config.databaseUrl }),
    });
    undo.push(() => database.close());
    const failed = new Promise<string>((resolve) => database.onExit((fault) => resolve(fault.message)));
    await migrate(database);
    const { dataDir, operatorName } = config;
    const log = await openLog({
      database,
      dataDir,
      clock,
      random,
      logger,
      ...(operatorName === null ? {} : { operatorName }),
    });
    undo.push(() => log.stop());

    const deployment = log.rootVkey;
    const directories = openDirectories({ database, log, dataDir, deployment });
    const personnel = openPersonnel({ database, log });
    const tenants = openTenants({ database, log, personnel, trust: directories });
    const identity = openIdentity({ database, directories, personnel, tenants, random });
    const sources = openSources({
      database,
      secrets: fileSecrets(join(config.dataDir, 'keys')),
      clock,
      random,
      logger,
      stopwatch: () => performance.now(),
      record: ({ logId, type, payload }) => recordSourceEvent(log, logId, type, payload),
      ensureTenant: (key) => tenants.ensure(key),
    });
    undo.push(() => sources.close());

    let http = '';
    const access = openAccess({
      database,
      log,
      directories,
      personnel,
      tenants,
      roles: grantRolesOf(sources, tenants),
      clock,
      random,
      logger,
      setting: { deployment, termsHash: hashOf(termsDocument as unknown as JsonValue) },
      askUrl: () => `${http}/api/v1/requests`,
    });
    if (config.sample) {
      await setUpSamplePeople({ dataDir, deployment, clock, random, personnel, tenants, directories });
      await adoptSample({ database, sources });
    }
    await sources.reapGrantRoles();
    await access.start();
    undo.push(() => access.stop(stopping));

    const metrics = openMetrics({
      openSessions: access.openSessions,
      logEntries: () => log.logs().reduce((sum, id) => sum + log.size(id), 0),
      logUsable: () => log.health().accepting,
    });
    const reading = openLogReading({ log, tenants, clock });
    const app = await buildHttp({
      routes: programRoutes({
        metrics,
        ready: async () =>
          log.health().accepting && log.health().signing && (await hasRoom(dataDir)) && (await database.answers()),
        identity,
        tenants,
        sources,
        access,
        log,
        reading,
        directories,
        clock,
      }),
      identity,
      clock,
      logger,
      version,
      idempotency: new Answers(database.pool),
      answered: metrics.answered,
      webDir: config.webDir,
    });
    undo.push(() => app.close());
    http = await app.listen({ host: config.http.host, port: config.http.port });

    const gateway = await startGateway({
      ...config.gateway,
      dataDir,
      access: access.gateway,
      clock,
      random,
      logger,
      askHint: askHint(http),
    });
    undo.push(() => gateway.close());

    const ready: Ready = {
      ready: true,
      http,
      gateway: { host: gateway.host, port: gateway.port, ca: gateway.caFile },
      data: dataDir,
      rootVkey: log.rootVkey,
      version,
    };
    await announce(dataDir, ready);
    undo.push(() => rm(join(dataDir, 'gatehouse.json'), { force: true }));
    await writeFile(databaseUrlFile(dataDir), `${database.adminUrlFor('gatehouse').url}\n`, { mode: 0o600 });
    undo.push(() => rm(databaseUrlFile(dataDir), { force: true }));
    let stopped: Promise<void> | undefined;
    return { ready, failed, adminAddress: database.adminUrlFor, stop: () => (stopped ??= giveBack()) };
  } catch (cause) {
    await giveBack();
    throw cause;
  }
}

/** What a client without a grant is told to do. */
function askHint(http: string): string {
  return `Ask at ${http}/api/v1/requests or with: gatehouse request --tenant T --source S --purpose P --reason-code R --ticket X --justification TEXT --for 1h`;
}

/** Kept with mode 0600 while the program runs: it may hold the password of DATABASE_URL. */
export function databaseUrlFile(dataDir: string): string {
  return join(dataDir, 'database-url');
}

/** Written whole or not at all, so that a reader never sees half of it. */
async function announce(dataDir: string, ready: Ready): Promise<void> {
  const file = join(dataDir, 'gatehouse.json');
  await writeFile(`${file}.next`, `${JSON.stringify(ready)}\n`, { mode: 0o644 });
  await rename(`${file}.next`, file);
}

async function recordSourceEvent(log: Log, logId: string, type: string, payload: JsonObject): Promise<void> {
  const appended = await log.append(logId, { type, payload });
  if (appended.kind === 'refused') throw new LogError('LOG_DRAFT_INVALID', `The log refused an entry of type ${type}.`);
}

function sayFault(fault: unknown): string {
  return fault instanceof Error ? fault.message : JSON.stringify(fault);
}
