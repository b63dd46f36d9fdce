import { type Instant, latestInstant } from '@gatehouse/terms';
import type { Personnel } from '../personnel/index.ts';
import { show } from './refusal.ts';
import type { CustomerUser, TenantActor } from './tenant.ts';

/** Who may act on a tenant: each answer is null, or the sentence that refuses. */
export interface Authority {
  /** The operator's security officers. */
  faultOfOfficer(by: TenantActor): Promise<string | null>;
  /** The customer's own admins. */
  faultOfAdmin(by: TenantActor, tenant: string): Promise<string | null>;
  /** Either of them. */
  faultOfEither(by: TenantActor, tenant: string): Promise<string | null>;
}

/** Makes the answers from the personnel records and the users of tenants, as they are now. */
export function authorityFrom(
  personnel: Personnel,
  user: (tenant: string, person: string, at: Instant) => Promise<CustomerUser | null>,
): Authority {
  const authority: Authority = {
    async faultOfOfficer(by) {
      if (by.kind === 'setup') return null;
      const officer =
        by.kind === 'personnel' ? (await personnel.factsAbout(by.person, latestInstant))?.person : undefined;
      const permitted = officer?.employed === true && !officer.locked && officer.roles.includes('security_officer');
      return permitted ? null : `${show(by.person)} is not a security officer of the operator. Ask one of them.`;
    },

    async faultOfAdmin(by, tenant) {
      if (by.kind === 'setup') return null;
      const own = by.kind === 'customer_user' && by.tenant === tenant;
      const found = own ? await user(tenant, by.person, latestInstant) : null;
      // One sentence for the stranger and for another customer's admin: neither learns who works for this customer.
      return found?.roles.includes('admin') === true
        ? null
        : `${show(by.person)} is not an admin of the customer ${show(tenant)}. Ask one of them.`;
    },

    async faultOfEither(by, tenant) {
      return by.kind === 'personnel' ? await authority.faultOfOfficer(by) : await authority.faultOfAdmin(by, tenant);
    },
  };
  return authority;
}
