import { settle } from './adopt.ts';
import { inSource, known, type SourcesOptions } from './context.ts';
import { type Diagnosis, examine, ownedByOwnRoles, powerfulRoles } from './doctor.ts';
import { differences, fingerprintOf, readWall, shapeOf } from './fingerprint.ts';
import { introspect } from './introspect.ts';
import { readRowFacts, readTenantKeys } from './rows.ts';
import { staysOnThisMachine } from '../upstream-tls.ts';
import * as store from './store.ts';

/** Gathers the facts and examines a source. */
export async function doctor(options: SourcesOptions, name: string): Promise<Diagnosis> {
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
      unencrypted: !source.connection.tls && !staysOnThisMachine(source.connection.host),
    });
  });
}
