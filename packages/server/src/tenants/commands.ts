import { type Instant, instant, type JsonObject, latestInstant, parseInstant, type TenantTerms } from '@gatehouse/terms';
import type { SignedStatement } from '@gatehouse/verifier';
import type { PoolClient } from 'pg';
import type { Database } from '../db/index.ts';
import type { Log } from '../log/index.ts';
import type { Personnel } from '../personnel/index.ts';
import { defaultPolicy, faultsOf, loosenings, policyDocument, policyHash } from './policy.ts';
import { believedPolicy, faultOfStep } from './policy-chain.ts';
import * as store from './store.ts';
import {
  type CustomerRole,
  type CustomerTrust,
  type CustomerUser,
  type PolicyDocument,
  type Tenant,
  type TenantActor,
  TenantError,
  type TenantPolicy,
  type TenantRefusal,
  type TenantResult,
} from './tenant.ts';
import { faultOfUser, userFrom } from './user.ts';

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
export interface Tenants {
  /** Opens a tenant with its own log: entry 0 `log.open`, entry 1 `tenant.opened` with the policy. */
  open(command: { readonly id: string; readonly policy: TenantPolicy; readonly by: TenantActor }): Promise<TenantResult<Tenant>>;
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
  /** Adds a user of the customer; logged as `person.enrolled` in the tenant's log. */
  addUser(command: {
    readonly tenant: string;
    readonly person: string;
    readonly name: string;
    readonly roles: readonly CustomerRole[];
    readonly by: TenantActor;
  }): Promise<TenantResult<CustomerUser>>;
  /** Sets exactly these roles; a role that stays keeps its span. Logged as `person.changed` in the tenant's log. */
  changeUser(command: {
    readonly tenant: string;
    readonly person: string;
    readonly roles: readonly [CustomerRole, ...CustomerRole[]];
    readonly by: TenantActor;
  }): Promise<TenantResult<CustomerUser>>;
  /** Ends every role of a user; logged as `person.left`. The last admin stays. */
  removeUser(command: { readonly tenant: string; readonly person: string; readonly by: TenantActor }): Promise<TenantResult<null>>;
  /** The user of exactly this tenant at `at`; null if there is none, also if the person is another tenant's. */
  user(tenant: string, person: string, at: Instant): Promise<CustomerUser | null>;
  /** The users of exactly this tenant at `at`, by person. */
  users(tenant: string, at: Instant): Promise<readonly CustomerUser[]>;
}

