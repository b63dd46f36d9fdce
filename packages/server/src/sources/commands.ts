import type { JsonObject } from '@gatehouse/terms';
import type { Client } from 'pg';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { Logger } from '../logger.ts';
import { applyPlan, committedComment } from './apply.ts';
import { operatorRefused, resolveTable, resolveTenantTable, resolveTreatment } from './assignment.ts';
import { type Catalog, classifiableRelations } from './catalog.ts';
import {
  type Classification,
  classificationHash,
  loosened,
  orderTables,
  type Treatment,
  treatmentOf,
} from './classification.ts';
import { parseSourceUrl, withAdmin, withSource } from './connection.ts';
import { type Diagnosis, examine, ownedByOwnRoles, powerfulRoles, versionFault } from './doctor.ts';
import { differences, fingerprintOf, readWall, shapeOf } from './fingerprint.ts';
import { type GrantRoles, openGrantRoles } from './grants.ts';
import { identify, introspect } from './introspect.ts';
import { type CostMeasurement, costSentence, measureCost } from './measure.ts';
import { showTable } from './names.ts';
import { makePlan, type PlanFacts, renderPlan } from './plan.ts';
import { grantable } from './profile.ts';
import { propose } from './propose.ts';
import { rowSecurityElsewhere } from './elsewhere.ts';
import { mislabelled, readRowFacts, readTenantKeys } from './rows.ts';
import type { Secrets } from './secrets.ts';
import {
  type EnsureTenant,
  type RecordEvent,
  type Source,
  type SourceConnection,
  SourceError,
  type SourceEvent,
} from './source.ts';
import type { ShownPlan, Sources } from './sources.ts';
import * as store from './store.ts';
import { tenantMap } from './tenant-map.ts';
import { undoPlan } from './undo.ts';

/** What the sources stand on. `record` and `ensureTenant` come from main, `secrets` is where passwords lie. */
export type SourcesOptions = {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly record: RecordEvent;
  readonly ensureTenant: EnsureTenant;
  readonly logger: Logger;
  /** Monotonic milliseconds, for the measurement of row security's cost. */
  readonly stopwatch: () => number;
};

/** Opens the sources; their tables exist since migration 0003. */
export function openSources(options: SourcesOptions): Sources {
  const grants = openGrantRoles({
    pool: options.database.pool,
    now: () => options.clock.now(),
    random: options.random,
    logger: options.logger,
    connectionOf: (source) => connectionOf(options, source),
    sourceOf: (name) => known(options, name),
  });
  return { ...adoption(options), ...grantRolesOf(grants), close: () => Promise.resolve() };
}

function grantRolesOf(
  grants: GrantRoles,
): Pick<Sources, 'openGrantRole' | 'extendGrantRole' | 'closeGrantRole' | 'reapGrantRoles'> {
  return {
    openGrantRole: (request) => grants.open(request),
    extendGrantRole: (grantId, notAfter) => grants.extend(grantId, notAfter),
    closeGrantRole: (grantId) => grants.close(grantId),
    reapGrantRoles: () => grants.reap(),
  };
}

type Adoption = Omit<Sources, 'openGrantRole' | 'extendGrantRole' | 'closeGrantRole' | 'reapGrantRoles' | 'close'>;

function adoption(options: SourcesOptions): Adoption {
  const { pool } = options.database;
  return {
    add: (command) => add(options, command),
    list: async () => await Promise.all((await store.listSources(pool)).map((one) => shown(options, one))),
    find: async (name) => {
      const found = await store.findSource(pool, name);
      return found === null ? null : await shown(options, found);
    },
    propose: async (name) => {
      const source = await known(options, name);
      return await inSource(options, source, async (client) => propose(await introspect(client), source.tenantTable));
    },
    classify: (command) => classify(options, command),
    classification: async (name) => await store.newestClassification(pool, (await known(options, name)).name),
    plan: (name, asked) => plan(options, name, asked?.measure === true),
    apply: (command) => apply(options, command),
    undo: (command) => undo(options, command),
    mapTenants: (name) => mapTenants(options, name),
    doctor: (name) => doctor(options, name),
    tenants: async (name) => await store.mappedTenants(pool, (await known(options, name)).name),
    grantable: async (name) => {
      const source = await known(options, name);
      const filed = await classified(options, source.name);
      return await inSource(options, source, async (client) =>
        grantable(await introspect(client), filed.classification),
      );
    },
  };
}

