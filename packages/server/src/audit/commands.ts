import { decide, type Instant, instant, type JsonObject } from '@gatehouse/terms';
import { encodeBase64 } from '@gatehouse/verifier';
import type { Clock } from '../clock.ts';
import type { Principal } from '../identity/index.ts';
import type { CommittedEntry, Log, PayloadAnswer } from '../log/index.ts';
import type { Tenant, Tenants } from '../tenants/index.ts';

/** An entry as its own tenant reads it. */
export type ReadEntry = {
  readonly seq: number;
  readonly time: string;
  readonly type: string;
  readonly ref: string | null;
  readonly intent: number | null;
  readonly outcome: string | null;
  /** `none`: it has no payload. `gone`: erased or lost; the erasure entries say which. */
  readonly state: 'none' | 'open' | 'sealed' | 'gone';
  readonly payload: JsonObject | null;
};

/** What proves a payload against its entry's commitment (LOG-SPEC 5.2). */
export type ReadOpening = { readonly seq: number; readonly payload: string; readonly salt: string };

/** Who reads; one session is one `log.read` entry, however many pages it fetches. */
export type Reader = { readonly principal: Principal; readonly session: string };

/** The customer's reading of its own log. Nobody else reads payloads: not the operator's personnel, not another customer (INV-3). */
export interface LogReading {
  /** The tenant whose log this principal may read; null if there is none or it is not the principal's. */
  ownTenant(principal: Principal, tenant: string): Promise<Tenant | null>;
  entries(
    reader: Reader,
    tenant: Tenant,
    span: { readonly after: number; readonly limit: number },
  ): Promise<readonly ReadEntry[]>;
  openings(
    reader: Reader,
    tenant: Tenant,
    span: { readonly after: number; readonly limit: number },
  ): Promise<readonly ReadOpening[]>;
}

/** Sessions whose reading was recorded are remembered up to this number; beyond it the oldest is recorded again. */
const sessionsRemembered = 10_000;

/** Opens the reading of own logs. */
export function openLogReading({
  log,
  tenants,
  clock,
}: {
  readonly log: Log;
  readonly tenants: Tenants;
  readonly clock: Clock;
}): LogReading {
  const recorded = new Map<string, Promise<void>>();

  /** The reading is in the log before a payload is opened (INV-6), once per session (DESIGN.md section 6). */
  function recordOnce({ principal, session }: Reader, { logId }: Tenant): Promise<void> {
    const name = `${session} ${logId}`;
    const known = recorded.get(name);
    if (known !== undefined) return known;
    const size = log.size(logId);
    const recording = log
      .append(logId, {
        type: 'log.read',
        person: principal.person,
        payload: { by: principal.person, from: 0, to: size },
      })
      .then(() => undefined);
    recorded.set(name, recording);
    recording.catch(() => recorded.delete(name));
    const oldest = recorded.keys().next().value;
    if (recorded.size > sessionsRemembered && oldest !== undefined) recorded.delete(oldest);
    return recording;
  }

  async function opened<Read>(
    reader: Reader,
    tenant: Tenant,
    { after, limit }: { readonly after: number; readonly limit: number },
    read: (entry: CommittedEntry, answer: PayloadAnswer) => Read,
  ): Promise<readonly Read[]> {
    await recordOnce(reader, tenant);
    const entries = await log.entries(tenant.logId, after + 1, after + 1 + limit);
    const right = { kind: 'own_log', person: reader.principal.person } as const;
    return Promise.all(entries.map(async (entry) => read(entry, await log.payload(tenant.logId, entry.seq, right))));
  }

  return {
    async ownTenant(principal, id) {
      if (principal.kind !== 'customer_user' || principal.tenant !== id) return null;
      const tenant = await tenants.find(id);
      if (tenant === null) return null;
      const { decision } = decide('own_access', {
        now: instant(clock.now()) as Instant,
        party: { id: principal.person, kind: 'customer_user', employer: id, country: 'ZZ', tenant: principal.tenant },
        tenant: id,
        subscription: tenant.subscription,
        operation: 'verify_log',
      });
      return decision.permit ? tenant : null;
    },
    entries: (reader, tenant, span) => opened(reader, tenant, span, readEntry),
    async openings(reader, tenant, span) {
      const all = await opened(reader, tenant, span, ({ seq }, answer) =>
        answer.kind === 'open' ? { seq, payload: encodeBase64(answer.bytes), salt: encodeBase64(answer.salt) } : null,
      );
      return all.filter((opening) => opening !== null);
    },
  };
}

function readEntry({ seq, entry }: CommittedEntry, answer: PayloadAnswer): ReadEntry {
  return {
    seq,
    time: entry.time,
    type: entry.type,
    ref: entry.ref ?? null,
    intent: entry.intent ?? null,
    outcome: entry.outcome ?? null,
    state: answer.kind === 'unknown_entry' ? 'none' : answer.kind,
    payload: answer.kind === 'open' ? answer.payload : null,
  };
}
