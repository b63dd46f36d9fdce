import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClientBase, escapeIdentifier, escapeLiteral } from 'pg';
import { copyIn } from './copy-in.ts';
import { copyLine } from './copy-text.ts';
import { type Rows, sampleTables } from './rows.ts';

/** The role that owns the sample's tables. It cannot log in. */
const sampleOwner = 'sample_owner';
/** The role that the sample application logs in as. It owns nothing. */
const sampleApp = 'sample_app';

const sqlFile = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');

/** Whether the sample is in this database already. It is loaded in one transaction: there is no half of it. */
export async function isLoaded(client: ClientBase): Promise<boolean> {
  const answer = await client.query<{ loaded: boolean }>(
    "select to_regclass('public.search_cache') is not null as loaded",
  );
  return answer.rows[0]?.loaded === true;
}

/** Makes the owner and the application's role where they are missing, with the application's password, and lets both in. */
export async function makeRoles(client: ClientBase, appPassword: string | null): Promise<void> {
  const found = await client.query<{ rolname: string }>('select rolname from pg_roles where rolname = any($1)', [
    [sampleOwner, sampleApp],
  ]);
  const exists = (role: string): boolean => found.rows.some(({ rolname }) => rolname === role);
  if (!exists(sampleOwner)) await client.query(`create role ${sampleOwner} nologin`);
  if (!exists(sampleApp)) await client.query(`create role ${sampleApp} login`);
  if (appPassword !== null) await client.query(`alter role ${sampleApp} password ${escapeLiteral(appPassword)}`);
  const here = await client.query<{ name: string }>('select current_database() as name');
  const database = escapeIdentifier(here.rows[0]?.name ?? '');
  await client.query(`grant connect on database ${database} to ${sampleApp}`);
  await client.query(`grant usage, create on schema public to ${sampleOwner}`);
}

/** Tables, rows, keys and rights, as the owner. The caller's transaction makes it all or nothing. */
export async function load(client: ClientBase, rows: Rows): Promise<void> {
  await client.query(`set local role ${sampleOwner}`);
  await client.query('set local search_path = public');
  await client.query(sqlFile('schema.sql'));
  for (const table of sampleTables) {
    await copyIn(client, `copy ${table} from stdin (freeze)`, linesOf(rows[table]));
  }
  await client.query(sqlFile('keys.sql'));
  await client.query(`analyze ${sampleTables.join(', ')}`);
}

function* linesOf(rows: Rows[keyof Rows]): Generator<string> {
  for (const row of rows) yield copyLine(row);
}
