import type { ClientBase } from 'pg';
import type {
  Catalog,
  Column,
  ForeignKey,
  Holder,
  Policy,
  Reach,
  Relation,
  Role,
  Routine,
  UniqueKey,
} from './catalog.ts';

/**
 * Reads the catalogs that adoption depends on, as one consistent picture if the caller holds a repeatable-read transaction.
 * Reads no row of any table. The caller's connection has an empty `search_path`, so that every name comes out complete.
 */
export async function introspect(client: ClientBase): Promise<Catalog> {
  const own = await one<OwnRow>(client, ownSql);
  return {
    ...own,
    schemas: await all<Holder>(client, schemasSql),
    languages: await all<Holder>(client, languagesSql),
    relations: await all<Relation & { columns: readonly Column[] }>(client, relationsSql),
    foreignKeys: await all<ForeignKey>(client, foreignKeysSql),
    uniqueKeys: await all<UniqueKey>(client, uniqueKeysSql),
    policies: await all<Policy>(client, policiesSql),
    routines: await all<Routine>(client, routinesSql),
    roles: await all<Role>(client, rolesSql),
    reach: await all<Reach>(client, reachSql),
    extensions: await all<string>(client, `select to_json(extname) as value from pg_extension order by extname`),
  };
}

/** Who a database is, and who asks: cheap, for the check that a source is still the one that was registered. */
export async function identify(client: ClientBase): Promise<OwnRow> {
  return await one<OwnRow>(client, ownSql);
}

type OwnRow = Pick<
  Catalog,
  | 'systemIdentifier'
  | 'databaseOid'
  | 'database'
  | 'databaseOwner'
  | 'databaseAcl'
  | 'serverVersion'
  | 'admin'
  | 'openDatabases'
  | 'otherDatabases'
>;

async function all<T>(client: ClientBase, sql: string): Promise<readonly T[]> {
  const { rows } = await client.query<{ value: T }>(sql);
  return rows.map((row) => row.value);
}

async function one<T>(client: ClientBase, sql: string): Promise<T> {
  const [value] = await all<T>(client, sql);
  if (value === undefined) throw new Error('A catalog query that always answers with one row answered with none.');
  return value;
}

/** An access list as JSON, in its own order; absent lists are PostgreSQL's default for that kind of object. */
function aclSql(acl: string, kind: string, owner: string): string {
  return `coalesce((
    select json_agg(json_build_object(
             'grantee',   case when entry.grantee = 0 then null else pg_get_userbyid(entry.grantee) end,
             'grantor',   pg_get_userbyid(entry.grantor),
             'privilege', entry.privilege_type,
             'grantable', entry.is_grantable) order by entry.ordinality)
      from aclexplode(coalesce(${acl}, acldefault('${kind}', ${owner})))
           with ordinality as entry (grantor, grantee, privilege_type, is_grantable, ordinality)), '[]'::json)`;
}

const userSchema = (name: string): string => `(${name} !~ '^pg_' and ${name} not in ('information_schema', 'gov'))`;

const extensionOf = (catalog: string, oid: string): string => `(
    select e.extname from pg_depend d join pg_extension e on e.oid = d.refobjid
     where d.classid = '${catalog}'::regclass and d.objid = ${oid} and d.deptype = 'e'
       and d.refclassid = 'pg_extension'::regclass limit 1)`;

