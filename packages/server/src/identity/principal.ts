import type { Instant } from '@gatehouse/terms';
import type { PersonnelRole } from '../personnel/index.ts';
import type { CustomerRole } from '../tenants/index.ts';

type Bound = {
  readonly person: string;
  /** The key that proved who this is; the key's removal ends the session at once. */
  readonly keyId: string;
  /** `portal_code` sessions come from a web page and may only read. */
  readonly via: 'key_proof' | 'portal_code';
};

/** Who makes a request, as far as keys prove it. Roles are those of the key directory, not of a database row. */
export type Principal =
  | (Bound & { readonly kind: 'personnel'; readonly roles: readonly PersonnelRole[] })
  | (Bound & { readonly kind: 'customer_user'; readonly tenant: string; readonly roles: readonly CustomerRole[] });

/** Why nobody was signed in. The message never says which part of a guess was right. */
export type SessionRefusal = {
  readonly code:
    | 'PROOF_MALFORMED'
    | 'PROOF_WRONG_TARGET'
    | 'PROOF_STALE'
    | 'PROOF_REPLAYED'
    | 'KEY_UNKNOWN'
    | 'PERSON_NOT_ACTIVE'
    | 'TOKEN_INVALID'
    | 'SESSION_ENDED'
    | 'PORTAL_NOT_PERMITTED'
    | 'PORTAL_CODE_INVALID';
  readonly message: string;
};

/** A session that has begun. The token is told once and kept only as a hash. */
export type SignedIn =
  | {
      readonly ok: true;
      /** 256 random bits, base64url. */
      readonly token: string;
      readonly principal: Principal;
      /** The session ends after 15 minutes without use, and here at the latest. */
      readonly endsAt: Instant;
    }
  | { readonly ok: false; readonly refusal: SessionRefusal };

/** Who a token speaks for now. */
export type Authenticated =
  | { readonly ok: true; readonly principal: Principal; readonly endsAt: Instant }
  | { readonly ok: false; readonly refusal: SessionRefusal };
