import { formatInstant } from '@gatehouse/terms';
import { z } from 'zod';
import type { Principal } from '../identity/index.ts';
import { answer, problem, type Route, route } from '../route.ts';
import type { Tenants } from './commands.ts';
import type { Tenant } from './tenant.ts';

const tenantShown = z.object({
  id: z.string(),
  logId: z.string(),
  openedAt: z.string(),
  subscription: z.string(),
  customerApproval: z.boolean(),
  customerWindowMs: z.int(),
  quorum: z.int(),
  policyHash: z.string(),
});

/** The HTTP of the customers. A customer's user sees exactly its own tenant; personnel see no customer data here. */
export function tenantRoutes(tenants: Tenants): readonly Route[] {
  return [
    route({
      method: 'GET',
      url: '/api/v1/tenants',
      tag: 'tenants',
      summary: 'List the tenants that you may know of',
      who: 'signed_in',
      response: z.object({ items: z.array(tenantShown) }),
      handle: async ({ principal }) => {
        if (principal?.kind === 'customer_user') {
          const own = await tenants.find(principal.tenant);
          return answer({ items: own === null ? [] : [shown(own)] });
        }
        return answer({ items: (await tenants.list()).map(shown) });
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/tenants/:tenant',
      tag: 'tenants',
      summary: 'Show a tenant and the policy in force',
      who: 'signed_in',
      params: z.strictObject({ tenant: z.string().min(1).max(63) }),
      response: tenantShown,
      handle: async ({ principal, params }) => {
        const found = mayKnow(principal, params.tenant) ? await tenants.find(params.tenant) : null;
        return found === null
          ? problem('tenant_unknown', `There is no tenant ${params.tenant} that you may ask about.`, 404)
          : answer(shown(found));
      },
    }),
  ];
}

function mayKnow(principal: Principal | null, tenant: string): boolean {
  return principal !== null && (principal.kind === 'personnel' || principal.tenant === tenant);
}

function shown(tenant: Tenant): z.input<typeof tenantShown> {
  return {
    id: tenant.id,
    logId: tenant.logId,
    openedAt: formatInstant(tenant.openedAt) ?? '',
    subscription: tenant.subscription,
    customerApproval: tenant.terms.customerApproval,
    customerWindowMs: tenant.terms.customerWindowMs,
    quorum: tenant.terms.quorum,
    policyHash: tenant.policyHash,
  };
}