const ownSql = `
  select json_build_object(
    'systemIdentifier', (select system_identifier::text from pg_control_system()),
    'databaseOid',      d.oid::bigint,
    'database',         d.datname,
    'databaseOwner',    pg_get_userbyid(d.datdba),
    'databaseAcl',      ${aclSql('d.datacl', 'd', 'd.datdba')},
    'serverVersion',    current_setting('server_version_num')::int,
    'admin',            json_build_object('role', current_user, 'superuser', (select rolsuper from pg_roles where rolname = current_user)),
    'openDatabases',    coalesce((select json_agg(o.datname order by o.datname) from pg_database o
                                   where o.oid <> d.oid and o.datallowconn
                                     and exists (select from aclexplode(coalesce(o.datacl, acldefault('d', o.datdba))) a
                                                  where a.grantee = 0 and a.privilege_type = 'CONNECT')), '[]'::json),
    'otherDatabases',   coalesce((select json_agg(o.datname order by o.datname) from pg_database o
                                   where o.oid <> d.oid and o.datallowconn and not o.datistemplate), '[]'::json)
  ) as value
  from pg_database d where d.datname = current_database()`;

const schemasSql = `
  select json_build_object('name', n.nspname, 'owner', pg_get_userbyid(n.nspowner),
                           'acl', ${aclSql('n.nspacl', 'n', 'n.nspowner')}) as value
    from pg_namespace n where ${userSchema('n.nspname')} order by n.nspname`;

const languagesSql = `
  select json_build_object('name', l.lanname, 'owner', pg_get_userbyid(l.lanowner),
                           'acl', ${aclSql('l.lanacl', 'l', 'l.lanowner')}) as value
    from pg_language l where l.lanispl order by l.lanname`;

const baseTypeSql = `
  with recursive base (oid, below) as (
    select a.atttypid, (select typbasetype from pg_type where oid = a.atttypid)
    union all
    select b.below, (select typbasetype from pg_type where oid = b.below) from base b where b.below <> 0)
  select format_type(oid, null) from base where below = 0`;

const relationsSql = `
  select json_build_object(
    'schema', n.nspname, 'table', c.relname,
    'kind', case when c.relkind in ('r', 'p') and c.relispartition then 'partition'
                 else (case c.relkind when 'r' then 'table' when 'p' then 'partitioned' when 'v' then 'view'
                                      when 'm' then 'matview' when 'f' then 'foreign' else 'sequence' end) end,
    'owner', pg_get_userbyid(c.relowner),
    'extension', ${extensionOf('pg_class', 'c.oid')},
    'rowSecurity', c.relrowsecurity, 'forced', c.relforcerowsecurity,
    'securityInvoker', coalesce('security_invoker=true' = any (c.reloptions) or 'security_invoker=on' = any (c.reloptions), false),
    'parents', coalesce((select json_agg(json_build_object('schema', pn.nspname, 'table', p.relname) order by i.inhseqno)
                           from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace
                          where i.inhrelid = c.oid), '[]'::json),
    'ownedBy', (select json_build_object('schema', tn.nspname, 'table', t.relname, 'column', a.attname)
                  from pg_depend d join pg_class t on t.oid = d.refobjid join pg_namespace tn on tn.oid = t.relnamespace
                  join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
                 where c.relkind = 'S' and d.classid = 'pg_class'::regclass and d.objid = c.oid
                   and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') limit 1),
    'columns', coalesce((select json_agg(json_build_object(
                            'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                            'baseType', (${baseTypeSql}),
                            'notNull', a.attnotnull,
                            'acl', case when a.attacl is null then '[]'::json else ${aclSql('a.attacl', 'c', 'c.relowner')} end)
                          order by a.attnum)
                          from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                                                and c.relkind <> 'S'), '[]'::json),
    'acl', case when c.relkind = 'S' then ${aclSql('c.relacl', 's', 'c.relowner')} else ${aclSql('c.relacl', 'r', 'c.relowner')} end
  ) as value
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${userSchema('n.nspname')}
 order by n.nspname collate "C", c.relname collate "C"`;

const namesOf = (relation: string, numbers: string): string => `(
    select json_agg(a.attname order by listed.ordinality)
      from unnest(${numbers}) with ordinality as listed (attnum, ordinality)
      join pg_attribute a on a.attrelid = ${relation} and a.attnum = listed.attnum)`;

