import type { Client } from 'pg';
import { type Catalog, relationOf, sameTable } from './catalog.ts';
import { type Classification, treatmentOf } from './classification.ts';
import { quoteIdentifier, quoteTable, showName, showTable } from './names.ts';
import type { TableName } from './source.ts';
import { castTo, keyFault } from './tenant-key.ts';

/** Rows of a tenant's table that lead to no tenant: nobody sees them through a grant. */
export type Orphans = TableName & { readonly rows: number };

/** A tenant's table of which some rows lead to two different tenants. */
export type MixedTable = TableName & { readonly rows: number; readonly between: string };

/** What the rows of a source say about its classification. Counts only, never a value. */
export type RowFacts = { readonly orphans: readonly Orphans[]; readonly mixed: readonly MixedTable[] };

/**
 * Counts, for each tenant's table, the rows without a tenant, and the rows that reach another tenant by a second foreign
 * key than by their own path: such a row would show one customer's data to another. Reads whole tables; the caller bounds it.
 */
export async function readRowFacts(
  client: Client,
  catalog: Catalog,
  classification: Classification,
): Promise<RowFacts> {
  const orphans: Orphans[] = [];
  const mixed: MixedTable[] = [];
  for (const { schema, table, treatment } of classification.tables) {
    const name = { schema, table };
    if (treatment.kind !== 'tenant' || relationOf(catalog, name) === null) continue;
    const own = tenantOf(catalog, classification, name, 't', 0);
    if (own === null) continue;
    const from = `from ${quoteTable(name)} as t`;
    const rows = await count(client, `select count(*) as n ${from} where ${own} is null`);
    if (rows > 0) orphans.push({ ...name, rows });
    for (const other of otherWays(catalog, classification, name)) {
      const differing = await count(client, `select count(*) as n ${from} where (${own}) <> (${other.sql})`);
      if (differing > 0) mixed.push({ ...name, rows: differing, between: other.label });
    }
  }
  return { orphans, mixed };
}

/** The keys of the tenant table, sorted by code unit, and how many cannot be a tenant's id. */
export async function readTenantKeys(
  client: Client,
  table: TableName & { readonly column: string },
): Promise<{ readonly keys: readonly string[]; readonly impossible: number }> {
  const column = quoteIdentifier(table.column);
  const { rows } = await client.query<{ key: string }>(
    `select distinct ${column}::text as key from ${quoteTable(table)} where ${column} is not null`,
  );
  const keys = rows.map((row) => row.key);
  const possible = keys.filter((key) => keyFault(key) === null);
  return { keys: possible.toSorted(), impossible: keys.length - possible.length };
}

/** Tables of the classification that say `reference`, but have a column that leads or looks like it leads to a tenant. */
export function mislabelled(catalog: Catalog, classification: Classification): readonly string[] {
  const root = classification.tenantTable;
  return classification.tables
    .filter((one) => one.treatment.kind === 'reference')
    .flatMap((one) => {
      const key = catalog.foreignKeys.find(
        (candidate) => sameTable(candidate, one) && treatmentOf(classification, candidate.target)?.kind === 'tenant',
      );
      if (key !== undefined) {
        return [
          `${showTable(one)} is called reference, but its foreign key ${showName(key.name)} leads to ${showTable(key.target)}, a tenant's table: classify it as tenant or refused.`,
        ];
      }
      const column = relationOf(catalog, one)?.columns.find(
        (candidate) => candidate.name === root?.column && candidate.name.toLowerCase() !== 'id',
      );
      if (column === undefined) return [];
      return [
        `${showTable(one)} is called reference, but has a column ${showName(column.name)} like the tenant table: classify it as tenant or refused.`,
      ];
    });
}

/** A scalar expression for the tenant of a row of `table`, along its own path; null where there is none. */
function tenantOf(
  catalog: Catalog,
  classification: Classification,
  table: TableName,
  alias: string,
  depth: number,
): string | null {
  const treatment = treatmentOf(classification, table);
  if (treatment?.kind !== 'tenant' || depth > 16) return null;
  if (treatment.by === 'column') {
    const column = relationOf(catalog, table)?.columns.find((one) => one.name === treatment.column);
    return column === undefined || castTo(column.baseType) === null
      ? null
      : `${alias}.${quoteIdentifier(column.name)}::text`;
  }
  return along(catalog, classification, { table, foreignKey: treatment.foreignKey, alias, depth });
}

function along(
  catalog: Catalog,
  classification: Classification,
  way: { table: TableName; foreignKey: string; alias: string; depth: number },
): string | null {
  const key = catalog.foreignKeys.find((one) => sameTable(one, way.table) && one.name === way.foreignKey);
  if (key === undefined) return null;
  const next = `t${way.depth + 1}`;
  const tenant = tenantOf(catalog, classification, key.target, next, way.depth + 1);
  if (tenant === null) return null;
  const pairs = key.columns.map(
    (column, index) =>
      `${next}.${quoteIdentifier(key.targetColumns[index] ?? '')} = ${way.alias}.${quoteIdentifier(column)}`,
  );
  return `(select ${tenant} from ${quoteTable(key.target)} as ${next} where ${pairs.join(' and ')})`;
}

/** Foreign keys of a table to tenants' tables other than the one that its own path takes. */
function otherWays(
  catalog: Catalog,
  classification: Classification,
  table: TableName,
): readonly { sql: string; label: string }[] {
  const treatment = treatmentOf(classification, table);
  if (treatment?.kind !== 'tenant') return [];
  return catalog.foreignKeys
    .filter((key) => sameTable(key, table) && !sameTable(key.target, table))
    .filter((key) =>
      treatment.by === 'path'
        ? key.name !== treatment.foreignKey
        : !(key.columns.length === 1 && key.columns[0] === treatment.column),
    )
    .flatMap((key) => {
      const sql = along(catalog, classification, { table, foreignKey: key.name, alias: 't', depth: 0 });
      return sql === null ? [] : [{ sql, label: showName(key.name) }];
    });
}

async function count(client: Client, sql: string): Promise<number> {
  const { rows } = await client.query<{ n: string }>(sql);
  return Number(rows[0]?.n ?? 0);
}
