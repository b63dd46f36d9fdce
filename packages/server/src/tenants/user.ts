import type { Instant } from '@gatehouse/terms';
import type { StoredUser } from './store.ts';
import { type CustomerRole, customerRoles, type CustomerUser } from './tenant.ts';

const personForm = /^[a-z0-9._+-]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/;

/** The fault of a customer's user as a sentence part, or null. */
export function faultOfUser(user: {
  readonly person: string;
  readonly name: string;
  readonly roles: readonly CustomerRole[];
}): string | null {
  if (user.person.length > 254 || !personForm.test(user.person))
    return 'the person must be an e-mail address in lower case';
  if (user.name.trim() === '' || user.name.length > 200 || /\p{Cc}/u.test(user.name) || !user.name.isWellFormed()) {
    return 'the name must have 1 to 200 characters and no control characters';
  }
  if (!user.roles.every((role) => customerRoles.includes(role)) || new Set(user.roles).size !== user.roles.length) {
    return `the roles must be distinct and among ${customerRoles.join(', ')}`;
  }
  return null;
}

/**
 * The user as the versions of one person tell, the oldest first; null if there are none or the last one removed the
 * user. A role that goes on through a change goes on in one span.
 */
export function userFrom(versions: readonly StoredUser[]): CustomerUser | null {
  const last = versions.at(-1);
  if (last === undefined || last.roles.length === 0) return null;
  const held: { role: CustomerRole; since: Instant; until: Instant | null }[] = [];
  for (const version of versions) {
    for (const span of held) {
      if (span.until === null && !version.roles.includes(span.role)) span.until = version.validFrom;
    }
    for (const role of version.roles) {
      if (!held.some((span) => span.role === role && span.until === null)) {
        held.push({ role, since: version.validFrom, until: null });
      }
    }
  }
  return { tenant: last.tenant, person: last.person, name: last.name, roles: last.roles, held };
}
