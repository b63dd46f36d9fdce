import type { Instant } from '@gatehouse/terms';
import type { Database } from '../db/index.ts';
import type { Personnel } from '../personnel/index.ts';
import type { Tenants } from '../tenants/index.ts';
import type { Directories } from './directories.ts';
import type { Authenticated, Principal, SessionRefusal, SignedIn } from './principal.ts';

/** What sign-in stands on. `random` gives that many bytes of cryptographic randomness. */
export type IdentityOptions = {
  readonly database: Database;
  readonly directories: Directories;
  readonly personnel: Personnel;
  readonly tenants: Tenants;
  readonly random: (size: number) => Uint8Array;
};

/** Sign-in by key proof, and the sessions that come of it. Every check happens at use, so nothing extends a session. */
export interface Identity {
  /** Takes a DPoP proof (RFC 9449) for `method` and `url`, made by an enrolled key, and begins a session. */
  signIn(attempt: {
    readonly proof: string;
    readonly method: string;
    readonly url: string;
    readonly now: Instant;
  }): Promise<SignedIn>;
  /** Who the bearer token speaks for; counts as use. */
  authenticate(token: string, now: Instant): Promise<Authenticated>;
  /** Ends the session of the token; ending an ended one is no error. */
  signOut(token: string, now: Instant): Promise<void>;
  /** A code for the tenant's web page: valid 60 s, once, for a user of exactly that tenant. */
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
export declare function openIdentity(options: IdentityOptions): Identity;
