import { type Catalog, type Column, type ForeignKey, relationOf, sameTable } from './catalog.ts';
import { type Classification, treatmentOf } from './classification.ts';
import { quoteIdentifier, quoteTable, shortHash, showName, showTable } from './names.ts';
import type { TableName } from './source.ts';
import { castTo, comparableTypes, resultType } from './tenant-key.ts';

/**
 * A way from a table to its tenant: the keys of `target` that belong to the session's tenant, as a function. Needed because
 * a policy that asked the parent with EXISTS would need SELECT on the parent for the asking role.
 */
export type TenantPath = {
  readonly functionName: string;
  readonly target: TableName;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Columns of `target` that the function reads. */
  readonly reads: readonly string[];
  readonly query: string;
};

/** The path functions of a classification, each after those that it uses, and what makes a path impossible. */
export type Paths = { readonly paths: readonly TenantPath[]; readonly obstacles: readonly string[] };

/** Follows each path of the classification to its tenant column. Pure. */
export function pathsOf(catalog: Catalog, classification: Classification): Paths {
  const paths: TenantPath[] = [];
  const obstacles: string[] = [];
  for (const one of classification.tables) {
    if (one.treatment.kind !== 'tenant') continue;
    const found = follow(catalog, classification, one, paths, []);
    if (found !== null) obstacles.push(found);
  }
  return { paths, obstacles };
}

/** Adds what `table` needs to `paths`; returns a sentence where it cannot be. */
function follow(
  catalog: Catalog,
  classification: Classification,
  table: TableName,
  paths: TenantPath[],
  behind: readonly TableName[],
): string | null {
  const treatment = treatmentOf(classification, table);
  const relation = relationOf(catalog, table);
  if (relation === null)
    return `The table ${showTable(table)} of the classification does not exist any more: classify again.`;
  if (treatment?.kind !== 'tenant')
    return `${showTable(table)} is not a tenant's table, so no path can lead through it: classify it as tenant.`;
  if (behind.some((one) => sameTable(one, table)))
    return `The path of ${showTable(table)} leads back to itself: classify one table of the circle by column.`;
  if (treatment.by === 'column') return columnFault(catalog, classification, table, treatment.column);
  const key = foreignKey(catalog, table, treatment.foreignKey);
  if (key === null)
    return `${showTable(table)} has no foreign key ${showName(treatment.foreignKey)}: classify it again.`;
  const fault = follow(catalog, classification, key.target, paths, [...behind, table]);
  if (fault !== null) return fault;
  if (paths.some((path) => leadsTo(path, key))) return null;
  const condition = conditionOn(catalog, classification, key.target, paths, 't.');
  const target = relationOf(catalog, key.target);
  if (condition === null || target === null)
    return `The path of ${showTable(table)} cannot be followed: classify it again.`;
  const columns = key.targetColumns.map((name) => ({
    name,
    type: resultType(columnOf(target, name)?.baseType ?? 'text'),
  }));
  paths.push({
    functionName: functionName(key, paths),
    target: key.target,
    columns,
    reads: [...new Set([...key.targetColumns, ...condition.reads])],
    query: `select ${key.targetColumns.map((name) => `t.${quoteIdentifier(name)}`).join(', ')} from ${quoteTable(key.target)} as t where ${condition.sql}`,
  });
  return null;
}

/** The condition of a table's policy, over its own columns; null for a table that has none. */
export function policyCondition(
  catalog: Catalog,
  classification: Classification,
  table: TableName,
  paths: readonly TenantPath[],
): string | null {
  return conditionOn(catalog, classification, table, paths, '')?.sql ?? null;
}

function conditionOn(
  catalog: Catalog,
  classification: Classification,
  table: TableName,
  paths: readonly TenantPath[],
  prefix: string,
): { readonly sql: string; readonly reads: readonly string[] } | null {
  const treatment = treatmentOf(classification, table);
  const relation = relationOf(catalog, table);
  if (treatment?.kind !== 'tenant' || relation === null) return null;
  if (treatment.by === 'column') {
    const cast = castTo(columnOf(relation, treatment.column)?.baseType ?? '');
    if (cast === null) return null;
    // A scalar subquery is planned as an InitPlan: once per statement, and the column's index is used.
    return {
      sql: `${prefix}${quoteIdentifier(treatment.column)} = (select gov.session_tenant())${cast}`,
      reads: [treatment.column],
    };
  }
  const key = foreignKey(catalog, table, treatment.foreignKey);
  const path = key === null ? undefined : paths.find((one) => leadsTo(one, key));
  if (key === null || path === undefined) return null;
  const own = key.columns.map((name) => `${prefix}${quoteIdentifier(name)}`);
  const left = own.length === 1 ? own.join('') : `(${own.join(', ')})`;
  const keys = path.columns.map((_, index) => `p.k${index + 1}`).join(', ');
  return {
    sql: `${left} in (select ${keys} from gov.${quoteIdentifier(path.functionName)}() as p)`,
    reads: key.columns,
  };
}

function columnFault(catalog: Catalog, classification: Classification, table: TableName, name: string): string | null {
  const relation = relationOf(catalog, table);
  const column = relation === null ? null : columnOf(relation, name);
  if (column === null) return `${showTable(table)} has no column ${showName(name)}: classify it again.`;
  if (castTo(column.baseType) === null) {
    return `${showTable(table)}.${showName(name)} has the type ${column.type}; a tenant's key is a text, whole number or uuid: choose another column or refuse the table.`;
  }
  const root = classification.tenantTable;
  const rootTable = root === null ? null : relationOf(catalog, root);
  const key = root === null || rootTable === null ? null : columnOf(rootTable, root.column);
  if (key === null) return 'No tenant table is named, or it is gone: name it with --tenant-table.';
  if (!comparableTypes(column.baseType, key.baseType)) {
    return `${showTable(table)}.${showName(name)} has the type ${column.type}, but the tenants' keys are ${key.type}: they cannot be the same thing.`;
  }
  return null;
}

function columnOf(relation: { readonly columns: readonly Column[] }, name: string): Column | null {
  return relation.columns.find((one) => one.name === name) ?? null;
}

function foreignKey(catalog: Catalog, table: TableName, name: string): ForeignKey | null {
  return catalog.foreignKeys.find((one) => sameTable(one, table) && one.name === name) ?? null;
}

function leadsTo(path: TenantPath, key: ForeignKey): boolean {
  return (
    sameTable(path.target, key.target) &&
    JSON.stringify(path.columns.map((one) => one.name)) === JSON.stringify(key.targetColumns)
  );
}

/** `path_orders` where that is plain, short and free; else a hash, so that 63 bytes are never cut into a clash. */
function functionName(key: ForeignKey, taken: readonly TenantPath[]): string {
  const plain = `path_${key.target.table}`;
  if (/^[a-z0-9_]{1,60}$/.test(plain) && !taken.some((one) => one.functionName === plain)) return plain;
  return `path_${shortHash([key.target.schema, key.target.table, ...key.targetColumns])}`;
}
