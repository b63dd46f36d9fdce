import pg from 'pg';
import type { Administrator } from './story.ts';

/** How to reach a database of the embedded cluster with administrator's rights. */
export type AdminAddress = (database: string) => pg.ClientConfig;

/** An administrator on the host: one connection per question, straight to PostgreSQL, past the gateway. */
export function administratorOf(address: AdminAddress): Administrator {
  return async (database, sql) => {
    const client = new pg.Client(address(database));
    await client.connect();
    try {
      return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows;
    } finally {
      await client.end();
    }
  };
}
