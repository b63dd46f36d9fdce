import type { Instant } from '@gatehouse/terms';
import type { SignedStatement } from '@gatehouse/verifier';
import type { Database } from '../db/index.ts';
import type { Log } from '../log/index.ts';
import type {
  CustomerRole,
  CustomerSignatures,
  CustomerUser,
  Tenant,
  TenantActor,
  TenantPolicy,
  TenantResult,
} from './tenant.ts';

/** What the tenants stand on. */
export type TenantsOptions = {
  readonly database: Database;
  readonly log: Log;
  readonly signatures: CustomerSignatures;
};

/**
 * The customers. Every change is an entry of that customer's own log, durable before it is used. No question about one
 * tenant is ever answered with what belongs to another (INV-3).
 */
export interface Tenants {
  /** Opens a tenant with its own log: entry 0 `log.open`, entry 1 `tenant.opened` with the policy. */
  open(command: {
    readonly id: string;
    readonly policy: TenantPolicy;
    readonly by: TenantActor;
  }): Promise<TenantResult<Tenant>>;
  /** The tenant of a key found in a source, opened with the default policy (approval OFF) if it is new. Throws TenantError on an impossible key. */
  ensure(key: string): Promise<Tenant>;
  find(id: string): Promise<Tenant | null>;
  list(): Promise<readonly Tenant[]>;
  /** The policy as it was at `at`: a decision of then is checked against the policy of then. */
  policyAt(id: string, at: Instant): Promise<Pick<Tenant, 'policy' | 'policyHash'> | null>;
  /**
   * Changes the policy. Tightening is free to the customer's admins; where approval is on, anything else needs a
   * statement signed by an admin's key: type `policy.change`, `subject` = hash of the new document, `policyHash` = the old.
   */
  changePolicy(command: {
    readonly id: string;
    readonly policy: TenantPolicy;
    readonly by: TenantActor;
    readonly statement: SignedStatement | null;
  }): Promise<TenantResult<Tenant>>;
  addUser(command: {
    readonly tenant: string;
    readonly person: string;
    readonly name: string;
    readonly roles: readonly CustomerRole[];
    readonly by: TenantActor;
  }): Promise<TenantResult<CustomerUser>>;
  /** Sets exactly these roles; none removes the user. A role that stays keeps its `since`. */
  changeUser(command: {
    readonly tenant: string;
    readonly person: string;
    readonly roles: readonly CustomerRole[];
    readonly by: TenantActor;
  }): Promise<TenantResult<CustomerUser>>;
  /** The user of exactly this tenant with the roles held at `at`; null if there is none: also if it is another tenant's. */
  user(tenant: string, person: string, at: Instant): Promise<CustomerUser | null>;
  users(tenant: string, at: Instant): Promise<readonly CustomerUser[]>;
}

/** Opens the tenants; their tables exist since migration 0002. */
export declare function openTenants(options: TenantsOptions): Tenants;
