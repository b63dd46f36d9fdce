import { mayRequest, type Standing } from './party.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { TenantTerms } from './tenant-terms.ts';
import { formatInstant, type Instant } from './time.ts';

/**
 * What must hold of a person on every day of an access: at the request, at the first use, and whenever one of these facts
 * changes (INV-38, 39, 84, 90, 94, 101). Null if all of it holds; else the first thing that does not.
 */
export function standingFails(standing: Standing, tenant: TenantTerms, now: Instant): Refusal | null {
  const { party } = standing;
  if (!mayRequest(party.kind))
    return refuse('party_may_not_request', party.kind, 'operator or subcontractor staff, an auditor or a service');
  if (!standing.employed) return refuse('not_employed');
  if (standing.locked) return refuse('person_locked');
  if (standing.confidentialitySignedAt === null || standing.confidentialitySignedAt > now)
    return refuse('confidentiality_missing');
  if (standing.trainingValidUntil === null || now >= standing.trainingValidUntil) {
    return refuse(
      'training_lapsed',
      standing.trainingValidUntil === null ? 'no training' : formatInstant(standing.trainingValidUntil),
    );
  }
  if (!supplierIsGreen(standing, now))
    return refuse('supplier_not_green', standing.supplier, 'green and within its year');
  if (tenant.countries !== null && !tenant.countries.includes(party.country)) {
    return refuse('country_not_permitted', party.country, tenant.countries.join(', '));
  }
  if (tenant.excludedEmployers.includes(party.employer)) return refuse('employer_excluded', party.employer);
  return null;
}

/** Only the operator's own staff and services need no programme; a subcontractor's person without a green supplier gets nothing (promise S22). */
function supplierIsGreen(standing: Standing, now: Instant): boolean {
  const { kind } = standing.party;
  if (standing.supplier === 'not_a_supplier')
    return kind === 'operator_staff' || kind === 'service' || kind === 'auditor';
  if (standing.supplier !== 'green' && standing.supplier !== 'renewal_due') return false;
  return standing.supplierValidUntil !== null && now < standing.supplierValidUntil;
}
