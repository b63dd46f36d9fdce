import type { TableName } from './source.ts';

/** One right on an object. `grantee` null is PUBLIC. In the order of the object's own list, which a dump shows. */
export type AclEntry = {
  readonly grantee: string | null;
  readonly grantor: string;
  readonly privilege: string;
  readonly grantable: boolean;
};

/** A column; `type` as SQL writes it, `baseType` the type below domains, without length. */
export type Column = {
  readonly name: string;
  readonly type: string;
  readonly baseType: string;
  readonly notNull: boolean;
  readonly acl: readonly AclEntry[];
};

/** What kind of relation; `partition` is a table that is part of another. */
export type RelationKind = 'table' | 'partitioned' | 'partition' | 'view' | 'matview' | 'foreign' | 'sequence';

/** A relation of a schema that is not PostgreSQL's and not ours. */
export type Relation = TableName & {
  readonly kind: RelationKind;
  readonly owner: string;
  readonly extension: string | null;
  readonly rowSecurity: boolean;
  readonly forced: boolean;
  readonly securityInvoker: boolean;
  /** Parents by inheritance or partitioning. */
  readonly parents: readonly TableName[];
  /** For a sequence: the column that it feeds. */
  readonly ownedBy: (TableName & { readonly column: string }) | null;
  readonly columns: readonly Column[];
  readonly acl: readonly AclEntry[];
};

/** A foreign key, by its name on its table. */
export type ForeignKey = TableName & {
  readonly name: string;
  readonly columns: readonly string[];
  readonly target: TableName;
  readonly targetColumns: readonly string[];
};

/** A primary key, unique constraint or unique index; `expression` if it is over more than plain columns. */
export type UniqueKey = TableName & {
  readonly name: string;
  readonly primary: boolean;
  readonly expression: boolean;
  readonly columns: readonly string[];
};

/** A row security policy. */
export type Policy = TableName & {
  readonly name: string;
  readonly permissive: boolean;
  readonly command: string;
  readonly roles: readonly (string | null)[];
  readonly using: string | null;
  readonly check: string | null;
};

/** A function, procedure or aggregate; `signature` is quoted and complete, for GRANT … ON ROUTINE. */
export type Routine = {
  readonly schema: string;
  readonly name: string;
  readonly signature: string;
  readonly owner: string;
  readonly securityDefiner: boolean;
  readonly extension: string | null;
  readonly acl: readonly AclEntry[];
  readonly explicitAcl: boolean;
};

/** A role of the cluster. */
export type Role = {
  readonly name: string;
  readonly superuser: boolean;
  readonly login: boolean;
  readonly inherit: boolean;
  readonly bypassRowSecurity: boolean;
  /** Member of which roles, directly. */
  readonly memberOf: readonly string[];
};

/** What a role can do to a table: it is the owner's (or has the owner's rights), or it has some right on it. */
export type Reach = TableName & { readonly role: string; readonly owns: boolean; readonly selects: boolean };

/** A schema or procedural language with its rights. */
export type Holder = { readonly name: string; readonly owner: string; readonly acl: readonly AclEntry[] };

/** The parts of a database's catalogs that adoption depends on. A plain value: the rules over it are pure. */
export type Catalog = {
  readonly systemIdentifier: string;
  readonly databaseOid: number;
  readonly database: string;
  readonly databaseOwner: string;
  readonly databaseAcl: readonly AclEntry[];
  readonly serverVersion: number;
  readonly admin: { readonly role: string; readonly superuser: boolean };
  readonly schemas: readonly Holder[];
  readonly languages: readonly Holder[];
  readonly relations: readonly Relation[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly uniqueKeys: readonly UniqueKey[];
  readonly policies: readonly Policy[];
  readonly routines: readonly Routine[];
  readonly roles: readonly Role[];
  readonly reach: readonly Reach[];
  readonly extensions: readonly string[];
  /** Other databases of the cluster that anybody may connect to. */
  readonly openDatabases: readonly string[];
  /** Other databases of the cluster whose own row security is unknown or present. */
  readonly otherDatabases: readonly string[];
};

/** Holds for the roles that Gatehouse makes. Nobody else may use these names; `plan` refuses when somebody does. */
export function isOwnRole(name: string): boolean {
  return /^(gov_grantee|gov_definer|gov_p_[0-9a-f]{32}|g_[0-9a-f]{32})$/.test(name);
}

/** The relation of that name, or null. */
export function relationOf(catalog: Catalog, name: TableName): Relation | null {
  return catalog.relations.find((one) => sameTable(one, name)) ?? null;
}

/** Holds for two names of one table. */
export function sameTable(a: TableName, b: TableName): boolean {
  return a.schema === b.schema && a.table === b.table;
}

/** The tables that a classification speaks of: ordinary and partitioned ones, foreign tables, materialised views, views. Partitions follow their parent. */
export function classifiableRelations(catalog: Catalog): readonly Relation[] {
  return catalog.relations.filter((one) => one.kind !== 'sequence' && one.kind !== 'partition');
}

/** Roles that existed before us and are bound by rights: not superusers, not ours, not PostgreSQL's own. */
export function ordinaryRoles(catalog: Catalog): readonly Role[] {
  return catalog.roles.filter((role) => !role.superuser && !isOwnRole(role.name) && !role.name.startsWith('pg_'));
}
