import { instant, type Instant, type SubscriptionState } from '@gatehouse/terms';
import type { SignedStatement } from '@gatehouse/verifier';
import type { Pool, PoolClient } from 'pg';
import type { CustomerRole, PolicyDocument } from './tenant.ts';

/** A tenant as stored; `openedSeq` is null while its first policy has no entry yet. */
export type StoredTenant = {
  readonly id: string;
  readonly logId: string;
  readonly subscription: SubscriptionState;
  readonly createdAt: Instant;
  readonly openedSeq: number | null;
};

/** One version of a tenant's policy, with the customer's statement where one was due. */
export type StoredPolicy = {
  readonly tenant: string;
  readonly version: number;
  readonly validFrom: Instant;
  readonly seq: number | null;
  readonly policy: PolicyDocument;
  readonly hash: string;
  readonly statement: SignedStatement | null;
};

/** One version of a customer's user; no roles means removed. */
export type StoredUser = {
  readonly tenant: string;
  readonly person: string;
  readonly version: number;
  readonly validFrom: Instant;
  readonly seq: number;
  readonly name: string;
  readonly roles: readonly CustomerRole[];
};

type Queryable = Pick<Pool | PoolClient, 'query'>;
type TenantRow = {
  id: string;
  log_id: string;
  subscription: SubscriptionState;
  created_at: Date;
  opened_seq: string | null;
};
type PolicyRow = {
  tenant: string;
  version: number;
  valid_from: Date;
  seq: string | null;
  policy: PolicyDocument;
  hash: string;
  statement: SignedStatement | null;
};
type UserRow = {
  tenant: string;
  person: string;
  version: number;
  valid_from: Date;
  seq: string;
  name: string;
  roles: readonly CustomerRole[];
};

/** The tenant of that id; null if there is none. */
export async function tenantRow(db: Queryable, id: string): Promise<StoredTenant | null> {
  const { rows } = await db.query<TenantRow>(
    `select id, log_id, subscription, created_at, opened_seq
     from   tenants.tenants
     where  id = $1`,
    [id],
  );
  return rows[0] === undefined ? null : storedTenant(rows[0]);
}

/** A tenant with the newest version of its policy, as stored; null where the policy is missing. */
export type StoredTenantPolicy = { readonly row: StoredTenant; readonly newest: StoredPolicy | null };

/** The tenant of `id`, or all by id if it is null, each with the newest version of its policy. */
export async function tenantsWithPolicy(db: Queryable, id: string | null): Promise<readonly StoredTenantPolicy[]> {
  const { rows } = await db.query<TenantRow & Partial<PolicyRow>>({
    name: id === null ? 'tenants.all_with_policy' : 'tenants.one_with_policy',
    text: `select   tenants.id, log_id, subscription, created_at, opened_seq, newest.*
           from     tenants.tenants
           left join lateral (
             select   tenant, version, valid_from, seq, policy, hash, statement
             from     tenants.policies
             where    policies.tenant = tenants.id
             order by version desc
             limit    1
           ) newest on true
           ${id === null ? '' : 'where tenants.id = $1'}
           order by tenants.id collate "C"`,
    values: id === null ? [] : [id],
  });
  return rows.map((row) => ({ row: storedTenant(row), newest: hasPolicy(row) ? storedPolicy(row) : null }));
}

function hasPolicy(row: Partial<PolicyRow>): row is PolicyRow {
  return row.tenant !== undefined && row.tenant !== null;
}

