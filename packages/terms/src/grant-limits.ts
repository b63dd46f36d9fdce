import { clocks, limits } from './clocks.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { TenantTerms } from './tenant-terms.ts';

/** Refuses a duration outside one minute to eight hours, or above what the tenant tolerates. */
export function durationFails(durationMs: number, tenant: TenantTerms): Refusal | null {
  const max = Math.min(clocks.grantMaxMs, tenant.grantMaxMs);
  if (durationMs < clocks.grantMinMs)
    return refuse('duration_too_short', `${durationMs} ms`, `at least ${clocks.grantMinMs} ms`);
  return durationMs > max ? refuse('duration_too_long', `${durationMs} ms`, `at most ${max} ms`) : null;
}

/** Refuses one live grant more than a person may hold. */
export function tooManyGrants(liveGrants: number): Refusal | null {
  const max = limits.liveGrantsPerPerson;
  return liveGrants < max ? null : refuse('too_many_live_grants', String(liveGrants), `fewer than ${max}`);
}
