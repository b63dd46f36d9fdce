import {
  type Catalog,
  classifiableRelations,
  type ForeignKey,
  relationOf,
  type Relation,
  sameTable,
} from './catalog.ts';
import type { Treatment } from './classification.ts';
import { showName, showTable } from './names.ts';
import type { TableName } from './source.ts';
import { comparableTypes } from './tenant-key.ts';

/** The table whose keys are the tenants, and the column that holds them. */
export type TenantTable = TableName & { readonly column: string };

/**
 * What a table looks like. `treatment` is what `--accept-suggestions` takes: whatever is not certain is `refused` there, and
 * `consider` names what a person may choose instead.
 */
export type Proposal = TableName & {
  readonly treatment: Treatment;
  readonly reason: string;
  readonly certain: boolean;
  readonly consider: Treatment | null;
};

/**
 * Proposes a treatment for every table from the catalog alone. Pure; reads no row. Leans to `refused`: calling customer
 * data `reference` would show it to every tenant's helpers, calling reference data `refused` costs one question.
 */
export function propose(catalog: Catalog, tenantTable: TenantTable | null): readonly Proposal[] {
  const relations = classifiableRelations(catalog);
  const tenants = tenantTable === null ? [] : tenantProposals(catalog, relations, tenantTable);
  const rest = relations.filter((one) => !tenants.some((found) => sameTable(found, one)));
  const refused = rest.map((one) => refusal(catalog, one, tenantTable)).filter((found) => found !== null);
  spreadRefusals(catalog, rest, refused);
  return relations.map(
    (one) =>
      tenants.find((found) => sameTable(found, one)) ??
      refused.find((found) => sameTable(found, one)) ??
      proposal(one, { kind: 'reference' }, referenceReason(catalog, one)),
  );
}

function proposal(name: TableName, treatment: Treatment, reason: string): Proposal {
  return { schema: name.schema, table: name.table, treatment, reason, certain: true, consider: null };
}

function refuse(name: TableName, reason: string, consider: Treatment | null = null): Proposal {
  const treatment: Treatment = { kind: 'refused', reason };
  return { schema: name.schema, table: name.table, treatment, reason, certain: consider === null, consider };
}

/** Follows foreign keys outwards from the tenant table, nearest tables first. */
function tenantProposals(catalog: Catalog, relations: readonly Relation[], root: TenantTable): readonly Proposal[] {
  const found: Proposal[] = [];
  const table = relationOf(catalog, root);
  if (table === null) return found;
  found.push(
    proposal(
      root,
      { kind: 'tenant', by: 'column', column: root.column },
      `the tenant table: each ${showName(root.column)} is a tenant`,
    ),
  );
  const tables = relations.filter((one) => one.kind === 'table' || one.kind === 'partitioned');
  for (let grown = true; grown; ) {
    const known = found.filter((one) => one.treatment.kind === 'tenant');
    const next = tables
      .filter((one) => !found.some((other) => sameTable(other, one)))
      .map((one) => attached(catalog, one, root, known))
      .filter((one) => one !== null);
    found.push(...next);
    grown = next.length > 0;
  }
  return found;
}

function attached(catalog: Catalog, table: Relation, root: TenantTable, known: readonly Proposal[]): Proposal | null {
  const keys = catalog.foreignKeys.filter((key) => sameTable(key, table) && !sameTable(key.target, table));
  const direct = keys.filter(
    (key) => sameTable(key.target, root) && key.columns.length === 1 && key.targetColumns[0] === root.column,
  );
  const [column] = direct.map((key) => key.columns[0]);
  if (direct.length === 1 && column !== undefined) {
    return proposal(
      table,
      { kind: 'tenant', by: 'column', column },
      `${showName(column)} is a foreign key to the tenant table ${showTable(root)}`,
    );
  }
  const paths = keys.filter((key) => known.some((one) => sameTable(one, key.target)));
  const [path] = direct.length > 1 ? direct : paths;
  if (path === undefined) return byName(catalog, table, root);
  const choice: Treatment =
    direct.length > 1 && path.columns[0] !== undefined
      ? { kind: 'tenant', by: 'column', column: path.columns[0] }
      : { kind: 'tenant', by: 'path', foreignKey: path.name };
  if (direct.length > 1 || paths.length > 1) {
    return refuse(
      table,
      `several foreign keys lead to a tenant (${(direct.length > 1 ? direct : paths).map((key) => showName(key.name)).join(', ')}) and they may disagree: choose one`,
      choice,
    );
  }
  return proposal(
    table,
    choice,
    `its foreign key ${showName(path.name)} leads to ${showTable(path.target)}, a tenant table`,
  );
}

