import { instant, type Instant, type JsonObject, type TenantTerms } from '@gatehouse/terms';
import type { SignedStatement } from '@gatehouse/verifier';
import type { Database } from '../db/index.ts';
import type { Log } from '../log/index.ts';
import type { Personnel } from '../personnel/index.ts';
import { authorityFrom } from './authority.ts';
import { defaultPolicy, faultsOf, loosenings, policyDocument, policyHash } from './policy.ts';
import { believedPolicy, faultOfStep } from './policy-chain.ts';
import {
  appending,
  changedMeanwhile,
  completing,
  nameOf,
  Refused,
  refusal,
  refuse,
  type RefusedOutcome,
  show,
  timeOf,
  unknownTenant,
} from './refusal.ts';
import * as store from './store.ts';
import {
  type CustomerTrust,
  type PolicyDocument,
  type Tenant,
  type TenantActor,
  TenantError,
  type TenantPolicy,
  type TenantRefusal,
  type TenantResult,
} from './tenant.ts';
import { openUsers, type TenantUsers } from './user-commands.ts';

/** What the tenants stand on. `trust` is what is known about customers outside the database. */
export type TenantsOptions = {
  readonly database: Database;
  readonly log: Log;
  readonly personnel: Personnel;
  readonly trust: CustomerTrust;
};

/**
 * The customers. Every change is an entry of that customer's own log, durable before it is used. No question about one
 * tenant is ever answered with what belongs to another (INV-3).
 */
export interface Tenants extends TenantUsers {
  /** Opens a tenant with its own log: entry 0 `log.open`, entry 1 `tenant.opened` with the policy. */
  open(command: {
    readonly id: string;
    readonly policy: TenantPolicy;
    readonly by: TenantActor;
  }): Promise<TenantResult<Tenant>>;
  /** The tenant of a key found in a source, opened with the default policy (approval OFF) if it is new. TenantError on an impossible key. */
  ensure(key: string): Promise<Tenant>;
  /** The tenant with its policy; null if there is none. TenantError if the policy does not follow from the pinned one. */
  find(id: string): Promise<Tenant | null>;
  /** All tenants by id; one whose policy cannot be believed makes the whole question fail. */
  list(): Promise<readonly Tenant[]>;
  /** The policy that held at `at`, as recorded; for reading history, never for deciding. */
  policyAt(id: string, at: Instant): Promise<Pick<Tenant, 'policy' | 'policyHash'> | null>;
  /**
   * Changes the policy; logged as `tenant.policy_changed`. Tightening is free to the customer's admins and the operator's
   * security officers; loosening is the admins' alone, and where approval is on it needs their signed statement.
   */
  changePolicy(command: {
    readonly id: string;
    readonly policy: TenantPolicy;
    readonly by: TenantActor;
    readonly statement: SignedStatement | null;
  }): Promise<TenantResult<Tenant>>;
}

