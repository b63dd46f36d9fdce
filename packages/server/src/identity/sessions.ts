import { instant, type Instant, plus } from '@gatehouse/terms';
import { encodeBase64Url, keyAt, sha256 } from '@gatehouse/verifier';
import type { PoolClient } from 'pg';
import type { Database } from '../db/index.ts';
import { type Personnel, personnelRoles } from '../personnel/index.ts';
import { customerRoles, type Tenants } from '../tenants/index.ts';
import type { Directories } from './directories.ts';
import { type DirectoryId, directoryOfTenant, tenantOf } from './directory.ts';
import type { Authenticated, Principal, SessionRefusal, SignedIn } from './principal.ts';
import { checkProof, clockSkewMs } from './proof.ts';
import * as store from './session-store.ts';

/** A session ends after so long without use (SECURITY section 3: 15 min), and so long after it began in any case. */
const idleMs = 15 * 60_000;
const absoluteMs = 8 * 60 * 60_000;
const portalCodeMs = 60_000;
/** Longer than any proof can be accepted, also when the clock goes back a little. Too long costs rows, too short is a replay. */
const proofMemoryMs = 2 * clockSkewMs + 10 * 60_000;
/** Ended sessions are kept a day so that their holders are told that they ended. */
const sessionMemoryMs = absoluteMs + 24 * 60 * 60_000;

/** What sign-in stands on. `random` gives that many bytes of cryptographic randomness. */
export type IdentityOptions = {
  readonly database: Database;
  readonly directories: Directories;
  readonly personnel: Personnel;
  readonly tenants: Tenants;
  readonly random: (size: number) => Uint8Array;
};

/** Sign-in by key proof, and the sessions that come of it. Every limit is checked at use, so nothing extends a session. */
export interface Identity {
  /** Takes a DPoP proof (RFC 9449) for `method` and `url`, made by an enrolled key, and begins a session. */
  signIn(attempt: {
    readonly proof: string;
    readonly method: string;
    readonly url: string;
    readonly now: Instant;
  }): Promise<SignedIn>;
  /** Who the bearer token speaks for; counts as use. IdentityError if the directory of the key cannot be believed. */
  authenticate(token: string, now: Instant): Promise<Authenticated>;
  /** Ends the session of the token; ending an ended or unknown one is no error. */
  signOut(token: string, now: Instant): Promise<void>;
  /** A code for the tenant's web page: valid 60 s, once, for a user of exactly that tenant who proved a key. */
  issuePortalCode(
    principal: Principal,
    tenant: string,
    now: Instant,
  ): Promise<
    | { readonly ok: true; readonly code: string; readonly endsAt: Instant }
    | { readonly ok: false; readonly refusal: SessionRefusal }
  >;
  /** Turns a code into a session that may only read. */
  redeemPortalCode(code: string, now: Instant): Promise<SignedIn>;
}

