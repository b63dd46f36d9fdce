import { type Catalog, type Relation, sameTable } from './catalog.ts';
import type { Treatment } from './classification.ts';
import { showName, showTable } from './names.ts';
import type { TenantTable } from './propose.ts';
import { SourceError } from './source.ts';
import { castTo } from './tenant-key.ts';

/** The reason of a refusal that a person chose; suggestions do not open it again. */
export const operatorRefused = 'refused by the operator';

/** Finds the relation that a person's name means: `table` or `schema.table`, exactly. */
export function resolveTable(relations: readonly Relation[], name: string): Relation {
  const found = relations.filter((one) => one.table === name || `${one.schema}.${one.table}` === name);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const several = found.map((one) => showTable(one)).join(', ');
  throw new SourceError(
    'SOURCE_TABLE_UNKNOWN',
    found.length === 0
      ? `The source has no table ${showName(name)}: use the exact name, with its schema where needed.`
      : `${showName(name)} means several tables (${several}): name the schema as well.`,
  );
}

/** Reads `table`, `schema.table` or either with `:column` as the tenant table; without a column its primary key is meant. */
export function resolveTenantTable(catalog: Catalog, text: string): TenantTable {
  const tables = catalog.relations.filter((one) => one.kind === 'table' || one.kind === 'partitioned');
  const whole = tables.filter((one) => one.table === text || `${one.schema}.${one.table}` === text);
  const split = whole.length > 0 ? -1 : text.lastIndexOf(':');
  const relation = resolveTable(tables, split < 0 ? text : text.slice(0, split));
  const column = split < 0 ? primaryKey(catalog, relation) : text.slice(split + 1);
  const found = relation.columns.find((one) => one.name === column);
  if (found === undefined) {
    throw new SourceError(
      'SOURCE_COLUMN_UNKNOWN',
      `${showTable(relation)} has no column ${showName(column)}: name the column that holds the tenants' keys.`,
    );
  }
  const unique = catalog.uniqueKeys.some(
    (key) => sameTable(key, relation) && !key.expression && key.columns.length === 1 && key.columns[0] === column,
  );
  if (!unique || castTo(found.baseType) === null) {
    throw new SourceError(
      'SOURCE_TENANT_KEY_INVALID',
      `${showTable(relation)}.${showName(column)} (${found.type}) cannot be the tenants' key: expected a unique text, whole number or uuid column.`,
    );
  }
  return { schema: relation.schema, table: relation.table, column };
}

function primaryKey(catalog: Catalog, relation: Relation): string {
  const key = catalog.uniqueKeys.find((one) => sameTable(one, relation) && one.primary);
  const [column] = key?.columns ?? [];
  if (column !== undefined && key?.columns.length === 1) return column;
  throw new SourceError(
    'SOURCE_TENANT_KEY_INVALID',
    `${showTable(relation)} has no primary key of one column: name the tenants' key as ${showTable(relation)}:COLUMN.`,
  );
}

/** Checks a treatment against the catalog and turns a foreign key that was named by its column into its name. */
export function resolveTreatment(catalog: Catalog, relation: Relation, treatment: Treatment): Treatment {
  if (treatment.kind === 'refused') return treatment;
  if (relation.kind !== 'table' && relation.kind !== 'partitioned') {
    throw new SourceError(
      'SOURCE_CLASSIFICATION_INVALID',
      `${showTable(relation)} is a ${relation.kind}, which is never granted: classify it as refused.`,
    );
  }
  if (treatment.kind === 'reference') return treatment;
  if (treatment.by === 'column') {
    if (relation.columns.some((one) => one.name === treatment.column)) return treatment;
    throw new SourceError(
      'SOURCE_COLUMN_UNKNOWN',
      `${showTable(relation)} has no column ${showName(treatment.column)}: use the exact name.`,
    );
  }
  const keys = catalog.foreignKeys.filter((key) => sameTable(key, relation));
  const named = keys.filter((key) => key.name === treatment.foreignKey);
  const found = named.length > 0 ? named : keys.filter((key) => key.columns.join(',') === treatment.foreignKey);
  const [only] = found;
  if (only !== undefined && found.length === 1) return { kind: 'tenant', by: 'path', foreignKey: only.name };
  throw new SourceError(
    'SOURCE_CLASSIFICATION_INVALID',
    `${showTable(relation)} has no single foreign key ${showName(treatment.foreignKey)}: it has ${keys.map((key) => showName(key.name)).join(', ') || 'none'}.`,
  );
}