/** Opens the tenants; their tables exist since migration 0002. */
export function openTenants({ database, log, personnel, trust }: TenantsOptions): Tenants {
  const { pool } = database;
  const users = openUsers({ pool, log, find, authority: () => authority });
  const authority = authorityFrom(personnel, users.user);
  const openings = new Map<string, Promise<unknown>>();
  return { ...users, open, ensure, find, list, policyAt, changePolicy };

  async function open({ id, policy, by }: Parameters<Tenants['open']>[0]): Promise<TenantResult<Tenant>> {
    const fault = faultOfId(id);
    if (fault !== null) return refuse('TENANT_INVALID', fault);
    const faults = faultsOf(policy);
    if (faults.length > 0) return refusedPolicy(id, faults);
    const actor = await authority.faultOfOfficer(by);
    if (actor !== null) return refuse('TENANT_ACTOR_NOT_PERMITTED', actor);
    return await oneAtATime(id, () => openNew(id, policy, by));
  }

  async function openNew(id: string, policy: TenantPolicy, by: TenantActor): Promise<TenantResult<Tenant>> {
    const taken = refusal('TENANT_EXISTS', `A tenant ${show(id)} is open already. Change its policy instead.`);
    const row = await store.tenantRow(pool, id);
    if (row !== null && row.openedSeq !== null) return { ok: false, refusal: taken };
    const opened = await completing(async () => {
      // A row without its entry is an opening that was cut short: its first policy is the one that counts.
      if (row === null) await openLog(id, policyDocument(id, 1, policy), taken);
      return await logOpening(id, by, taken);
    });
    if ('refusal' in opened) return { ok: false, refusal: opened.refusal };
    return { ok: true, value: await known(id), seq: opened.done };
  }

  async function ensure(key: string): Promise<Tenant> {
    const fault = faultOfId(key);
    if (fault !== null) throw new TenantError('TENANT_KEY_IMPOSSIBLE', fault);
    const found = await find(key);
    if (found !== null) return found;
    const opened = await open({ id: key, policy: defaultPolicy, by: { kind: 'setup' } });
    // Refused only if somebody else opened it since the first look.
    return opened.ok ? opened.value : await known(key);
  }

  async function find(id: string): Promise<Tenant | null> {
    const [found] = await store.tenantsWithPolicy(pool, id);
    return found === undefined || found.row.openedSeq === null ? null : await believed(found);
  }

  async function list(): Promise<readonly Tenant[]> {
    const found: Tenant[] = [];
    for (const tenant of await store.tenantsWithPolicy(pool, null)) {
      if (tenant.row.openedSeq !== null) found.push(await believed(tenant));
    }
    return found;
  }

  async function policyAt(id: string, at: Instant): Promise<Pick<Tenant, 'policy' | 'policyHash'> | null> {
    const row = await store.policyRow(pool, id, at);
    return row === null ? null : { policy: row.policy, policyHash: row.hash };
  }

  async function changePolicy({
    id,
    policy,
    by,
    statement,
  }: Parameters<Tenants['changePolicy']>[0]): Promise<TenantResult<Tenant>> {
    const tenant = await find(id);
    if (tenant === null) return { ok: false, refusal: unknownTenant(id) };
    const faults = faultsOf(policy);
    if (faults.length > 0) return refusedPolicy(id, faults);
    const next = policyDocument(id, tenant.policy.version + 1, policy);
    if (policyHash({ ...next, version: tenant.policy.version }) === tenant.policyHash) {
      return refuse('TENANT_POLICY_UNCHANGED', `The policy of ${show(id)} says that already. Nothing was done.`);
    }
    const looser = loosenings(tenant.policy, next);
    const actor = looser.length === 0 ? await authority.faultOfEither(by, id) : await authority.faultOfAdmin(by, id);
    if (actor !== null) return refuse('TENANT_ACTOR_NOT_PERMITTED', actor);
    if (tenant.policy.customerApproval && looser.length > 0 && statement === null) {
      return refuse(
        'TENANT_STATEMENT_MISSING',
        `The new policy ${looser.join(' and ')} of ${show(id)}, which needs a statement signed by an admin of the customer. Sign it and send both.`,
      );
    }
    const before: store.StoredPolicy = {
      tenant: id,
      version: tenant.policy.version,
      validFrom: instant(0),
      seq: null,
      policy: tenant.policy,
      hash: tenant.policyHash,
      statement: null,
    };
    const after = { ...before, version: next.version, policy: next, hash: policyHash(next), statement };
    const fault = await faultOfStep(before, after, trust);
    if (fault !== null) {
      return refuse(
        'TENANT_STATEMENT_REJECTED',
        `The new policy of ${show(id)} ${fault}. Let an admin of the customer sign exactly this change.`,
      );
    }
    return await logPolicy(tenant, after, by);
  }

  async function openLog(id: string, document: PolicyDocument, taken: TenantRefusal): Promise<void> {
    await log.openTenantLog(async (client, at) => {
      const createdAt = timeOf(at.time);
      const row = { id, logId: at.logId, subscription: 'active', createdAt } as const;
      if (!(await store.insertTenant(client, row))) throw new Refused(taken);
      const first = { tenant: id, version: 1, validFrom: createdAt, seq: null, policy: document, statement: null };
      await store.insertPolicy(client, { ...first, hash: policyHash(document) });
    });
  }

  async function logOpening(id: string, by: TenantActor, taken: TenantRefusal): Promise<number> {
    const row = await store.tenantRow(pool, id);
    const first = await store.policyRow(pool, id, null);
    if (row === null || first === null) throw new Error(`the tenant ${show(id)} vanished while it was opened`);
    const payload = {
      v: 1,
      by: nameOf(by),
      tenant: id,
      policy: plain(first.policy),
      policyHash: first.hash,
      subscription: row.subscription,
    };
    const appended = await log.append(row.logId, { type: 'tenant.opened', payload }, async (client, { seq }) => {
      // Before the commit: no tenant with approval on is ever to be found unpinned.
      if (first.policy.customerApproval) await trust.pinPolicy(id, { version: 1, hash: first.hash });
      if (!(await store.markOpened(client, id, seq))) throw new Refused(taken);
    });
    if (appended.kind === 'refused') throw new Error(`the log refused tenant.opened: ${appended.reason}`);
    return appended.seq;
  }

  async function logPolicy(tenant: Tenant, after: store.StoredPolicy, by: TenantActor): Promise<TenantResult<Tenant>> {
    const { id, logId } = tenant;
    const payload = {
      v: 1,
      by: nameOf(by),
      tenant: id,
      before: { policy: plain(tenant.policy), policyHash: tenant.policyHash },
      policy: plain(after.policy),
      policyHash: after.hash,
      statement: after.statement === null ? null : plain(after.statement),
    };
    return await appending(
      log,
      { logId, draft: { type: 'tenant.policy_changed', payload } },
      async (client, { seq, at }) => {
        if (!(await store.insertPolicy(client, { ...after, validFrom: at, seq })))
          throw new Refused(changedMeanwhile(id));
      },
      // Looking at it pins it: after the commit, because a pin ahead of the database would close the tenant.
      () => known(id),
    );
  }

  async function believed({ row, newest }: store.StoredTenantPolicy): Promise<Tenant> {
    const pin = await trust.policyPin(row.id);
    const current = newest !== null && (pin === null || pin.version === newest.version) ? [newest] : null;
    const policies = current ?? (await store.policiesFrom(pool, row.id, pin?.version ?? 1));
    const { policy, hash } = await believedPolicy(row.id, policies, { pin, trust });
    const pinDue = pin === null ? policy.customerApproval : pin.version < policy.version;
    if (pinDue) await trust.pinPolicy(row.id, { version: policy.version, hash });
    return {
      id: row.id,
      logId: row.logId,
      openedAt: row.createdAt,
      subscription: row.subscription,
      policy,
      policyHash: hash,
      terms: termsOf(policy, row),
    };
  }

  /** An opening takes two entries; a second one of the same tenant waits until the first is whole. */
  async function oneAtATime<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = openings.get(id) ?? Promise.resolve();
    const done = before.then(work, work);
    openings.set(id, done);
    try {
      return await done;
    } finally {
      if (openings.get(id) === done) openings.delete(id);
    }
  }

  async function known(id: string): Promise<Tenant> {
    const tenant = await find(id);
    if (tenant === null) throw new Error(`the tenant ${show(id)} vanished after it was logged`);
    return tenant;
  }
}

/** 1 to 63 bytes as in a statement, so that no tenant exists about which nothing can be signed. */
function faultOfId(id: string): string | null {
  const bytes = new TextEncoder().encode(id).length;
  if (bytes >= 1 && bytes <= 63 && id.isWellFormed() && !/\p{Cc}/u.test(id)) return null;
  return `The tenant key ${show(id)} has ${bytes} bytes; expected 1 to 63 bytes of Unicode without control characters. Give that tenant another key.`;
}

function refusedPolicy(id: string, faults: readonly string[]): RefusedOutcome {
  return refuse('TENANT_POLICY_INVALID', `The policy of ${show(id)} cannot hold: ${faults.join('; ')}.`);
}

function termsOf(policy: PolicyDocument, { subscription }: store.StoredTenant): TenantTerms {
  const { v: _v, version: _version, serviceInScope: _serviceInScope, ...terms } = policy;
  return { ...terms, subscription };
}

/** Our readonly types of plain JSON members, as the payload that they already are. */
function plain(value: PolicyDocument | SignedStatement): JsonObject {
  return value as unknown as JsonObject;
}
