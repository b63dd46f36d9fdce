import { Client } from 'pg';
import { productRole, superuser } from './cluster-settings.ts';
import { connectionParameters } from './connection.ts';

/** The databases of the embedded cluster, each with an owner of its own that may not enter the other. */
const databases = [
  { name: 'gatehouse', owner: productRole, ownerLogsIn: true },
  { name: 'sample', owner: 'sample_owner', ownerLogsIn: false },
] as const;

/**
 * Makes the databases `gatehouse` and `sample` with their owners where they are missing, and takes CONNECT from PUBLIC
 * everywhere. Each step may be repeated: a start that was killed in the middle is finished by the next.
 */
export async function makeDatabases(socketFolder: string): Promise<void> {
  const client = new Client(
    connectionParameters({ host: socketFolder, port: 5432, user: superuser, database: 'postgres' }),
  );
  client.on('error', () => undefined); // a server that dies now is reported by the statement that it broke
  await client.connect();
  try {
    const roles = await client.query<{ rolname: string }>('select rolname from pg_roles');
    const found = await client.query<{ datname: string }>('select datname from pg_database');
    for (const { name, owner, ownerLogsIn } of databases) {
      if (!roles.rows.some((role) => role.rolname === owner)) {
        await client.query(`create role ${owner} ${ownerLogsIn ? 'login' : 'nologin'}`);
      }
      if (!found.rows.some((database) => database.datname === name)) {
        await client.query(`create database ${name} owner ${owner}`);
      }
      await client.query(`revoke all on database ${name} from public`);
    }
    await client.query('revoke all on database postgres, template1 from public');
  } finally {
    await client.end();
  }
}
