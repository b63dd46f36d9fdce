import { type Instant, latestInstant } from '@gatehouse/terms';
import type { Pool } from 'pg';
import type { Log } from '../log/index.ts';
import type { Authority } from './authority.ts';
import { appending, changedMeanwhile, nameOf, Refused, refusal, refuse, show, unknownTenant } from './refusal.ts';
import { insertUser, type StoredUser, userVersions } from './store.ts';
import type { CustomerRole, CustomerUser, Tenant, TenantActor, TenantRefusal, TenantResult } from './tenant.ts';
import { faultOfUser, userFrom } from './user.ts';

/** What is done with the users of customers; each entry is in the log of their own tenant. */
export interface TenantUsers {
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
  removeUser(command: {
    readonly tenant: string;
    readonly person: string;
    readonly by: TenantActor;
  }): Promise<TenantResult<null>>;
  /** The user of exactly this tenant at `at`; null if there is none, also if the person is another tenant's. */
  user(tenant: string, person: string, at: Instant): Promise<CustomerUser | null>;
  /** The users of exactly this tenant at `at`, by person. */
  users(tenant: string, at: Instant): Promise<readonly CustomerUser[]>;
}

/** Opens the users of customers. */
export function openUsers({
  pool,
  log,
  find,
  authority,
}: {
  readonly pool: Pool;
  readonly log: Log;
  readonly find: (tenant: string) => Promise<Tenant | null>;
  readonly authority: () => Authority;
}): TenantUsers {
  const users: TenantUsers = {
    async addUser({ tenant: id, person, name, roles, by }) {
      const tenant = await find(id);
      if (tenant === null) return { ok: false, refusal: unknownTenant(id) };
      const everybody = await users.users(id, latestInstant);
      // The first admin of a customer has nobody of the customer who could add them.
      const { faultOfAdmin, faultOfEither } = authority();
      const actor = everybody.length === 0 ? await faultOfEither(by, id) : await faultOfAdmin(by, id);
      if (actor !== null) return refuse('TENANT_ACTOR_NOT_PERMITTED', actor);
      const fault =
        faultOfUser({ person, name, roles }) ?? (roles.length === 0 ? 'a user needs at least one role' : null);
      if (fault !== null) return refuse('TENANT_PERSON_INVALID', `The user of ${show(id)} cannot be kept: ${fault}.`);
      const taken = refusal(
        'TENANT_PERSON_EXISTS',
        `${show(person)} is a user of ${show(id)} already. Change the roles instead.`,
      );
      if (everybody.some((user) => user.person === person)) return { ok: false, refusal: taken };
      return await write('person.enrolled', tenant, { person, name, roles, by, taken });
    },

    async changeUser({ tenant: id, person, roles, by }) {
      const found = await userToChange(id, person, by);
      if ('refusal' in found) return { ok: false, refusal: found.refusal };
      const { name } = found.user;
      const fault = faultOfUser({ person, name, roles }) ?? faultOfLastAdmin(found, roles);
      if (fault !== null) return refuse('TENANT_PERSON_INVALID', `The user of ${show(id)} cannot be kept: ${fault}.`);
      return await write('person.changed', found.tenant, { person, name, roles, by, taken: changedMeanwhile(person) });
    },

    async removeUser({ tenant: id, person, by }) {
      const found = await userToChange(id, person, by);
      if ('refusal' in found) return { ok: false, refusal: found.refusal };
      const fault = faultOfLastAdmin(found, []);
      if (fault !== null)
        return refuse('TENANT_PERSON_INVALID', `The user of ${show(id)} cannot be removed: ${fault}.`);
      const { name } = found.user;
      const removed = await write('person.left', found.tenant, {
        person,
        name,
        roles: [],
        by,
        taken: changedMeanwhile(person),
      });
      return removed.ok ? { ...removed, value: null } : removed;
    },

    async user(tenant, person, at) {
      return userFrom(await userVersions(pool, { tenant, person, at }));
    },

    async users(tenant, at) {
      const versions = await userVersions(pool, { tenant, person: null, at });
      const found: CustomerUser[] = [];
      for (const person of new Set(versions.map((version) => version.person))) {
        const user = userFrom(versions.filter((version) => version.person === person));
        if (user !== null) found.push(user);
      }
      return found;
    },
  };
  return users;

  async function userToChange(
    id: string,
    person: string,
    by: TenantActor,
  ): Promise<Found | { readonly refusal: TenantRefusal }> {
    const tenant = await find(id);
    if (tenant === null) return { refusal: unknownTenant(id) };
    const actor = await authority().faultOfAdmin(by, id);
    if (actor !== null) return { refusal: refusal('TENANT_ACTOR_NOT_PERMITTED', actor) };
    const everybody = await users.users(id, latestInstant);
    const user = everybody.find((one) => one.person === person);
    if (user !== undefined) return { tenant, user, everybody };
    return {
      refusal: refusal('TENANT_PERSON_UNKNOWN', `${show(person)} is no user of ${show(id)}. Add the user first.`),
    };
  }

  async function write(type: UserEntry, tenant: Tenant, next: NextUser): Promise<TenantResult<CustomerUser>> {
    const { person, name, roles, by, taken } = next;
    const versions = await userVersions(pool, { tenant: tenant.id, person, at: null });
    const version = (versions.at(-1)?.version ?? 0) + 1;
    const payload = { v: 1, by: nameOf(by), tenant: tenant.id, person, name, roles: [...roles], version };
    const written: StoredUser[] = [];
    return await appending(
      log,
      { logId: tenant.logId, draft: { type, payload, person, compartment: 'actor' } },
      async (client, { seq, at }) => {
        const user = { tenant: tenant.id, person, version, validFrom: at, seq, name, roles };
        if (!(await insertUser(client, user))) throw new Refused(taken);
        written.push(user);
      },
      async () => userFrom([...versions, ...written]) ?? { tenant: tenant.id, person, name, roles: [], held: [] },
    );
  }
}

type Found = { readonly tenant: Tenant; readonly user: CustomerUser; readonly everybody: readonly CustomerUser[] };
type UserEntry = 'person.enrolled' | 'person.changed' | 'person.left';
type NextUser = {
  readonly person: string;
  readonly name: string;
  readonly roles: readonly CustomerRole[];
  readonly by: TenantActor;
  readonly taken: TenantRefusal;
};

function faultOfLastAdmin({ user, everybody }: Found, roles: readonly CustomerRole[]): string | null {
  if (roles.includes('admin') || !user.roles.includes('admin')) return null;
  const others = everybody.some((other) => other.person !== user.person && other.roles.includes('admin'));
  return others ? null : 'it is the last admin, and nobody could ever add another';
}
