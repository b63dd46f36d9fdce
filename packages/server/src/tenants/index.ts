/** The customers: their logs, their house rules in every version, and their users. */
export { openTenants } from './commands.ts';
export type { Tenants, TenantsOptions } from './commands.ts';
export type { TenantUsers } from './user-commands.ts';
export { defaultPolicy, policyDocument, policyHash } from './policy.ts';
export { customerRoles, TenantError } from './tenant.ts';
export type {
  CustomerRole,
  CustomerTrust,
  CustomerUser,
  PolicyDocument,
  PolicyPin,
  Tenant,
  TenantActor,
  TenantPolicy,
  TenantRefusal,
  TenantResult,
} from './tenant.ts';
