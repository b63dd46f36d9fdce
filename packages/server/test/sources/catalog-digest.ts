import { connected } from './adoption.ts';
import type { SourceConnection } from '../../src/sources/index.ts';

/**
 * What `undo` must put back, straight from the catalogs and independent of the code under test: every access list (PUBLIC's
 * defaults made explicit, sorted), flag, policy, schema, role, attribute, setting and membership. Where no pg_dump of the
 * server's version is at hand, this stands for it.
 */
export async function examineCatalog(to: SourceConnection): Promise<string> {
  return await connected(to, async (client) => {
    const acl = (list: string, kind: string, owner: string): string =>
      `(select string_agg(a::text, ',' order by a::text) from unnest(coalesce(${list}, acldefault('${kind}', ${owner}))) a)`;
    const { rows } = await client.query<{ line: string }>(`
      select 'relation ' || c.oid::regclass || ' ' || c.relrowsecurity || c.relforcerowsecurity || ' ' || ${acl('relacl', 'r', 'relowner')} as line
        from pg_class c where relkind <> 'i' and relkind <> 't' and relkind <> 'S' and relnamespace::regnamespace::text !~ '^pg_(toast|temp)'
      union all select 'column ' || attrelid::regclass || '.' || attname || ' ' || attacl::text from pg_attribute where attacl is not null
      union all select 'routine ' || p.oid::regprocedure || ' ' || ${acl('proacl', 'f', 'proowner')} from pg_proc p
      union all select 'schema ' || nspname || ' ' || coalesce(${acl('nspacl', 'n', 'nspowner')}, '') from pg_namespace where nspname !~ '^pg_(toast|temp)'
      union all select 'language ' || lanname || ' ' || ${acl('lanacl', 'l', 'lanowner')} from pg_language
      union all select 'database ' || datname || ' ' || ${acl('datacl', 'd', 'datdba')} from pg_database
      union all select 'policy ' || polname || ' ' || polrelid::regclass from pg_policy
      union all select 'role ' || row(rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolvaliduntil)::text from pg_roles
      union all select 'member ' || roleid::regrole || ' ' || member::regrole || ' ' || admin_option from pg_auth_members
      union all select 'setting ' || setrole::text || setconfig::text from pg_db_role_setting
      union all select 'comment ' || classoid::regclass || ' ' || description from pg_shdescription
      order by 1`);
    return rows.map((row) => row.line).join('\n');
  });
}
