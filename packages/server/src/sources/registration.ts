import { resolveTenantTable } from './assignment.ts';
import { parseSourceUrl, withAdmin } from './connection.ts';
import type { SourcesOptions } from './context.ts';
import { versionFault } from './doctor.ts';
import { identify, introspect } from './introspect.ts';
import { type Source, SourceError } from './source.ts';
import type { Sources } from './sources.ts';
import * as store from './store.ts';

/** Registers a database, once. */
export async function add(options: SourcesOptions, command: Parameters<Sources['add']>[0]): Promise<Source> {
  const { pool } = options.database;
  if (!/^[a-z][a-z0-9_-]{0,62}$/.test(command.name)) {
    throw new SourceError(
      'SOURCE_NAME_INVALID',
      'The name of a source begins with a small letter and holds at most 63 of a-z, 0-9, _ and -: clients give it as the database name.',
    );
  }
  const connection = typeof command.connection === 'string' ? parseSourceUrl(command.connection) : command.connection;
  const found = await withAdmin(connection, async (client) => {
    const own = await identify(client);
    const fault = versionFault(own.serverVersion);
    if (fault !== null) throw new SourceError('SOURCE_VERSION_UNSUPPORTED', fault);
    const catalog = command.tenantTable === null ? null : await introspect(client);
    return {
      own,
      tenantTable:
        catalog === null || command.tenantTable === null ? null : resolveTenantTable(catalog, command.tenantTable),
    };
  });
  const { password, ...address } = connection;
  const stored: store.StoredSource = {
    name: command.name,
    systemIdentifier: found.own.systemIdentifier,
    databaseOid: found.own.databaseOid,
    database: found.own.database,
    serverVersion: found.own.serverVersion,
    connection: {
      host: address.host,
      port: address.port,
      database: address.database,
      user: address.user,
      tls: address.tls,
    },
    tenantTable: found.tenantTable,
    mapSalt: Buffer.from(options.random(16)),
    registeredAt: options.clock.now(),
  };
  await refuseTwice(options, stored);
  await options.record({
    logId: 'operator',
    type: 'source.registered',
    payload: {
      source: stored.name,
      systemIdentifier: stored.systemIdentifier,
      databaseOid: stored.databaseOid,
      database: stored.database,
      tenantTable: stored.tenantTable,
      by: command.by,
    },
  });
  options.secrets.keep(stored.name, password ?? null);
  const taken = await store.insertSource(pool, stored);
  if (taken !== null) throw registeredTwice(stored, taken);
  return await shown(options, stored);
}

async function refuseTwice(options: SourcesOptions, stored: store.StoredSource): Promise<void> {
  const { pool } = options.database;
  const same = await store.sourceByIdentity(pool, stored.systemIdentifier, stored.databaseOid);
  if (same !== null) throw registeredTwice(stored, same);
  if ((await store.findSource(pool, stored.name)) !== null) throw registeredTwice(stored, stored.name);
}

function registeredTwice(stored: store.StoredSource, taken: string): SourceError {
  if (taken === stored.name)
    return new SourceError('SOURCE_EXISTS', `There is a source ${taken} already: choose another name.`);
  return new SourceError(
    'SOURCE_REGISTERED_TWICE',
    `This database is registered already, as source ${taken}: one database is one source, so that no second classification can open it.`,
  );
}

/** A source as the outside sees it. */
export async function shown(options: SourcesOptions, source: store.StoredSource): Promise<Source> {
  const { pool } = options.database;
  const newest = await store.newestClassification(pool, source.name);
  const standing = await store.standingApplication(pool, source.name);
  return {
    name: source.name,
    systemIdentifier: source.systemIdentifier,
    databaseOid: source.databaseOid,
    database: source.database,
    serverVersion: source.serverVersion,
    tenantTable: source.tenantTable,
    registeredAt: source.registeredAt,
    classificationHash: newest?.hash ?? null,
    appliedClassificationHash: standing?.fingerprint == null ? null : standing.classificationHash,
  };
}
