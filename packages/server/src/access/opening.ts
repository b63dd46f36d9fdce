import type { Statement } from '@gatehouse/verifier';
import type { AccessOptions, RoleAddress } from './context.ts';
import type { Ends } from './ends.ts';
import type { LiveGrant } from './live-grants.ts';
import { type AccessRefusal, refusedAtDoor, refusedByTerms } from './refusal.ts';
import { findRequest } from './store.ts';

/** A role that is open, and what tells its session of the grant's end. */
export type OpenedRole = { readonly address: RoleAddress; readonly watch: AbortController };

/**
 * Opens the ephemeral role of a live grant. The end is watched for before the role is made and looked for afterwards, so
 * that a grant that ends in between leaves neither a session nor a role behind (INV-36).
 */
export async function openRole(
  options: AccessOptions,
  ends: Ends,
  { grant, tenantKey, signed }: { readonly grant: LiveGrant; readonly tenantKey: string; readonly signed: Statement },
): Promise<OpenedRole | { readonly refusal: AccessRefusal }> {
  const { record } = grant;
  const { mode, scope } = record.matter;
  const watch = ends.watch(record.id);
  try {
    const opened = await options.roles.open({
      grantId: record.id,
      source: record.source,
      tenantKey,
      mode,
      tables: scope.tables,
      columns: scope.columns,
      notAfter: grant.notAfter,
      classificationHash: signed.classificationHash ?? '',
    });
    if (!opened.opened) {
      ends.forget(record.id, watch);
      return { refusal: refusedAtDoor('source_not_ready', record.source, opened.message).refusal };
    }
    const now = await findRequest(options.database.pool, record.id);
    if (!watch.signal.aborted && now !== null && now.endedAt === null) return { address: opened.address, watch };
  } catch (cause) {
    ends.forget(record.id, watch);
    throw cause;
  }
  ends.forget(record.id, watch);
  await options.roles.close(record.id);
  const ended = { permit: false, reason: 'grant_ended', found: `grant ${record.id}`, expected: null } as const;
  return refusedByTerms(ended);
}
