import { type AclEntry, type Catalog, isOwnRole, ordinaryRoles } from './catalog.ts';
import { quoteIdentifier, quoteTable, showName, showText } from './names.ts';
import type { Step } from './step.ts';

/** An object of the database whose rights are taken from PUBLIC. */
type Target = {
  readonly kind: 'database' | 'schema' | 'language' | 'table' | 'sequence' | 'routine';
  readonly sql: string;
  readonly owner: string;
  readonly acl: readonly AclEntry[];
  readonly privileges: readonly string[];
  /** Set for a column right: the column. */
  readonly column?: string;
};

/** Steps that take rights from PUBLIC, and what stands in the way. */
export type PublicRights = { readonly steps: readonly Step[]; readonly obstacles: readonly string[] };

/** Extensions whose functions only compute: column defaults, indexes and comparisons need them, and none reads a row. */
const computing = [
  'citext',
  'pg_trgm',
  'uuid-ossp',
  'pgcrypto',
  'hstore',
  'ltree',
  'unaccent',
  'btree_gin',
  'btree_gist',
  'intarray',
  'cube',
  'seg',
  'isn',
  'fuzzystrmatch',
  'earthdistance',
];

/**
 * What PUBLIC may do, the roles of grants may do as well. So the rights that lead around the wall (GATEWAY section 4) are taken
 * from PUBLIC and given to each role that exists today: nothing changes for the application. The inverse puts each access
 * list back in its own order, because a dump shows that order. Pure.
 */
export function publicRights(catalog: Catalog): PublicRights {
  const targets = targetsOf(catalog).filter((target) => target.privileges.length > 0);
  const foreign = targets.filter((target) => rightsOf(target, null).some((entry) => entry.grantor !== target.owner));
  const obstacles = foreign.map(
    (target) =>
      `On ${showText(target.sql)} PUBLIC has rights that were given by another role than the owner ${showName(target.owner)}, which only that role can take back: revoke them from PUBLIC yourself, then plan again.`,
  );
  const changeable = targets.filter((target) => catalog.admin.superuser || target.owner === catalog.admin.role);
  const groups = new Map<string, { readonly of: Target; readonly roles: readonly string[]; readonly all: Target[] }>();
  for (const target of changeable.filter((one) => !foreign.includes(one))) {
    const roles = lackingRoles(catalog, target);
    const key = JSON.stringify([target.kind, target.privileges, target.column ?? null, roles, tail(target)]);
    const group = groups.get(key) ?? { of: target, roles, all: [] };
    group.all.push(target);
    groups.set(key, group);
  }
  return { steps: [...groups.values()].map((group) => stepOf(group)), obstacles };
}

function stepOf(group: {
  readonly of: Target;
  readonly roles: readonly string[];
  readonly all: readonly Target[];
}): Step {
  const { of: target, roles } = group;
  const on = `on ${target.kind} ${group.all.map((one) => one.sql).join(', ')}`;
  const privileges = target.privileges.map((one) => privilegeSql(one, target.column)).join(', ');
  const to = roles.map((role) => quoteIdentifier(role)).join(', ');
  const again = tail(target);
  const undo = [
    ...(roles.length > 0 ? [`revoke ${privileges} ${on} from ${to};`] : []),
    ...again.map((entry) => `revoke ${privilegeSql(entry.privilege, target.column)} ${on} from ${nameOf(entry)};`),
    `grant ${privileges} ${on} to public;`,
    ...again.map(
      (entry) =>
        `grant ${privilegeSql(entry.privilege, target.column)} ${on} to ${nameOf(entry)}${entry.grantable ? ' with grant option' : ''};`,
    ),
  ];
  return {
    title: `take ${target.privileges.join(', ').toLowerCase()} on ${describe(group.all)} from PUBLIC${roles.length > 0 ? ', and leave it to the roles that exist' : ''}`,
    sql: [
      `revoke ${privileges} ${on} from public;`,
      ...(roles.length > 0 ? [`grant ${privileges} ${on} to ${to};`] : []),
    ],
    undo,
  };
}

function describe(targets: readonly Target[]): string {
  const [first] = targets;
  if (first === undefined) return 'nothing';
  return targets.length === 1 ? `${first.kind} ${showText(first.sql)}` : `${targets.length} ${first.kind}s`;
}

