import { createHash } from 'node:crypto';
import type { Mode } from '@gatehouse/terms';
import { canonicalBytes } from '@gatehouse/verifier';
import type { Client } from 'pg';
import { type Catalog, type Relation, sameTable } from './catalog.ts';
import { type Classification, classificationHash, treatmentOf } from './classification.ts';
import { quoteIdentifier, quoteTable, showName } from './names.ts';
import { type GrantScope, SourceError, type TableName } from './source.ts';

/** What a profile may do to one table. `columns` null means the whole table. */
export type TableRights = TableName & {
  readonly privileges: readonly ('select' | 'insert' | 'update' | 'delete')[];
  readonly columns: readonly string[] | null;
  /** Sequences that feed its columns, for INSERT. */
  readonly sequences: readonly TableName[];
};

/** The rights that grants with the same classification, mode and scope share. The role's name is the hash of this content. */
export type Profile = { readonly role: string; readonly rights: readonly TableRights[] };

/**
 * What a mode and a scope amount to under a classification. Pure. `read` is SELECT and nothing else; `write` adds INSERT,
 * UPDATE and DELETE on tenant tables, never TRUNCATE, which row security does not cover. DELETE needs the whole table.
 */
export function profileOf(
  catalog: Catalog,
  classification: Classification,
  asked: { readonly mode: Mode; readonly scope: GrantScope },
): Profile {
  const granted = catalog.relations.filter((one) => grantableKind(classification, one));
  const tables = asked.scope.tables === null ? granted : asked.scope.tables.map((name) => oneTable(granted, name));
  const columns = asked.scope.columns?.map((name) => oneColumn(granted, name)) ?? null;
  const rights = tables
    .map((table) => rightsOn(catalog, classification, { table, mode: asked.mode, columns }))
    .filter((one) => one !== null);
  if (rights.length === 0) {
    throw new SourceError(
      'SCOPE_INVALID',
      'The scope names no table and no column that the classification grants: ask for at least one.',
    );
  }
  const content = {
    v: 1,
    system: catalog.systemIdentifier,
    database: catalog.databaseOid,
    classification: classificationHash(classification),
    mode: asked.mode,
    rights,
  };
  return { role: `gov_p_${createHash('sha256').update(canonicalBytes(content)).digest('hex').slice(0, 32)}`, rights };
}

/** The tables and columns that a classification grants, to someone. */
export function grantable(
  catalog: Catalog,
  classification: Classification,
): readonly (TableName & { readonly columns: readonly string[] })[] {
  return catalog.relations
    .filter((one) => grantableKind(classification, one))
    .map((one) => ({ schema: one.schema, table: one.table, columns: one.columns.map((column) => column.name) }));
}

function grantableKind(classification: Classification, one: Relation): boolean {
  const kind = treatmentOf(classification, one)?.kind;
  return (kind === 'tenant' || kind === 'reference') && (one.kind === 'table' || one.kind === 'partitioned');
}

function rightsOn(
  catalog: Catalog,
  classification: Classification,
  asked: { table: Relation; mode: Mode; columns: readonly { table: Relation; column: string }[] | null },
): TableRights | null {
  const { table, mode } = asked;
  const columns = asked.columns?.filter((one) => sameTable(one.table, table)).map((one) => one.column) ?? null;
  if (columns !== null && columns.length === 0) return null;
  const writes = mode === 'write' && treatmentOf(classification, table)?.kind === 'tenant';
  const privileges = writes ? (['select', 'insert', 'update', 'delete'] as const) : (['select'] as const);
  return {
    schema: table.schema,
    table: table.table,
    privileges: columns === null ? privileges : privileges.filter((one) => one !== 'delete'),
    columns: columns === null ? null : [...new Set(columns)].toSorted(),
    sequences: writes
      ? catalog.relations
          .filter((one) => one.kind === 'sequence' && one.ownedBy !== null && sameTable(one.ownedBy, table))
          .map((one) => ({ schema: one.schema, table: one.table }))
      : [],
  };
}

/** Finds the one table that a requester's name means: `table`, or `schema.table`. Exact: no folding, no patterns. */
function oneTable(granted: readonly Relation[], name: string): Relation {
  const found = granted.filter((one) => one.table === name || `${one.schema}.${one.table}` === name);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new SourceError(
    'SCOPE_INVALID',
    `The scope names the table ${showName(name)}, which ${found.length === 0 ? 'this source does not grant' : 'is more than one table'}: use the exact name of a granted table, with its schema where needed.`,
  );
}

function oneColumn(granted: readonly Relation[], name: string): { table: Relation; column: string } {
  const found = granted.flatMap((table) =>
    table.columns
      .map((column) => column.name)
      .filter((column) => name === `${table.table}.${column}` || name === `${table.schema}.${table.table}.${column}`)
      .map((column) => ({ table, column })),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new SourceError(
    'SCOPE_INVALID',
    `The scope names the column ${showName(name)}, which ${found.length === 0 ? 'this source does not grant' : 'is more than one column'}: use TABLE.COLUMN of a granted table.`,
  );
}

/** Makes the role of a profile where it is missing. Inside a transaction that holds the adoption lock. */
export async function ensureProfile(client: Client, catalog: Catalog, profile: Profile): Promise<void> {
  const { rows } = await client.query('select 1 from pg_roles where rolname = $1', [profile.role]);
  if (rows.length > 0) return; // made in one transaction, so it is whole; its name is its content
  const role = quoteIdentifier(profile.role);
  const schemas = [
    ...new Set(profile.rights.flatMap((one) => [one.schema, ...one.sequences.map((seq) => seq.schema)])),
  ];
  const statements = [
    `create role ${role} nologin`,
    `grant gov_grantee to ${role}${membership(catalog)}`,
    `comment on role ${role} is 'Gatehouse profile of database ${catalog.databaseOid}'`,
    `grant connect on database ${quoteIdentifier(catalog.database)} to ${role}`,
    ...schemas.map((schema) => `grant usage on schema ${quoteIdentifier(schema)} to ${role}`),
    ...profile.rights.map((one) => `grant ${rightsSql(one)} on table ${quoteTable(one)} to ${role}`),
    ...profile.rights.flatMap((one) =>
      one.sequences.map((sequence) => `grant usage on sequence ${quoteTable(sequence)} to ${role}`),
    ),
  ];
  for (const statement of statements) await client.query(statement);
}

/** PostgreSQL 16 and later say per membership what 15 says per role; SET ROLE would gain nothing, and is not given. */
export function membership(catalog: Pick<Catalog, 'serverVersion'>): string {
  return catalog.serverVersion >= 160_000 ? ' with inherit true, set false' : '';
}

/** The profiles of the database that we are connected to. */
export async function profilesHere(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ rolname: string }>(
    `select r.rolname from pg_roles r
      where r.rolname ~ '^gov_p_[0-9a-f]{32}$'
        and exists (select from pg_shdepend d join pg_database b on b.datname = current_database()
                     where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid
                       and (d.dbid = b.oid or (d.dbid = 0 and d.classid = 'pg_database'::regclass and d.objid = b.oid)))
      order by r.rolname`,
  );
  return rows.map((row) => row.rolname);
}

function rightsSql(one: TableRights): string {
  const columns = one.columns === null ? '' : ` (${one.columns.map((name) => quoteIdentifier(name)).join(', ')})`;
  return one.privileges.map((privilege) => `${privilege}${columns}`).join(', ');
}