const foreignKeysSql = `
  select json_build_object(
    'schema', n.nspname, 'table', c.relname, 'name', k.conname,
    'columns', ${namesOf('k.conrelid', 'k.conkey')},
    'target', json_build_object('schema', tn.nspname, 'table', t.relname),
    'targetColumns', ${namesOf('k.confrelid', 'k.confkey')}) as value
  from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_class t on t.oid = k.confrelid join pg_namespace tn on tn.oid = t.relnamespace
 where k.contype = 'f' and k.conparentid = 0 and ${userSchema('n.nspname')}
 order by n.nspname collate "C", c.relname collate "C", k.conname collate "C"`;

const uniqueKeysSql = `
  select json_build_object(
    'schema', n.nspname, 'table', c.relname, 'name', i.relname, 'primary', x.indisprimary,
    'expression', x.indexprs is not null,
    'columns', coalesce(${namesOf('c.oid', 'x.indkey::int2[]')}, '[]'::json)) as value
  from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
  join pg_namespace n on n.oid = c.relnamespace
 where x.indisunique and not c.relispartition and ${userSchema('n.nspname')}
 order by n.nspname collate "C", c.relname collate "C", i.relname collate "C"`;

const policiesSql = `
  select json_build_object(
    'schema', n.nspname, 'table', c.relname, 'name', p.polname, 'permissive', p.polpermissive, 'command', p.polcmd,
    'roles', (select json_agg(case when r = 0 then null else pg_get_userbyid(r) end) from unnest(p.polroles) as r),
    'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)) as value
  from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
 where ${userSchema('n.nspname')}
 order by n.nspname collate "C", c.relname collate "C", p.polname collate "C"`;

/** Every routine outside pg_catalog, and those of pg_catalog that PUBLIC may execute and a grant must not (GATEWAY section 4). */
const routinesSql = `
  select json_build_object(
    'schema', n.nspname, 'name', p.proname,
    'signature', quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' ||
                 array_to_string(array(select format_type(t, null) from unnest(p.proargtypes::oid[]) with ordinality as a (t, n) order by a.n), ', ') || ')',
    'owner', pg_get_userbyid(p.proowner), 'securityDefiner', p.prosecdef,
    'extension', ${extensionOf('pg_proc', 'p.oid')},
    'acl', ${aclSql('p.proacl', 'f', 'p.proowner')}, 'explicitAcl', p.proacl is not null) as value
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where ${userSchema('n.nspname')}
    or (n.nspname = 'pg_catalog' and p.proname ~ '^(set_config|lo_.*|loread|lowrite|pg_(try_)?advisory_.*|pg_sleep.*|pg_logical_emit_message|pg_export_snapshot|pg_notify)$')
 order by n.nspname collate "C", p.proname collate "C", p.oid`;

const rolesSql = `
  select json_build_object(
    'name', r.rolname, 'superuser', r.rolsuper, 'login', r.rolcanlogin, 'inherit', r.rolinherit, 'bypassRowSecurity', r.rolbypassrls,
    'memberOf', coalesce((select json_agg(g.rolname order by g.rolname) from pg_auth_members m join pg_roles g on g.oid = m.roleid
                           where m.member = r.oid), '[]'::json)) as value
  from pg_roles r order by r.rolname collate "C"`;

const reachSql = `
  select json_build_object('role', r.rolname, 'schema', n.nspname, 'table', c.relname,
                           'owns', pg_has_role(r.oid, c.relowner, 'usage'),
                           'selects', has_table_privilege(r.oid, c.oid, 'select')) as value
  from pg_roles r cross join pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p') and ${userSchema('n.nspname')}
   and not r.rolsuper and r.rolname !~ '^(pg_|gov_|g_[0-9a-f]{32}$)'
   and (has_table_privilege(r.oid, c.oid, 'select, insert, update, delete')
        or has_any_column_privilege(r.oid, c.oid, 'select, insert, update'))`;
