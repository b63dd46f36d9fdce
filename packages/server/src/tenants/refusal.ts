import { type Instant, parseInstant } from '@gatehouse/terms';
import type { PoolClient } from 'pg';
import type { Log } from '../log/index.ts';
import type { TenantActor, TenantRefusal, TenantResult } from './tenant.ts';

/** A refusal as the outcome of a command. */
export type RefusedOutcome = { readonly ok: false; readonly refusal: TenantRefusal };

/** Carries a refusal out of a transaction that must not commit. */
export class Refused extends Error {
  readonly refusal: TenantRefusal;
  constructor(found: TenantRefusal) {
    super(found.message);
    this.refusal = found;
  }
}

/** What `work` returns, or the refusal that it threw; every other error goes on. */
export async function completing<T>(
  work: () => Promise<T>,
): Promise<{ readonly done: T } | { readonly refusal: TenantRefusal }> {
  try {
    return { done: await work() };
  } catch (error) {
    const refused = refusedIn(error);
    if (refused === null) throw error;
    return { refusal: refused };
  }
}

/** Appends, and turns a refusal thrown in the transaction into a value; `value` is made after the commit. */
export async function appending<T>(
  log: Log,
  { logId, draft }: { readonly logId: string; readonly draft: Parameters<Log['append']>[1] },
  write: (client: PoolClient, at: { readonly seq: number; readonly at: Instant }) => Promise<void>,
  value: () => Promise<T>,
): Promise<TenantResult<T>> {
  const done = await completing(async () => {
    const appended = await log.append(logId, draft, (client, { seq, time }) =>
      write(client, { seq, at: timeOf(time) }),
    );
    if (appended.kind === 'refused') throw new Error(`the log refused ${draft.type}: ${appended.reason}`);
    return appended.seq;
  });
  return 'refusal' in done ? { ok: false, refusal: done.refusal } : { ok: true, value: await value(), seq: done.done };
}

/** A refusal with its sentence. */
export function refusal(code: TenantRefusal['code'], message: string): TenantRefusal {
  return { code, message };
}

/** A refusal as an outcome. */
export function refuse(code: TenantRefusal['code'], message: string): RefusedOutcome {
  return { ok: false, refusal: refusal(code, message) };
}

/** The refusal of every command on a tenant that is not there. */
export function unknownTenant(id: string): TenantRefusal {
  return refusal('TENANT_UNKNOWN', `There is no tenant ${show(id)}. Open it first.`);
}

/** The refusal of whoever came second. */
export function changedMeanwhile(what: string): TenantRefusal {
  return refusal(
    'TENANT_CHANGED_MEANWHILE',
    `Somebody else changed ${show(what)} at the same time. Look at it and change it again.`,
  );
}

/** A key or name as a sentence may show it. */
export function show(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

/** Who acts, as an entry names them. */
export function nameOf(by: TenantActor): string {
  return by.kind === 'setup' ? 'setup' : by.person;
}

/** The time of an entry. */
export function timeOf(time: string): Instant {
  const at = parseInstant(time);
  if (at === null) throw new Error(`the log gave the time ${JSON.stringify(time)}, which is not of LOG-SPEC 1.3`);
  return at;
}

function refusedIn(error: unknown): TenantRefusal | null {
  if (error instanceof Refused) return error.refusal;
  return error instanceof Error ? refusedIn(error.cause) : null;
}
