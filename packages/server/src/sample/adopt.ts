import type { Database } from '../db/index.ts';
import type { Sources } from '../sources/index.ts';
import { loadSample } from './load.ts';

/** The name under which the sample service is registered. */
const sampleSource = 'sample';

/**
 * Loads the sample service and adopts it as a source, as an operator would: register, classify by the suggestions,
 * apply. A second start finds each step done. The table that cannot be protected stays refused.
 */
export async function adoptSample({
  database,
  sources,
}: {
  readonly database: Database;
  readonly sources: Sources;
}): Promise<void> {
  const by = 'setup';
  const connection = database.adminUrlFor(sampleSource);
  await loadSample({ connection });
  const found = await sources.find(sampleSource);
  if (found === null)
    await sources.add({ name: sampleSource, connection: { ...connection, tls: null }, tenantTable: 'tenants', by });
  if ((found?.classificationHash ?? null) === null) {
    await sources.classify({ name: sampleSource, acceptSuggestions: true, assign: chosen, by });
  }
  if ((found?.appliedClassificationHash ?? null) === null) {
    await sources.apply({ name: sampleSource, acceptAppChanges: false, by });
  }
}

/** Where several foreign keys lead to a tenant, somebody who knows the application says which one decides. */
const chosen = [
  ['order_items', 'order_items_order_id_fkey'],
  ['messages', 'messages_ticket_id_fkey'],
  ['attachments', 'attachments_message_id_fkey'],
].map(([table = '', foreignKey = '']) => ({ table, treatment: { kind: 'tenant', by: 'path', foreignKey } as const }));
