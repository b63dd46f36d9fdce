import type { Client } from 'pg';
import { lockAdoption } from './apply.ts';
import type { Catalog } from './catalog.ts';
import { inTransactionOf } from './connection.ts';
import { quoteIdentifier, quoteLiteral } from './names.ts';
import { ensureProfile, membership, type Profile } from './profile.ts';

/** What makes a grant's role. The password goes in as its verifier only. */
export type NewGrantRole = {
  readonly role: string;
  readonly verifier: string;
  readonly tenantKey: string;
  readonly notAfter: number;
  readonly profile: Profile;
};

/** Sessions that one grant may have at once; the gateway opens one for each client. */
const connectionsMost = 8;

/**
 * Makes the ephemeral role of a grant in one transaction: it can log in until the grant's end, owns nothing, and its rights
 * are its profile's. It has INHERIT: without, it could not even connect (measured, GATEWAY section 3).
 */
export async function createGrantRole(client: Client, catalog: Catalog, grant: NewGrantRole): Promise<void> {
  const role = quoteIdentifier(grant.role);
  const until = quoteLiteral(new Date(grant.notAfter).toISOString());
  await inTransactionOf(client, async () => {
    await lockAdoption(client);
    await ensureProfile(client, catalog, grant.profile);
    await client.query(
      `create role ${role} login inherit nosuperuser nocreaterole nocreatedb noreplication nobypassrls
         connection limit ${connectionsMost} valid until ${until} password ${quoteLiteral(grant.verifier)}`,
    );
    await client.query(`grant ${quoteIdentifier(grant.profile.role)} to ${role}${membership(catalog)}`);
    await setDefaults(client, role);
    await client.query('insert into gov.grant_map (role_name, tenant_key, expires_at) values ($1, $2, $3)', [
      grant.role,
      grant.tenantKey,
      new Date(grant.notAfter),
    ]);
  });
}

/**
 * Puts the role's own settings back. The holder can change them (`alter role current_user set …` needs no right), and a
 * changed lexer setting would wait for the next session.
 */
export async function resetGrantRole(client: Client, role: string): Promise<void> {
  const quoted = quoteIdentifier(role);
  await client.query(`alter role ${quoted} reset all`);
  await client.query(`alter role ${quoted} in database ${await currentDatabase(client)} reset all`);
  await setDefaults(client, quoted);
}

async function setDefaults(client: Client, role: string): Promise<void> {
  // Not a wall, the session may change it: it keeps an honest session from standing in the application's way.
  await client.query(`alter role ${role} set lock_timeout = '10s'`);
}

async function currentDatabase(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>('select current_database() as name');
  return quoteIdentifier(rows[0]?.name ?? '');
}

/** Moves the end. The map decides over rows, VALID UNTIL over new logins. */
export async function moveGrantRoleEnd(client: Client, role: string, notAfter: number): Promise<boolean> {
  return await inTransactionOf(client, async () => {
    const moved = await client.query(
      'update gov.grant_map set expires_at = $2 where role_name = $1 and expires_at > clock_timestamp()',
      [role, new Date(notAfter)],
    );
    if (moved.rowCount !== 1) return false;
    await client.query(
      `alter role ${quoteIdentifier(role)} valid until ${quoteLiteral(new Date(notAfter).toISOString())}`,
    );
    return true;
  });
}

/**
 * Ends a role, the most urgent first and each step on its own: rows, login, rights, sessions, what it owns, the role. A step
 * that fails leaves the earlier ones done. May be repeated; a role that is gone is fine.
 */
export async function dropGrantRole(client: Client, name: string): Promise<void> {
  const role = quoteIdentifier(name);
  const map = await client.query<{ present: boolean }>(`select to_regclass('gov.grant_map') is not null as present`);
  const mapped = map.rows[0]?.present === true;
  if (mapped) await client.query(`update gov.grant_map set expires_at = '-infinity' where role_name = $1`, [name]);
  if (await exists(client, name)) {
    await client.query(`alter role ${role} nologin connection limit 0 password null valid until '-infinity'`);
    const { rows } = await client.query<{ rolname: string }>(
      `select g.rolname from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member
        where r.rolname = $1`,
      [name],
    );
    await inTransactionOf(client, async () => {
      await lockAdoption(client);
      for (const group of rows) await client.query(`revoke ${quoteIdentifier(group.rolname)} from ${role}`);
    });
    await takePower(client, name);
    await client.query('select pg_catalog.pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = $1', [
      name,
    ]);
    await inTransactionOf(client, async () => {
      await lockAdoption(client);
      await client.query(`drop owned by ${role}`);
      await client.query(`drop role ${role}`);
    });
  }
  if (mapped) await client.query('delete from gov.grant_map where role_name = $1', [name]);
}

/** An administrator who is no superuser ends sessions and drops what a role owns only as a member of that role. */
export async function takePower(client: Client, role: string): Promise<void> {
  const { rows } = await client.query<{ superuser: boolean }>(
    'select rolsuper as superuser from pg_roles where rolname = current_user',
  );
  if (rows[0]?.superuser === true) return;
  await client.query(`grant ${quoteIdentifier(role)} to current_user`);
}

async function exists(client: Client, role: string): Promise<boolean> {
  const { rows } = await client.query('select 1 from pg_roles where rolname = $1', [role]);
  return rows.length > 0;
}
