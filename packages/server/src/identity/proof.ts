import { instant, type Instant } from '@gatehouse/terms';
import { keyIdOf, parsePublicJwk } from '@gatehouse/verifier';
import { EmbeddedJWK, errors, jwtVerify } from 'jose';
import type { SessionRefusal } from './principal.ts';

/** A proof longer than this is refused unread: a real one has about 500 characters. */
const proofLengthMost = 4096;
/** How far the client's clock may stand from ours, in either direction. */
export const clockSkewMs = 60_000;

/** What a proof proves: the holder of this key asked for this method and address at about this time. */
export type Proved = { readonly keyId: string; readonly jti: string; readonly issuedAt: Instant };

/**
 * Checks a DPoP proof as RFC 9449 section 4.3 says, except that a proof was not used before, which only a store can
 * tell. The signature is checked before anything that the proof claims.
 */
export async function checkProof(attempt: {
  readonly proof: string;
  readonly method: string;
  readonly url: string;
  readonly now: Instant;
}): Promise<{ readonly ok: true; readonly proved: Proved } | { readonly ok: false; readonly refusal: SessionRefusal }> {
  if (attempt.proof.length > proofLengthMost) return malformed(`it has more than ${proofLengthMost} characters`);
  const verified = await verify(attempt.proof, attempt.now);
  if (typeof verified === 'string') return malformed(verified);
  const { htm, htu, iat, jti } = verified.payload;
  const jwk = parsePublicJwk(verified.protectedHeader.jwk);
  if (!jwk.ok) return malformed(jwk.finding.message);
  if (typeof htm !== 'string' || typeof htu !== 'string' || typeof iat !== 'number' || !Number.isFinite(iat)) {
    return malformed('it lacks htm, htu or iat');
  }
  if (typeof jti !== 'string' || jti.length < 16 || jti.length > 256)
    return malformed('its jti is not a text of 16 to 256 characters');
  if (htm !== attempt.method || !sameTarget(htu, attempt.url)) {
    return refuse(
      'PROOF_WRONG_TARGET',
      `The proof is for ${show(htm)} ${show(htu)}; expected ${attempt.method} ${target(attempt.url) ?? attempt.url}. Make one for this address.`,
    );
  }
  const ageMs = attempt.now - iat * 1000;
  if (Math.abs(ageMs) > clockSkewMs) {
    return refuse(
      'PROOF_STALE',
      `The proof is ${Math.round(ageMs / 1000)} s old; expected at most 60 s in either direction. Set your clock and make a new one.`,
    );
  }
  return { ok: true, proved: { keyId: keyIdOf(jwk.value), jti, issuedAt: instant(Math.round(iat * 1000)) } };
}

/** The verified token, or what is wrong with it. */
async function verify(proof: string, now: Instant) {
  try {
    // EmbeddedJWK refuses a private key in the header; `none` and shared-secret algorithms are not in the list.
    return await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ['EdDSA', 'Ed25519', 'ES256'],
      clockTolerance: clockSkewMs / 1000,
      currentDate: new Date(now),
    });
  } catch (error) {
    if (error instanceof errors.JOSEError) return `${error.code}: ${error.message}`;
    // jose reports a key or header that it cannot use by the platform's own errors.
    if (error instanceof TypeError || error instanceof SyntaxError || error instanceof DOMException)
      return 'its key or header cannot be used';
    throw error;
  }
}

/** Scheme, host, port and path in normal form (RFC 9449 section 4.3, point 9); null for what is no http address. */
function target(url: string): string | null {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) return null;
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}

function sameTarget(htu: string, url: string): boolean {
  const claimed = target(htu);
  return claimed !== null && claimed === target(url);
}

function malformed(found: string): { readonly ok: false; readonly refusal: SessionRefusal } {
  return refuse(
    'PROOF_MALFORMED',
    `The proof is not a DPoP proof as RFC 9449 section 4.2 describes: ${found}. Make one with your enrolled key.`,
  );
}

function refuse(
  code: SessionRefusal['code'],
  message: string,
): { readonly ok: false; readonly refusal: SessionRefusal } {
  return { ok: false, refusal: { code, message } };
}

function show(claim: string): string {
  return JSON.stringify(claim.slice(0, 120));
}
