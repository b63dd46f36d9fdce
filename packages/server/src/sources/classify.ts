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
import { inSource, known, operatorEvent, recordAll, type SourcesOptions } from './context.ts';
import { introspect } from './introspect.ts';
import { showTable } from './names.ts';
import { propose } from './propose.ts';
import { SourceError, type SourceEvent } from './source.ts';
import type { Sources } from './sources.ts';
import type { JsonObject } from '@gatehouse/terms';
import * as store from './store.ts';

/** Files the next version of a classification, after it is in the logs of everybody that it affects. */
export async function classify(
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
