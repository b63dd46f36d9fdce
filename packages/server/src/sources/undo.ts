import type { Client } from 'pg';
import { lockAdoption, run } from './apply.ts';
import { inTransactionOf } from './connection.ts';
import { takePower } from './grant-role.ts';
import { quoteIdentifier } from './names.ts';
import type { OwnRole } from './plan.ts';
import { profilesHere } from './profile.ts';
import type { Step } from './step.ts';

/** What `undo` needs of an applied plan. */
export type Undoable = { readonly roles: readonly OwnRole[]; readonly steps: readonly Step[] };

/**
 * Runs the inverse of each step, last first, in one transaction: schema, rights and role attributes are as before, as
 * `pg_dump -s` and `pg_dumpall -r` show them. Roles of ours that another source of the cluster needs stay.
 * Returns the number of statements.
 */
export async function undoPlan(client: Client, plan: Undoable): Promise<number> {
  return await inTransactionOf(client, async () => {
    await lockAdoption(client);
    let statements = 0;
    for (const profile of await profilesHere(client)) {
      await takePower(client, profile);
      await run(client, `drop owned by ${quoteIdentifier(profile)};`, 'take back the rights of a profile');
      await run(client, `drop role ${quoteIdentifier(profile)};`, 'drop a profile');
      statements += 2;
    }
    for (const step of plan.steps.toReversed()) {
      for (const sql of step.undo) {
        await run(client, sql, `undo: ${step.title}`);
        statements += 1;
      }
    }
    for (const role of plan.roles.toReversed()) statements += await dropUnused(client, role.name);
    return statements;
  });
}

/** Drops a role of ours unless other databases of the cluster depend on it. */
async function dropUnused(client: Client, role: OwnRole['name']): Promise<number> {
  // Rights in this database that the steps did not name (CONNECT) would keep it; in other databases they must.
  await takePower(client, role);
  await client.query(`drop owned by ${quoteIdentifier(role)}`);
  const { rows } = await client.query(
    `select 1 from pg_shdepend d join pg_roles r on r.oid = d.refobjid
      where d.refclassid = 'pg_authid'::regclass and r.rolname = $1 limit 1`,
    [role],
  );
  if (rows.length > 0) return 0;
  await run(client, `drop role ${quoteIdentifier(role)};`, `drop ${role}`);
  return 1;
}