/** A column that is called like the tenant's key but is bound by no foreign key: probable, not certain. */
function byName(catalog: Catalog, table: Relation, root: TenantTable): Proposal | null {
  const key = relationOf(catalog, root)?.columns.find((one) => one.name === root.column);
  const column = table.columns.find(
    (one) => looksLikeTenantKey(one.name, root) && key !== undefined && comparableTypes(one.baseType, key.baseType),
  );
  if (column === undefined) return null;
  return refuse(table, `${showName(column.name)} looks like the tenant's key, but no foreign key says so`, {
    kind: 'tenant',
    by: 'column',
    column: column.name,
  });
}

function looksLikeTenantKey(column: string, root: TenantTable | null): boolean {
  const name = column.toLowerCase();
  if (
    /^(tenant|customer|account|org|organi[sz]ation|client|company|workspace|subscriber)_?(id|key|code|no)$/.test(name)
  )
    return true;
  if (root === null) return false;
  return (name === root.column.toLowerCase() && name !== 'id') || name === `${singular(root.table)}_id`;
}

function singular(table: string): string {
  const name = table.toLowerCase();
  return name.length > 3 && name.endsWith('s') ? name.slice(0, -1) : name;
}

/** Names of columns that hold people or secrets. A supplier's business address does not count; a birth date does. */
const personal =
  /(birth|^dob$|first_?name|last_?name|given_?name|sur_?name|full_?name|user_?name|home_phone|mobile|hire_date|salary|ssn|passport|photo|e_?mail|passw|secret|token|credential|api_?key|iban|card_?(no|number)|ip_?addr|session)/i;

function refusal(catalog: Catalog, one: Relation, root: TenantTable | null): Proposal | null {
  const reference: Treatment = { kind: 'reference' };
  if (one.kind === 'view') return refuse(one, "a view shows what its owner may see, which is every tenant's rows");
  if (one.kind === 'matview') return refuse(one, 'a materialised view holds copies of rows without their row security');
  if (one.kind === 'foreign')
    return refuse(one, 'a foreign table lies in another database, where this wall does not stand');
  if (one.extension !== null) return refuse(one, `it belongs to the extension ${showName(one.extension)}`);
  if (root === null)
    return refuse(one, 'no tenant table was named yet (--tenant-table), so no table can be judged', reference);
  const person = one.columns.find((column) => personal.test(column.name));
  if (person !== undefined) {
    return refuse(
      one,
      `${showName(person.name)} looks like data of persons or a secret, and no foreign key leads to a tenant`,
    );
  }
  const key = one.columns.find((column) => looksLikeTenantKey(column.name, root));
  if (key !== undefined)
    return refuse(one, `${showName(key.name)} looks like a tenant's key, but does not lead to the tenant table`);
  if (one.table.toLowerCase().includes(singular(root.table))) {
    return refuse(
      one,
      `its name speaks of ${showName(root.table)}, but no foreign key leads from it to a tenant`,
      reference,
    );
  }
  if (isReferenced(catalog, one) || lookupShaped(one)) return null;
  return refuse(
    one,
    'nothing tells that it is free of customer data: no table refers to it, and it is not a plain list',
    reference,
  );
}

/** A table that refers to a refused one says something about it, so it is refused as well. */
function spreadRefusals(catalog: Catalog, rest: readonly Relation[], refused: Proposal[]): void {
  for (let grown = true; grown; ) {
    grown = false;
    for (const one of rest) {
      if (refused.some((found) => sameTable(found, one))) continue;
      const key = catalog.foreignKeys.find(
        (candidate) => sameTable(candidate, one) && refused.some((found) => sameTable(found, candidate.target)),
      );
      if (key === undefined) continue;
      refused.push(
        refuse(one, `its foreign key ${showName(key.name)} leads to ${showTable(key.target)}, which is refused`),
      );
      grown = true;
    }
  }
}

function isReferenced(catalog: Catalog, one: Relation): boolean {
  return catalog.foreignKeys.some((key: ForeignKey) => sameTable(key.target, one) && !sameTable(key, one));
}

/** A short list of codes and names: few columns, a key, nothing that grows with use (times, documents, free text). */
function lookupShaped(one: Relation): boolean {
  const growing = /^(text|json|jsonb|xml|bytea|timestamp|hstore|inet|money)/;
  return (
    one.columns.length > 0 && one.columns.length <= 6 && one.columns.every((column) => !growing.test(column.baseType))
  );
}

function referenceReason(catalog: Catalog, one: Relation): string {
  const from = catalog.foreignKeys.find((key) => sameTable(key.target, one) && !sameTable(key, one));
  const why = from === undefined ? 'a short list of codes and names' : `${showTable(from)} refers to it`;
  return `${why}; nothing in it leads to a tenant or to a person`;
}
