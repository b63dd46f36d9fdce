import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { LogError } from './errors.ts';
import { boundStatements, type Deployment, raiseFence, tryLock } from './store.ts';

/** The one connection that may append: it holds the lock, and its fencing number is the highest. */
export type Writer = {
  readonly client: PoolClient;
  readonly fence: number;
  /** The deployment's row as the last committed batch left it, before this writer. */
  readonly found: Deployment;
  /** Gives the lock back by closing the connection. */
  close(): void;
};

/**
 * Becomes the writer. Refuses with `LOG_ALREADY_OPEN` when another holds the lock for longer than `patienceMs`: the
 * connection of a program that was killed a moment ago may need that long to be noticed.
 */
export async function takeOver(pool: Pool, patienceMs: number): Promise<Writer> {
  const client = await pool.connect();
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    client.release(true); // never back into the pool: the lock and the settings end with the connection
  };
  // What breaks shows at the next statement; without a listener it would end the program.
  client.on('error', ignoreHere);
  try {
    await boundStatements(client);
    await waitForLock(client, patienceMs);
    const found = await raiseFence(client);
    return { client, fence: found.fence, found, close };
  } catch (error) {
    close();
    throw error;
  }
}

async function waitForLock(client: PoolClient, patienceMs: number): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await tryLock(client))) {
    if (performance.now() >= giveUpAt) {
      throw new LogError(
        'LOG_ALREADY_OPEN',
        'Another Gatehouse appends to the log in this database: stop it first. Two would be two histories.',
      );
    }
    await delay(50);
  }
}

function ignoreHere(): void {}
