import { inBatches, inSource, known, operatorEvent, recordAll, type SourcesOptions } from './context.ts';
import { readTenantKeys } from './rows.ts';
import { SourceError, type SourceEvent } from './source.ts';
import { tenantMap } from './tenant-map.ts';
import type { JsonObject } from '@gatehouse/terms';
import * as store from './store.ts';

/** Makes the tenant table's keys tenants, and tells each tenant's log its place in the map. */
export async function mapTenants(
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