function privilegeSql(privilege: string, column: string | undefined): string {
  return column === undefined ? privilege.toLowerCase() : `${privilege.toLowerCase()} (${quoteIdentifier(column)})`;
}

function nameOf(entry: AclEntry): string {
  return entry.grantee === null ? 'public' : quoteIdentifier(entry.grantee);
}

function rightsOf(target: Pick<Target, 'acl'>, grantee: string | null): readonly AclEntry[] {
  return target.acl.filter((entry) => entry.grantee === grantee);
}

/** Entries behind PUBLIC's: to come out in the old order they are given anew. Chains of grants stay, at another place. */
function tail(target: Target): readonly AclEntry[] {
  const from = target.acl.findIndex((entry) => entry.grantee === null);
  const behind = target.acl.slice(from).filter((entry) => entry.grantee !== null && entry.grantee !== target.owner);
  return target.acl.some((entry) => entry.grantor !== target.owner) ? [] : behind;
}

function lackingRoles(catalog: Catalog, target: Target): readonly string[] {
  return ordinaryRoles(catalog)
    .map((role) => role.name)
    .filter((role) => role !== target.owner)
    .filter((role) =>
      target.privileges.some((one) => !rightsOf(target, role).some((entry) => entry.privilege === one)),
    );
}

/** What PUBLIC holds of an access list, or only `wanted` of it. */
function held(acl: readonly AclEntry[], wanted?: string): readonly string[] {
  const found = acl.filter((entry) => entry.grantee === null).map((entry) => entry.privilege);
  return wanted === undefined ? found : found.filter((one) => one === wanted);
}

function targetsOf(catalog: Catalog): readonly Target[] {
  const { database, databaseOwner, databaseAcl } = catalog;
  return [
    {
      kind: 'database',
      sql: quoteIdentifier(database),
      owner: databaseOwner,
      acl: databaseAcl,
      privileges: held(databaseAcl, 'TEMPORARY'),
    },
    ...catalog.schemas.map(
      (one): Target => ({
        kind: 'schema',
        sql: quoteIdentifier(one.name),
        owner: one.owner,
        acl: one.acl,
        privileges: held(one.acl, 'CREATE'),
      }),
    ),
    ...catalog.languages.map(
      (one): Target => ({
        kind: 'language',
        sql: quoteIdentifier(one.name),
        owner: one.owner,
        acl: one.acl,
        privileges: held(one.acl, 'USAGE'),
      }),
    ),
    ...catalog.routines
      .filter((one) => one.extension === null || !computing.includes(one.extension) || one.securityDefiner)
      .map(
        (one): Target => ({
          kind: 'routine',
          sql: one.signature,
          owner: one.owner,
          acl: one.acl,
          privileges: held(one.acl),
        }),
      ),
    ...catalog.relations.map(
      (one): Target => ({
        kind: one.kind === 'sequence' ? 'sequence' : 'table',
        sql: quoteTable(one),
        owner: one.owner,
        acl: one.acl,
        privileges: held(one.acl),
      }),
    ),
    ...catalog.relations.flatMap((one) =>
      one.columns.map(
        (column): Target => ({
          kind: 'table',
          sql: quoteTable(one),
          owner: one.owner,
          acl: column.acl,
          privileges: held(column.acl),
          column: column.name,
        }),
      ),
    ),
  ];
}

/** Ordinary roles that lack a right which `apply` took from PUBLIC: made after it, and not members of an older role. */
export function rolesWithout(catalog: Catalog): readonly string[] {
  const probe = catalog.routines.find((one) => one.schema === 'pg_catalog' && one.name === 'set_config');
  if (probe === undefined || probe.acl.some((entry) => entry.grantee === null)) return [];
  const holders = new Set(probe.acl.map((entry) => entry.grantee));
  const memberships = new Map(catalog.roles.map((role) => [role.name, role.memberOf]));
  const has = (role: string, seen: ReadonlySet<string>): boolean =>
    holders.has(role) ||
    (memberships.get(role) ?? []).some((group) => !seen.has(group) && has(group, new Set([...seen, group])));
  return ordinaryRoles(catalog)
    .map((role) => role.name)
    .filter((role) => !isOwnRole(role) && !has(role, new Set([role])));
}
