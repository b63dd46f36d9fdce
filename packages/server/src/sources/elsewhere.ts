import { withAdmin } from './connection.ts';
import { type SourceConnection, SourceError } from './source.ts';

/**
 * Databases of the cluster where BYPASSRLS would open something: they have row security of their own (not only ours), or
 * cannot be looked into. The attribute belongs to the role, and the role to the whole cluster.
 */
export async function rowSecurityElsewhere(
  connection: SourceConnection,
  databases: readonly string[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const database of databases) {
    if (await hasRowSecurity({ ...connection, database })) found.push(database);
  }
  return found;
}

async function hasRowSecurity(connection: SourceConnection): Promise<boolean> {
  try {
    return await withAdmin(connection, async (client) => {
      const { rows } = await client.query(
        `select 1 from pg_class c where c.relrowsecurity and not exists (
           select from pg_policy p where p.polrelid = c.oid and p.polname = 'gov_open' and p.polroles = '{0}') limit 1`,
      );
      return rows.length > 0;
    });
  } catch (error) {
    if (error instanceof SourceError && error.code === 'SOURCE_UNREACHABLE') return true; // unknown counts as present
    throw error;
  }
}