/** Opens sign-in; its tables exist since migration 0002. */
export function openIdentity({ database, directories, personnel, tenants, random }: IdentityOptions): Identity {
  const { pool } = database;

  return {
    async signIn(attempt) {
      const checked = await checkProof(attempt);
      if (!checked.ok) return checked;
      const { now } = attempt;
      const { keyId, jti } = checked.proved;
      const directory = await directories.directoryOfKey(keyId);
      const who = directory === null ? null : await principalOf({ directory, keyId, via: 'key_proof' }, now);
      if (who === null || directory === null) {
        return refuse(
          'KEY_UNKNOWN',
          `The key ${keyId} is enrolled for nobody who may sign in now. Let an officer or your admin enrol it.`,
        );
      }
      return await database.transaction(async (client) => {
        const id = hashOf(`${keyId}\n${jti}`);
        if (!(await store.rememberProof(client, id, plus(now, proofMemoryMs)))) {
          return refuse('PROOF_REPLAYED', 'The proof was used before; each opens one session. Make a new one.');
        }
        return await begin(client, { directory, principal: who, now });
      });
    },

    async authenticate(token, now) {
      const tokenHash = hashOfSecret(token);
      if (tokenHash === null) return refuse('TOKEN_INVALID', unknownToken);
      const session = await store.useSession(pool, tokenHash, {
        now,
        openedAfter: plus(now, -absoluteMs),
        usedAfter: plus(now, -idleMs),
        usedUntil: plus(now, clockSkewMs),
      });
      if (session === null) {
        const known = await store.endSession(pool, tokenHash, now);
        return known ? refuse('SESSION_ENDED', endedSession) : refuse('TOKEN_INVALID', unknownToken);
      }
      const principal = await principalOf(session, now);
      if (principal === null || principal.person !== session.person) {
        await store.endSession(pool, tokenHash, now);
        return refuse('SESSION_ENDED', endedSession);
      }
      return { ok: true, principal, endsAt: plus(session.openedAt, absoluteMs) };
    },

    async signOut(token, now) {
      const tokenHash = hashOfSecret(token);
      if (tokenHash !== null) await store.endSession(pool, tokenHash, now);
    },

    async issuePortalCode(principal, tenant, now) {
      if (principal.kind !== 'customer_user' || principal.tenant !== tenant || principal.via !== 'key_proof') {
        return refuse(
          'PORTAL_NOT_PERMITTED',
          'Only a user of this customer who signed in with a key gets a code for its page. Sign in as one.',
        );
      }
      const code = newSecret();
      const endsAt = plus(now, portalCodeMs);
      const { person, keyId } = principal;
      await store.insertCode(pool, hashOf(code), { directory: directoryOfTenant(tenant), person, keyId }, endsAt);
      return { ok: true, code, endsAt };
    },

    async redeemPortalCode(code, now) {
      const codeHash = hashOfSecret(code);
      const invalid = refuse(
        'PORTAL_CODE_INVALID',
        'The code is unknown, was used, or is older than 60 s. Ask for a new one.',
      );
      if (codeHash === null) return invalid;
      const spent = await store.spendCode(pool, codeHash, now);
      if (spent === null) return invalid;
      const principal = await principalOf({ ...spent, via: 'portal_code' }, now);
      if (principal === null || principal.person !== spent.person) return invalid;
      return await database.transaction((client) => begin(client, { directory: spent.directory, principal, now }));
    },
  };

  /**
   * Who the key speaks for now, by its directory and the person's own record: null if the key is not in the directory
   * or not any more, the person is not active, or no role is left that both know.
   */
  async function principalOf(
    claim: { readonly directory: DirectoryId; readonly keyId: string; readonly via: Principal['via'] },
    now: Instant,
  ): Promise<Principal | null> {
    const { directory } = await directories.load(claim.directory);
    const key = keyAt(directory, claim.keyId);
    if (key === null) return null;
    const bound = { person: key.person, keyId: key.keyId, via: claim.via };
    const tenant = tenantOf(claim.directory);
    if (tenant === null) {
      const record = (await personnel.factsAbout(key.person, now))?.person;
      if (record === undefined || !record.employed || record.locked) return null;
      const roles = personnelRoles.filter((role) => key.roles.includes(role) && record.roles.includes(role));
      return { kind: 'personnel', ...bound, roles };
    }
    const user = await tenants.user(tenant, key.person, now);
    if (user === null) return null;
    const roles = customerRoles.filter((role) => key.roles.includes(role) && user.roles.includes(role));
    return { kind: 'customer_user', tenant, ...bound, roles };
  }

  async function begin(
    client: PoolClient,
    {
      directory,
      principal,
      now,
    }: { readonly directory: DirectoryId; readonly principal: Principal; readonly now: Instant },
  ): Promise<SignedIn> {
    const token = newSecret();
    const { person, keyId, via } = principal;
    await store.forgetOld(client, { now, sessionsBefore: plus(now, -sessionMemoryMs) });
    await store.insertSession(client, hashOf(token), { directory, person, keyId, via, openedAt: instant(now) });
    return { ok: true, token, principal, endsAt: plus(now, absoluteMs) };
  }

  function newSecret(): string {
    return encodeBase64Url(random(32));
  }
}

const unknownToken = 'The token is not one of ours. Sign in again.';
const endedSession =
  'The session is over: 15 minutes without use, 8 hours in all, signed out, or its key was removed. Sign in again.';

function hashOf(text: string): Uint8Array {
  return sha256(new TextEncoder().encode(text));
}

/**
 * The hash that a secret is looked up by; null for what cannot be one. Looking up by hash takes no time that depends on
 * how much of a guess was right.
 */
function hashOfSecret(secret: string): Uint8Array | null {
  return /^[A-Za-z0-9_-]{43}$/.test(secret) ? hashOf(secret) : null;
}

function refuse(
  code: SessionRefusal['code'],
  message: string,
): { readonly ok: false; readonly refusal: SessionRefusal } {
  return { ok: false, refusal: { code, message } };
}