/** Writes a tenant whose log has just been opened; false if the id is taken. */
export async function insertTenant(db: Queryable, tenant: Omit<StoredTenant, 'openedSeq'>): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into tenants.tenants (id, log_id, subscription, created_at)
     values ($1, $2, $3, $4)
     on conflict do nothing`,
    [tenant.id, tenant.logId, tenant.subscription, new Date(tenant.createdAt)],
  );
  return rowCount === 1;
}

/** Notes that the tenant's opening is in its log; false if it was noted before. */
export async function markOpened(db: Queryable, id: string, seq: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `update tenants.tenants
     set    opened_seq = $2
     where  id = $1 and opened_seq is null`,
    [id, seq],
  );
  await db.query(
    `update tenants.policies
     set    seq = $2
     where  tenant = $1 and version = 1 and seq is null`,
    [id, seq],
  );
  return rowCount === 1;
}

/** The versions of a tenant's policy from `version` on, the oldest first. */
export async function policiesFrom(db: Queryable, tenant: string, version: number): Promise<readonly StoredPolicy[]> {
  const { rows } = await db.query<PolicyRow>(
    `select   tenant, version, valid_from, seq, policy, hash, statement
     from     tenants.policies
     where    tenant = $1 and version >= $2
     order by version`,
    [tenant, version],
  );
  return rows.map(storedPolicy);
}

/** The newest version of a tenant's policy that held at `at`, or the newest of all. */
export async function policyRow(db: Queryable, tenant: string, at: Instant | null): Promise<StoredPolicy | null> {
  const { rows } = await db.query<PolicyRow>(
    `select   tenant, version, valid_from, seq, policy, hash, statement
     from     tenants.policies
     where    tenant = $1 and ($2::timestamptz is null or valid_from <= $2)
     order by version desc
     limit    1`,
    [tenant, at === null ? null : new Date(at)],
  );
  return rows[0] === undefined ? null : storedPolicy(rows[0]);
}

/** Writes the next version of a policy; false if that version exists already. */
export async function insertPolicy(db: Queryable, next: StoredPolicy): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into tenants.policies (tenant, version, valid_from, seq, policy, hash, statement)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict do nothing`,
    [
      next.tenant,
      next.version,
      new Date(next.validFrom),
      next.seq,
      JSON.stringify(next.policy),
      next.hash,
      next.statement === null ? null : JSON.stringify(next.statement),
    ],
  );
  return rowCount === 1;
}

/** Every version of this tenant's users that held by `at`, the oldest first; of one person if named. */
export async function userVersions(
  db: Queryable,
  asked: { readonly tenant: string; readonly person: string | null; readonly at: Instant | null },
): Promise<readonly StoredUser[]> {
  const { rows } = await db.query<UserRow>(
    `select   tenant, person, version, valid_from, seq, name, roles
     from     tenants.users
     where    tenant = $1
     and      ($2::text is null or person = $2)
     and      ($3::timestamptz is null or valid_from <= $3)
     order by person collate "C", version`,
    [asked.tenant, asked.person, asked.at === null ? null : new Date(asked.at)],
  );
  return rows.map((row) => ({
    tenant: row.tenant,
    person: row.person,
    version: row.version,
    validFrom: instant(row.valid_from.getTime()),
    seq: Number(row.seq),
    name: row.name,
    roles: row.roles,
  }));
}

/** Writes the next version of a user; false if that version exists already. */
export async function insertUser(db: Queryable, next: StoredUser): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into tenants.users (tenant, person, version, valid_from, seq, name, roles)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict do nothing`,
    [next.tenant, next.person, next.version, new Date(next.validFrom), next.seq, next.name, JSON.stringify(next.roles)],
  );
  return rowCount === 1;
}

function storedTenant(row: TenantRow): StoredTenant {
  return {
    id: row.id,
    logId: row.log_id,
    subscription: row.subscription,
    createdAt: instant(row.created_at.getTime()),
    openedSeq: row.opened_seq === null ? null : Number(row.opened_seq),
  };
}

function storedPolicy(row: PolicyRow): StoredPolicy {
  return {
    tenant: row.tenant,
    version: row.version,
    validFrom: instant(row.valid_from.getTime()),
    seq: row.seq === null ? null : Number(row.seq),
    policy: row.policy,
    hash: row.hash,
    statement: row.statement,
  };
}
