import { canonicalBytes, encodeBase64, sha256 } from '@gatehouse/verifier';
import type { ClientBase } from 'pg';
import type { AclEntry, Catalog } from './catalog.ts';
import { showName, showTable, showText } from './names.ts';

/** The shape that the wall stands on: each object with a digest of what matters of it. */
export type Shape = { readonly [object: string]: string };

/** What stands in the schema `gov` of a source: the functions and the map, with who owns them and who may use them. */
export type Wall = {
  /** What `apply` wrote down in the source itself, in the same transaction. */
  readonly comment: string | null;
  readonly objects: readonly { readonly name: string; readonly definition: string }[];
};

/**
 * Digests what the wall depends on: tables with owners, columns, row security and policies, foreign keys, functions, what
 * PUBLIC may do, and our own schema. Rights of single application roles, indexes and plain partitions may change freely.
 */
export function shapeOf(catalog: Catalog, wall: Wall): Shape {
  const shape: Record<string, string> = {};
  const add = (object: string, value: unknown): void => {
    shape[object] = digest(value);
  };
  for (const one of catalog.relations) {
    const open = [...publicOf(one.acl), ...one.columns.flatMap((column) => publicOf(column.acl))];
    if ((one.kind === 'partition' || one.kind === 'sequence') && open.length === 0) continue;
    add(`${one.kind} ${showTable(one)}`, {
      owner: one.owner,
      rowSecurity: one.rowSecurity,
      forced: one.forced,
      parents: one.parents,
      columns: one.columns.map((column) => [column.name, column.type]),
      open,
    });
  }
  for (const key of catalog.foreignKeys) add(`foreign key ${showName(key.name)} of ${showTable(key)}`, key);
  for (const policy of catalog.policies) add(`policy ${showName(policy.name)} of ${showTable(policy)}`, policy);
  for (const one of catalog.routines) {
    add(`routine ${showText(one.signature)}`, {
      owner: one.owner,
      definer: one.securityDefiner,
      open: publicOf(one.acl),
    });
  }
  for (const one of catalog.schemas) add(`schema ${showName(one.name)}`, { owner: one.owner, open: publicOf(one.acl) });
  for (const one of catalog.languages) add(`language ${showName(one.name)}`, { open: publicOf(one.acl) });
  for (const one of catalog.extensions) add(`extension ${showName(one)}`, null);
  for (const one of wall.objects) add(`gov object ${one.name}`, one.definition);
  return shape;
}

/** One digest of a whole shape. */
export function fingerprintOf(shape: Shape): string {
  return digest(shape);
}

/** Names what differs between two shapes, sorted. */
export function differences(before: Shape, after: Shape): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names]
    .filter((name) => before[name] !== after[name])
    .map(
      (name) => `${name} ${before[name] === undefined ? 'is new' : after[name] === undefined ? 'is gone' : 'changed'}`,
    )
    .toSorted();
}

/** Reads our own schema in a source; null where it is not there. */
export async function readWall(client: ClientBase): Promise<Wall | null> {
  const schema = await client.query<{ comment: string | null }>(
    `select obj_description(oid, 'pg_namespace') as comment from pg_namespace where nspname = 'gov'`,
  );
  const [found] = schema.rows;
  if (found === undefined) return null;
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select p.oid::regprocedure::text as name,
            concat_ws(' | ', pg_get_functiondef(p.oid), pg_get_userbyid(p.proowner), p.proacl::text) as definition
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'gov'
     union all
     select c.oid::regclass::text, concat_ws(' | ', c.relkind, pg_get_userbyid(c.relowner), c.relacl::text)
       from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'gov' and c.relkind in ('r', 'v', 'm', 'f', 'p')
      order by 1`,
  );
  return { comment: found.comment, objects: rows };
}

function publicOf(acl: readonly AclEntry[]): readonly string[] {
  return acl
    .filter((entry) => entry.grantee === null)
    .map((entry) => entry.privilege)
    .toSorted();
}

function digest(value: unknown): string {
  return encodeBase64(sha256(canonicalBytes(value)));
}