/** Opens the tenants; their tables exist since migration 0002. */
export function openTenants({ database, log, personnel, trust }: TenantsOptions): Tenants {
  const { pool } = database;
  const tenants: Tenants = {
    async open({ id, policy, by }) {
      const fault = faultOfId(id);
      if (fault !== null) return refuse('TENANT_INVALID', fault);
      const faults = faultsOf(policy);
      if (faults.length > 0) return refuseInvalidPolicy(id, faults);
      const actor = await faultOfOfficer(by);
      if (actor !== null) return refuse('TENANT_ACTOR_NOT_PERMITTED', actor);
      const taken = refusal('TENANT_EXISTS', `A tenant ${show(id)} is open already. Change its policy instead.`);
      const row = await store.tenantRow(pool, id);
      if (row !== null && row.openedSeq !== null) return { ok: false, refusal: taken };
      const opened = await completing(async () => {
        const document = row === null ? await openLog(id, policyDocument(id, 1, policy), taken) : await firstPolicy(id);
        return await logOpening(id, document, by);
      });
      return 'refusal' in opened ? { ok: false, refusal: opened.refusal } : { ok: true, value: await known(id), seq: opened.done };
    },

    async ensure(key) {
      const fault = faultOfId(key);
      if (fault !== null) throw new TenantError('TENANT_KEY_IMPOSSIBLE', fault);
      const found = await tenants.find(key);
      if (found !== null) return found;
      const opened = await tenants.open({ id: key, policy: defaultPolicy, by: { kind: 'setup' } });
      return opened.ok ? opened.value : await known(key);
    },

    async find(id) {
      const row = await store.tenantRow(pool, id);
      return row === null || row.openedSeq === null ? null : await withPolicy(row);
    },

    async list() {
      const found: Tenant[] = [];
      for (const row of await store.tenantRows(pool)) {
        if (row.openedSeq !== null) found.push(await withPolicy(row));
      }
      return found;
    },

    async policyAt(id, at) {
      const row = await store.policyRow(pool, id, at);
      return row === null ? null : { policy: row.policy, policyHash: row.hash };
    },

    async changePolicy({ id, policy, by, statement }) {
      const tenant = await tenants.find(id);
      if (tenant === null) return refuseUnknown(id);
      const faults = faultsOf(policy);
      if (faults.length > 0) return refuseInvalidPolicy(id, faults);
      const next = policyDocument(id, tenant.policy.version + 1, policy);
      if (policyHash({ ...next, version: tenant.policy.version }) === tenant.policyHash) {
        return refuse('TENANT_POLICY_UNCHANGED', `The policy of ${show(id)} says that already. Nothing was done.`);
      }
      const looser = loosenings(tenant.policy, next);
      const actor = looser.length === 0 ? await faultOfEither(by, id) : await faultOfAdmin(by, id);
      if (actor !== null) return refuse('TENANT_ACTOR_NOT_PERMITTED', actor);
      if (tenant.policy.customerApproval && looser.length > 0 && statement === null) {
        return refuse(
          'TENANT_STATEMENT_MISSING',
          `This ${looser.join(' and ')} of ${show(id)}, which needs a statement signed by an admin of the customer. Sign the new policy and send both.`,
        );
      }
      const before = asStored(tenant);
      const after: store.StoredPolicy = { ...before, version: next.version, policy: next, hash: policyHash(next), statement };
      const fault = await faultOfStep(before, after, trust);
      if (fault !== null) {
        return refuse('TENANT_STATEMENT_REJECTED', `The new policy of ${show(id)} ${fault}. Let an admin of the customer sign exactly this change.`);
      }
      return await logPolicy(tenant, after, by);
    },

    async addUser({ tenant: id, person, name, roles, by }) {
      const tenant = await tenants.find(id);
      if (tenant === null) return refuseUnknown(id);
      const everybody = await tenants.users(id, latestInstant);
      // The first admin of a customer has nobody of the customer who could add them.
      const actor = everybody.length === 0 ? await faultOfEither(by, id) : await faultOfAdmin(by, id);
      if (actor !== null) return refuse('TENANT_ACTOR_NOT_PERMITTED', actor);
      const fault = faultOfUser({ person, name, roles }) ?? (roles.length === 0 ? 'a user needs at least one role' : null);
      if (fault !== null) return refuse('TENANT_PERSON_INVALID', `The user of ${show(id)} cannot be kept: ${fault}.`);
      const taken = refusal('TENANT_PERSON_EXISTS', `${show(person)} is a user of ${show(id)} already. Change the roles instead.`);
      if (everybody.some((user) => user.person === person)) return { ok: false, refusal: taken };
      return await writeUser('person.enrolled', tenant, { person, name, roles, by, taken });
    },

    async changeUser({ tenant: id, person, roles, by }) {
      const found = await userToChange(id, person, by);
      if ('refusal' in found) return { ok: false, refusal: found.refusal };
      const fault = faultOfUser({ person, name: found.user.name, roles }) ?? lastAdmin(found, roles);
      if (fault !== null) return refuse('TENANT_PERSON_INVALID', `The user of ${show(id)} cannot be kept: ${fault}.`);
      const taken = refusedMeanwhile(person);
      return await writeUser('person.changed', found.tenant, { person, name: found.user.name, roles, by, taken });
    },

    async removeUser({ tenant: id, person, by }) {
      const found = await userToChange(id, person, by);
      if ('refusal' in found) return { ok: false, refusal: found.refusal };
      const fault = lastAdmin(found, []);
      if (fault !== null) return refuse('TENANT_PERSON_INVALID', `The user of ${show(id)} cannot be removed: ${fault}.`);
      const taken = refusedMeanwhile(person);
      const removed = await writeUser('person.left', found.tenant, { person, name: found.user.name, roles: [], by, taken });
      return removed.ok ? { ...removed, value: null } : removed;
    },

    async user(tenant, person, at) {
      return userFrom(await store.userVersions(pool, { tenant, person, at }));
    },

    async users(tenant, at) {
      const versions = await store.userVersions(pool, { tenant, person: null, at });
      const found: CustomerUser[] = [];
      for (const person of new Set(versions.map((version) => version.person))) {
        const user = userFrom(versions.filter((version) => version.person === person));
        if (user !== null) found.push(user);
      }
      return found;
    },
  };
  return tenants;

  async function openLog(id: string, document: PolicyDocument, taken: TenantRefusal): Promise<PolicyDocument> {
    await log.openTenantLog(async (client, at) => {
      const createdAt = timeOf(at.time);
      if (!(await store.insertTenant(client, { id, logId: at.logId, subscription: 'active', createdAt }))) throw new Refused(taken);
      const hash = policyHash(document);
      await store.insertPolicy(client, { tenant: id, version: 1, validFrom: createdAt, seq: null, policy: document, hash, statement: null });
    });
    return document;
  }

  /** The policy of a tenant whose opening was cut short between its two entries. */
  async function firstPolicy(id: string): Promise<PolicyDocument> {
    const row = await store.policyRow(pool, id, null);
    if (row === null) throw new Error(`the tenant ${show(id)} has a log and no policy`);
    return row.policy;
  }

  async function logOpening(id: string, document: PolicyDocument, by: TenantActor): Promise<number> {
    const row = await store.tenantRow(pool, id);
    if (row === null) throw new Error(`the tenant ${show(id)} vanished while it was opened`);
    const hash = policyHash(document);
    const payload = { v: 1, by: nameOf(by), tenant: id, policy: plain(document), policyHash: hash, subscription: row.subscription };
    const appended = await log.append(row.logId, { type: 'tenant.opened', payload }, async (client, at) => {
      if (document.customerApproval) await trust.pinPolicy(id, { version: 1, hash });
      await store.markOpened(client, id, at.seq);
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
    const pinned = after.policy.customerApproval || tenant.policy.customerApproval || (await trust.policyPin(id)) !== null;
    return await appending(logId, { type: 'tenant.policy_changed', payload }, async (client, at) => {
      const written = await store.insertPolicy(client, { ...after, validFrom: timeOf(at.time), seq: at.seq });
      if (!written) throw new Refused(refusedMeanwhile(id));
    }, async () => {
      // After the commit: a pin ahead of the database would close the tenant, one behind it is followed from.
      if (pinned) await trust.pinPolicy(id, { version: after.version, hash: after.hash });
      return await known(id);
    });
  }

  async function writeUser(
    type: 'person.enrolled' | 'person.changed' | 'person.left',
    tenant: Tenant,
    next: {
      readonly person: string;
      readonly name: string;
      readonly roles: readonly CustomerRole[];
      readonly by: TenantActor;
      readonly taken: TenantRefusal;
    },
  ): Promise<TenantResult<CustomerUser>> {
    const { person, name, roles, by, taken } = next;
    const versions = await store.userVersions(pool, { tenant: tenant.id, person, at: null });
    const version = (versions.at(-1)?.version ?? 0) + 1;
    const payload = { v: 1, by: nameOf(by), tenant: tenant.id, person, name, roles: [...roles], version };
    let written: store.StoredUser | null = null;
    return await appending(
      tenant.logId,
      { type, payload, person, compartment: 'actor' },
      async (client, at) => {
        written = { tenant: tenant.id, person, version, validFrom: timeOf(at.time), seq: at.seq, name, roles };
        if (!(await store.insertUser(client, written))) throw new Refused(taken);
      },
      async () => {
        const all = written === null ? versions : [...versions, written];
        return userFrom(all) ?? { tenant: tenant.id, person, name, roles: [], held: [] };
      },
    );
  }

  /** Appends, and turns a refusal thrown in the transaction into a value; `value` is made after the commit. */
  async function appending<T>(
    logId: string,
    draft: Parameters<Log['append']>[1],
    write: (client: PoolClient, at: { readonly seq: number; readonly time: string }) => Promise<void>,
    value: () => Promise<T>,
  ): Promise<TenantResult<T>> {
    const done = await completing(async () => {
      const appended = await log.append(logId, draft, write);
      if (appended.kind === 'refused') throw new Error(`the log refused ${draft.type}: ${appended.reason}`);
      return appended.seq;
    });
    return 'refusal' in done ? { ok: false, refusal: done.refusal } : { ok: true, value: await value(), seq: done.done };
  }

  async function withPolicy(row: store.StoredTenant): Promise<Tenant> {
    const pin = await trust.policyPin(row.id);
    const newest = await store.policyRow(pool, row.id, null);
    const policies =
      pin === null ? (newest === null ? [] : [newest]) : await store.policiesFrom(pool, row.id, pin.version);
    const { policy, hash } = await believedPolicy(row.id, policies, { pin, trust });
    // A crash between a commit and its pin is made good here, by whoever asks first.
    const due = pin === null ? policy.customerApproval : pin.version < policy.version;
    if (due) await trust.pinPolicy(row.id, { version: policy.version, hash });
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

  async function known(id: string): Promise<Tenant> {
    const tenant = await tenants.find(id);
    if (tenant === null) throw new Error(`the tenant ${show(id)} vanished after it was logged`);
    return tenant;
  }

  async function userToChange(
    id: string,
    person: string,
    by: TenantActor,
  ): Promise<{ readonly tenant: Tenant; readonly user: CustomerUser; readonly everybody: readonly CustomerUser[] } | { readonly refusal: TenantRefusal }> {
    const tenant = await tenants.find(id);
    if (tenant === null) return { refusal: refusal('TENANT_UNKNOWN', unknownSentence(id)) };
    const actor = await faultOfAdmin(by, id);
    if (actor !== null) return { refusal: refusal('TENANT_ACTOR_NOT_PERMITTED', actor) };
    const everybody = await tenants.users(id, latestInstant);
    const user = everybody.find((one) => one.person === person);
    if (user !== undefined) return { tenant, user, everybody };
    return { refusal: refusal('TENANT_PERSON_UNKNOWN', `${show(person)} is no user of ${show(id)}. Add the user first.`) };
  }

  async function faultOfOfficer(by: TenantActor): Promise<string | null> {
    if (by.kind === 'setup') return null;
    const officer = by.kind === 'personnel' ? (await personnel.factsAbout(by.person, latestInstant))?.person : undefined;
    if (officer?.employed === true && !officer.locked && officer.roles.includes('security_officer')) return null;
    return `${show(by.person)} is not a security officer of the operator. Ask one of them.`;
  }

  async function faultOfAdmin(by: TenantActor, tenant: string): Promise<string | null> {
    if (by.kind === 'setup') return null;
    // One sentence for the stranger and for the other customer's admin: neither learns who works for this customer.
    const user = by.kind === 'customer_user' && by.tenant === tenant ? await tenants.user(tenant, by.person, latestInstant) : null;
    return user?.roles.includes('admin') === true ? null : `${show(by.person)} is not an admin of the customer ${show(tenant)}. Ask one of them.`;
  }

  async function faultOfEither(by: TenantActor, tenant: string): Promise<string | null> {
    return by.kind === 'personnel' ? await faultOfOfficer(by) : await faultOfAdmin(by, tenant);
  }
}

/** Carries a refusal out of a transaction that must not commit. */
class Refused extends Error {
  readonly refusal: TenantRefusal;
  constructor(found: TenantRefusal) {
    super(found.message);
    this.refusal = found;
  }
}

async function completing<T>(work: () => Promise<T>): Promise<{ readonly done: T } | { readonly refusal: TenantRefusal }> {
  try {
    return { done: await work() };
  } catch (error) {
    const refused = refusedIn(error);
    if (refused === null) throw error;
    return { refusal: refused };
  }
}

function refusedIn(error: unknown): TenantRefusal | null {
  if (error instanceof Refused) return error.refusal;
  return error instanceof Error ? refusedIn(error.cause) : null;
}

/** 1 to 63 bytes as in a statement, so that no tenant exists about which nothing can be signed. */
function faultOfId(id: string): string | null {
  const bytes = new TextEncoder().encode(id).length;
  if (bytes >= 1 && bytes <= 63 && id.isWellFormed() && !/\p{Cc}/u.test(id)) return null;
  return `The tenant key ${show(id)} has ${bytes} bytes; expected 1 to 63 bytes of Unicode without control characters. Give that tenant another key.`;
}

function lastAdmin(found: { readonly user: CustomerUser; readonly everybody: readonly CustomerUser[] }, roles: readonly CustomerRole[]): string | null {
  if (roles.includes('admin') || !found.user.roles.includes('admin')) return null;
  const others = found.everybody.some((user) => user.person !== found.user.person && user.roles.includes('admin'));
  return others ? null : 'it is the last admin, and nobody could ever add another';
}

function asStored(tenant: Tenant): store.StoredPolicy {
  const { policy, policyHash: hash } = tenant;
  return { tenant: tenant.id, version: policy.version, validFrom: instant(0), seq: null, policy, hash, statement: null };
}

function termsOf(policy: PolicyDocument, row: store.StoredTenant): TenantTerms {
  const { v: _v, version: _version, serviceInScope: _serviceInScope, ...terms } = policy;
  return { ...terms, subscription: row.subscription };
}

/** The same JSON as a payload: readonly types of ours are plain objects already. */
function plain(value: PolicyDocument | SignedStatement): JsonObject {
  return value as unknown as JsonObject;
}

function timeOf(time: string): Instant {
  const at = parseInstant(time);
  if (at === null) throw new Error(`the log gave the time ${JSON.stringify(time)}, which is not of LOG-SPEC 1.3`);
  return at;
}

function nameOf(by: TenantActor): string {
  return by.kind === 'setup' ? 'setup' : by.person;
}

function refusal(code: TenantRefusal['code'], message: string): TenantRefusal {
  return { code, message };
}

function refuse(code: TenantRefusal['code'], message: string): { readonly ok: false; readonly refusal: TenantRefusal } {
  return { ok: false, refusal: refusal(code, message) };
}

function unknownSentence(id: string): string {
  return `There is no tenant ${show(id)}. Open it first.`;
}

function refuseUnknown(id: string) {
  return refuse('TENANT_UNKNOWN', unknownSentence(id));
}

function refuseInvalidPolicy(id: string, faults: readonly string[]) {
  return refuse('TENANT_POLICY_INVALID', `The policy of ${show(id)} cannot hold: ${faults.join('; ')}.`);
}

function refusedMeanwhile(what: string): TenantRefusal {
  return refusal('TENANT_CHANGED_MEANWHILE', `Somebody else changed ${show(what)} at the same time. Look at it and change it again.`);
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
