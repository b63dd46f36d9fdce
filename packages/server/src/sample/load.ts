import { Client } from 'pg';
import { type ConnectionParameters, DbError } from '../db/index.ts';
import { generateSample } from './generate.ts';
import { type Random, seededRandom } from './random.ts';
import { isLoaded, load, makeRoles } from './store.ts';

/** The seed of the sample that everybody gets. */
const usualSeed = 20260302;

/** What `loadSample` did: `rows` is 0 where the sample was there already. */
export type LoadedSample = { readonly loaded: boolean; readonly tenants: number; readonly rows: number };

/**
 * Loads the sample service into the database of `connection` (an administrator's, for example
 * `database.adminUrlFor('sample')`): schema, roles, rows, keys, the application's rights. All or nothing; a second call
 * only sets the application's password. The rows depend on `random` alone, so two loads are equal byte for byte.
 */
export async function loadSample(options: {
  readonly connection: ConnectionParameters;
  /** The password of `sample_app`; without one it has none and cannot log in. */
  readonly appPassword?: string;
  readonly random?: Random;
}): Promise<LoadedSample> {
  const client = await enter(options.connection);
  try {
    await makeRoles(client, options.appPassword ?? null);
    if (await isLoaded(client)) return { loaded: false, tenants: 0, rows: 0 };
    const rows = generateSample(options.random ?? seededRandom(usualSeed));
    await client.query('begin');
    await load(client, rows);
    await client.query('commit');
    return {
      loaded: true,
      tenants: rows.tenants.length,
      rows: Object.values(rows).reduce((sum, { length }) => sum + length, 0),
    };
  } finally {
    await client.end();
  }
}

async function enter(connection: ConnectionParameters): Promise<Client> {
  const client = new Client(connection);
  client.on('error', () => undefined); // a server that dies now is reported by the statement that it broke
  try {
    await client.connect();
    return client;
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === '3D000')) throw cause;
    throw new DbError(
      'DATABASE_MISSING',
      `The server has no database ${JSON.stringify(connection.database)} for the sample service: create it (createdb), or start without --sample.`,
      { cause },
    );
  }
}