function connectionOf(options: SourcesOptions, source: store.StoredSource): SourceConnection {
  const password = options.secrets.read(source.name);
  return { ...source.connection, ...(password === null ? {} : { password }) };
}

async function known(options: SourcesOptions, name: string): Promise<store.StoredSource> {
  const source = await store.findSource(options.database.pool, name);
  if (source !== null) return source;
  throw new SourceError(
    'SOURCE_UNKNOWN',
    `There is no source ${JSON.stringify(name.slice(0, 80))}: gatehouse source list shows those that are registered.`,
  );
}

async function inSource<T>(
  options: SourcesOptions,
  source: store.StoredSource,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return await withSource(source, connectionOf(options, source), work);
}

async function shown(options: SourcesOptions, source: store.StoredSource): Promise<Source> {
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

async function add(options: SourcesOptions, command: Parameters<Sources['add']>[0]): Promise<Source> {
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
      ssl: address.ssl,
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

async function classify(
  options: SourcesOptions,
  command: Parameters<Sources['classify']>[0],
): ReturnType<Sources['classify']> {
  const { pool } = options.database;
  const source = await known(options, command.name);
  const previous = await store.newestClassification(pool, source.name);
  const classification = await inSource(options, source, async (client) => {
    const catalog = await introspect(client);
    const tenantTable =
      command.tenantTable === undefined ? source.tenantTable : resolveTenantTable(catalog, command.tenantTable);
    return compose({
      catalog,
      source: { ...source, tenantTable },
      previous: previous?.classification ?? null,
      command,
    });
  });
  await refuseLoosening(options, classification);
  const hash = classificationHash(classification);
  const payload: JsonObject = { source: source.name, classificationHash: hash, classification, by: command.by };
  const events = [
    operatorEvent('source.classified', payload),
    ...(await store.mappedTenants(pool, source.name)).map(
      (tenant): SourceEvent => ({ logId: tenant.logId, type: 'source.classified', payload }),
    ),
  ];
  await recordAll(options, events);
  if (classification.tenantTable !== null) await store.setTenantTable(pool, source.name, classification.tenantTable);
  await store.insertClassification(pool, source.name, { classification, hash, at: options.clock.now() });
  return { classification, hash, events };
}

/** The next document: what was said before, the suggestions for what nobody has said anything of, then what is said now. */
function compose(facts: {
  catalog: Catalog;
  source: store.StoredSource;
  previous: Classification | null;
  command: Parameters<Sources['classify']>[0];
}): Classification {
  const { catalog, source, previous, command } = facts;
  const relations = classifiableRelations(catalog);
  const assigned = command.assign.map((one) => {
    const relation = resolveTable(relations, one.table);
    return {
      schema: relation.schema,
      table: relation.table,
      treatment: resolveTreatment(catalog, relation, one.treatment),
    };
  });
  const proposals = propose(catalog, source.tenantTable);
  const tables = relations.map(({ schema, table }) => {
    const name = { schema, table };
    const said = assigned.findLast((one) => one.schema === schema && one.table === table)?.treatment;
    const before = previous === null ? null : treatmentOf(previous, name);
    const suggested = proposals.find((one) => one.schema === schema && one.table === table)?.treatment;
    const open = before === null || (before.kind === 'refused' && before.reason !== operatorRefused);
    const undecided: Treatment = { kind: 'refused', reason: 'not classified yet' };
    return { ...name, treatment: said ?? (command.acceptSuggestions && open ? suggested : before) ?? undecided };
  });
  return {
    v: 1,
    source: source.name,
    systemIdentifier: source.systemIdentifier,
    databaseOid: source.databaseOid,
    tenantTable: source.tenantTable,
    tables: orderTables(tables),
  };
}

async function refuseLoosening(options: SourcesOptions, next: Classification): Promise<void> {
  const before = await store.appliedClassifications(options.database.pool, next.source);
  const [table] = before.flatMap((one) => loosened(one, next));
  if (table === undefined) return;
  throw new SourceError(
    'SOURCE_CLASSIFICATION_LOOSENED',
    `${showTable(table)} held tenants' rows under an applied classification and cannot become reference: keep it as tenant, or refuse it.`,
  );
}

async function classified(
  options: SourcesOptions,
  name: string,
): Promise<{ classification: Classification; hash: string }> {
  const filed = await store.newestClassification(options.database.pool, name);
  if (filed !== null) return filed;
  throw new SourceError(
    'SOURCE_CLASSIFICATION_MISSING',
    `The source ${name} is not classified: run gatehouse source classify ${name} first.`,
  );
}

async function planFacts(options: SourcesOptions, source: store.StoredSource, client: Client): Promise<PlanFacts> {
  const { classification } = await classified(options, source.name);
  const catalog = await introspect(client);
  const rows = await readRowFacts(client, catalog, classification);
  const mixed = rows.mixed.map(
    (one) =>
      `${showTable(one)} holds ${one.rows} rows that belong to one tenant by its classification and to another by ${one.between}: mend the rows, or classify the table as refused.`,
  );
  return {
    catalog,
    classification,
    rowSecurityElsewhere: await rowSecurityElsewhere(connectionOf(options, source), catalog.otherDatabases),
    rowObstacles: [...mixed, ...mislabelled(catalog, classification)],
  };
}

async function plan(options: SourcesOptions, name: string, measure: boolean): Promise<ShownPlan> {
  const source = await known(options, name);
  await settle(options, source);
  await refuseApplied(options, source.name);
  return await inSource(options, source, async (client) => {
    const facts = await planFacts(options, source, client);
    const made = makePlan(facts);
    const cost: CostMeasurement | null =
      measure && facts.catalog.admin.superuser
        ? await measureCost(client, facts.catalog, facts.classification, options.stopwatch)
        : null;
    const sql = `${cost === null ? '' : `-- cost: ${costSentence(cost)}\n`}${renderPlan(made)}`;
    return { ...made, sql, cost };
  });
}

async function refuseApplied(options: SourcesOptions, name: string): Promise<void> {
  if ((await store.standingApplication(options.database.pool, name)) === null) return;
  throw new SourceError(
    'SOURCE_APPLIED',
    `A plan is applied to the source ${name}: undo it before another is made or applied.`,
  );
}

async function apply(options: SourcesOptions, command: Parameters<Sources['apply']>[0]): ReturnType<Sources['apply']> {
  const { pool } = options.database;
  const source = await known(options, command.name);
  await settle(options, source);
  const again = await applyAgain(options, source.name);
  if (again !== null) return again;
  const applied = await inSource(options, source, async (client) => {
    const facts = await planFacts(options, source, client);
    const made = makePlan(facts);
    await store.insertApplication(pool, source.name, made, options.clock.now());
    try {
      return await applyPlan(client, facts, {
        planHash: command.planHash ?? made.hash,
        acceptAppChanges: command.acceptAppChanges,
      });
    } catch (error) {
      // A lost connection leaves open whether it committed: then the row stays, and `settle` looks.
      if (error instanceof SourceError) await store.endApplication(pool, source.name, options.clock.now());
      throw error;
    }
  });
  const payload: JsonObject = {
    source: source.name,
    classificationHash: applied.plan.classificationHash,
    planHash: applied.plan.hash,
    fingerprint: applied.fingerprint,
    appChanges: applied.plan.appChanges,
    by: command.by,
  };
  const first = operatorEvent('source.applied', payload);
  await options.record(first);
  await store.confirmApplication(pool, source.name, applied);
  const mapped = await mapTenants(options, source.name);
  return { planHash: applied.plan.hash, tenants: mapped.all, events: [first, ...mapped.events] };
}

/** Where the newest classification is applied already, only tenants that are new, or were not told yet, are left to do. */
async function applyAgain(
  options: SourcesOptions,
  name: string,
): Promise<Awaited<ReturnType<Sources['apply']>> | null> {
  const standing = await store.standingApplication(options.database.pool, name);
  if (standing === null) return null;
  const newest = await store.newestClassification(options.database.pool, name);
  if (newest?.hash !== standing.classificationHash) await refuseApplied(options, name);
  const mapped = await mapTenants(options, name);
  return { planHash: standing.planHash, tenants: mapped.all, events: mapped.events };
}

/**
 * After a crash between the source's commit and our own: the comment in the source tells what happened. A plan that did not
 * commit is forgotten, one that did is confirmed.
 */
async function settle(options: SourcesOptions, source: store.StoredSource): Promise<void> {
  const { pool } = options.database;
  const standing = await store.standingApplication(pool, source.name);
  if (standing === null || standing.fingerprint !== null) return;
  const there = await inSource(options, source, async (client) => {
    const wall = await readWall(client);
    const committed = committedComment(wall?.comment ?? null);
    if (wall === null || committed?.plan !== standing.planHash) return null;
    return { fingerprint: committed.fingerprint, shape: shapeOf(await introspect(client), wall) };
  });
  if (there === null) return await store.endApplication(pool, source.name, options.clock.now());
  await options.record(
    operatorEvent('source.applied', {
      source: source.name,
      classificationHash: standing.classificationHash,
      planHash: standing.planHash,
      fingerprint: there.fingerprint,
      appChanges: standing.plan.appChanges,
      by: 'settled after an interruption',
    }),
  );
  await store.confirmApplication(pool, source.name, there);
}

async function mapTenants(
  options: SourcesOptions,
  name: string,
): Promise<{ added: number; all: number; events: readonly SourceEvent[] }> {
  const { pool } = options.database;
  const source = await known(options, name);
  const standing = await store.standingApplication(pool, name);
  const classification =
    standing?.fingerprint == null ? null : await store.classificationByHash(pool, name, standing.classificationHash);
  if (standing === null || classification === null || classification.tenantTable === null) {
    throw new SourceError(
      'SOURCE_NOT_APPLIED',
      `The source ${name} is not applied, so it has no tenants yet: apply its plan first.`,
    );
  }
  const table = classification.tenantTable;
  const { keys } = await inSource(options, source, (client) => readTenantKeys(client, table));
  const before = new Set((await store.mappedTenants(pool, name)).map((one) => one.tenantKey));
  const added = keys.filter((key) => !before.has(key));
  await inBatches(added, async (key) => {
    const tenant = await options.ensureTenant(key);
    await store.insertMappedTenant(pool, name, { tenantKey: key, tenantId: tenant.id, logId: tenant.logId });
  });
  const all = await store.mappedTenants(pool, name);
  const map = tenantMap(name, source.mapSalt, all);
  const hash = standing.classificationHash;
  const untold = all.filter((one) => one.recordedHash !== hash);
  if (untold.length === 0) return { added: 0, all: all.length, events: [] };
  const summary: JsonObject = { source: name, classificationHash: hash, mapRoot: map.root, mapSize: map.size };
  const events = [
    operatorEvent('source.mapped', summary),
    ...untold.map(
      (one): SourceEvent => ({
        logId: one.logId,
        type: 'source.mapped',
        payload: {
          source: name,
          systemIdentifier: source.systemIdentifier,
          databaseOid: source.databaseOid,
          classificationHash: hash,
          classification,
          fingerprint: standing.fingerprint,
          map: map.proofFor(one.tenantKey),
        },
      }),
    ),
  ];
  await recordAll(options, events);
  await inBatches(untold, (one) => store.tenantRecorded(pool, name, one.tenantKey, hash));
  return { added: added.length, all: all.length, events };
}

async function undo(options: SourcesOptions, command: Parameters<Sources['undo']>[0]): ReturnType<Sources['undo']> {
  const { pool } = options.database;
  const source = await known(options, command.name);
  await settle(options, source);
  const standing = await store.standingApplication(pool, source.name);
  if (standing === null)
    throw new SourceError(
      'SOURCE_NOT_APPLIED',
      `Nothing is applied to the source ${source.name}, so there is nothing to undo.`,
    );
  const open = (await store.openGrantRoles(pool, null)).filter((one) => one.source === source.name);
  if (open.length > 0) {
    throw new SourceError(
      'SOURCE_GRANTS_OPEN',
      `${open.length} grants are open on the source ${source.name}: revoke them or let them end, then undo.`,
    );
  }
  const statements = await inSource(options, source, async (client) =>
    (await readWall(client)) === null ? 0 : await undoPlan(client, standing.plan),
  );
  const payload: JsonObject = {
    source: source.name,
    classificationHash: standing.classificationHash,
    planHash: standing.planHash,
    by: command.by,
  };
  const tenants = await store.mappedTenants(pool, source.name);
  const events = [
    operatorEvent('source.undone', payload),
    ...tenants.map((one): SourceEvent => ({ logId: one.logId, type: 'source.undone', payload })),
  ];
  await recordAll(options, events);
  await store.endApplication(pool, source.name, options.clock.now());
  return { statements, events };
}

async function doctor(options: SourcesOptions, name: string): Promise<Diagnosis> {
  const { pool } = options.database;
  const source = await known(options, name);
  await settle(options, source);
  const standing = await store.standingApplication(pool, name);
  const newest = await store.newestClassification(pool, name);
  const standingClassification =
    standing === null ? null : await store.classificationByHash(pool, name, standing.classificationHash);
  const classification = standingClassification ?? newest?.classification ?? null;
  return await inSource(options, source, async (client) => {
    const catalog = await introspect(client);
    const wall = await readWall(client);
    const shape = wall === null ? {} : shapeOf(catalog, wall);
    const changes =
      standing === null
        ? []
        : fingerprintOf(shape) === standing.fingerprint
          ? []
          : differences(standing.shape ?? {}, shape);
    const open = new Set((await store.openGrantRoles(pool, null)).map((one) => one.role));
    const mapped = new Set((await store.mappedTenants(pool, name)).map((one) => one.tenantKey));
    const keys =
      source.tenantTable === null ? { keys: [], impossible: 0 } : await readTenantKeys(client, source.tenantTable);
    return examine({
      catalog,
      classification,
      applied: standing === null ? null : { changes, newest: newest?.hash === standing.classificationHash },
      rows: classification === null ? { orphans: [], mixed: [] } : await readRowFacts(client, catalog, classification),
      keys: {
        impossible: keys.impossible,
        unmapped: standing === null ? 0 : keys.keys.filter((key) => !mapped.has(key)).length,
      },
      leftOver: catalog.roles
        .map((role) => role.name)
        .filter((role) => /^g_[0-9a-f]{32}$/.test(role) && !open.has(role)),
      ownedByOwn: ownedByOwnRoles(catalog),
      powerful: powerfulRoles(catalog),
      unencrypted: source.connection.ssl === false && !/^(\/|127\.|localhost$|::1$)/.test(source.connection.host),
    });
  });
}

function operatorEvent(type: SourceEvent['type'], payload: JsonObject): SourceEvent {
  return { logId: 'operator', type, payload };
}

async function recordAll(options: SourcesOptions, events: readonly SourceEvent[]): Promise<void> {
  await inBatches(events, (event) => options.record(event));
}

/** Sixteen at a time: the log commits groups, so one after the other would wait for each disk flush alone. */
async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += 16) {
    await Promise.all(items.slice(from, from + 16).map((item) => work(item)));
  }
}
