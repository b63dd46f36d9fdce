/** The customers: their logs, their house rules in every version, and their users. */
export { openTenants } from './commands.ts';
export type { Tenants, TenantsOptions } from './commands.ts';
export { policyHash } from './policy.ts';
export { customerRoles } from './tenant.ts';
export type {
  CustomerRole,
  CustomerSignatures,
  CustomerUser,
  PolicyDocument,
  Tenant,
  TenantActor,
  TenantPolicy,
  TenantRefusal,
  TenantResult,
} from './tenant.ts';
