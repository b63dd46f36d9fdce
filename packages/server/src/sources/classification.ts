import { canonicalBytes, encodeBase64, sha256 } from '@gatehouse/verifier';
import type { TableName } from './source.ts';

/**
 * How a table is treated. `tenant` by a column that holds the tenant's key, or by a foreign key (its constraint name) to
 * another tenant table. `reference`: no customer data, readable by every grant. `refused`: never granted.
 */
export type Treatment =
  | { readonly kind: 'tenant'; readonly by: 'column'; readonly column: string }
  | { readonly kind: 'tenant'; readonly by: 'path'; readonly foreignKey: string }
  | { readonly kind: 'reference' }
  | { readonly kind: 'refused'; readonly reason: string };

/** One table of a classification. */
export type ClassifiedTable = TableName & { readonly treatment: Treatment };

/**
 * The classification of a source: what its operator says about each table. The document is logged in every affected
 * tenant's log, and the signed statements name its hash (DESIGN.md sections 3 and 5).
 */
export type Classification = {
  readonly v: 1;
  readonly source: string;
  readonly systemIdentifier: string;
  readonly databaseOid: number;
  /** The table whose keys are the tenants, and the column that holds them; null until one was named. */
  readonly tenantTable: (TableName & { readonly column: string }) | null;
  /** Every table of the database, in order of schema and name. */
  readonly tables: readonly ClassifiedTable[];
};

/** Puts the tables in the one order that the hash is taken over. */
export function orderTables<T extends TableName>(tables: readonly T[]): readonly T[] {
  return tables.toSorted((a, b) => compare(a.schema, b.schema) || compare(a.table, b.table));
}

/** Base64 SHA-256 over the canonical JSON (RFC 8785) of the document: the `classificationHash` of the signed statements. */
export function classificationHash(classification: Classification): string {
  return encodeBase64(sha256(canonicalBytes(classification)));
}

/** The treatment of one table; null where the document does not know it, which means `refused`. */
export function treatmentOf(classification: Classification, name: TableName): Treatment | null {
  return classification.tables.find((one) => one.schema === name.schema && one.table === name.table)?.treatment ?? null;
}

/**
 * Names the tables that `next` would open wider than `previous`: from tenant or refused to `reference`. What ever held
 * tenants never opens again without the customers' statement (DESIGN.md section 5).
 */
export function loosened(previous: Classification, next: Classification): readonly TableName[] {
  return previous.tables
    .filter((before) => before.treatment.kind === 'tenant')
    .filter((before) => treatmentOf(next, before)?.kind === 'reference')
    .map(({ schema, table }) => ({ schema, table }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
