import { encodeBase64Url } from './base64.ts';
import { concat, sameBytes, textOf, utf8 } from './bytes.ts';
import { isObject, parseJson } from './canonical-json.ts';
import { type Checked, fails, holds, show } from './finding.ts';
import type { Primitives, PublicJwk } from './primitives.ts';

/** The page that may ask for signatures: pinned by the verifier, never taken from the statement. */
export type WebauthnParty = { readonly rpId: string; readonly origins: readonly string[] };

/** What an authenticator returns for `navigator.credentials.get` (WebAuthn level 2, 6.3.3). */
export type Assertion = {
  readonly authenticatorData: Uint8Array;
  readonly clientDataJSON: Uint8Array;
  readonly signature: Uint8Array;
};

type Claim = { readonly key: PublicJwk; readonly message: Uint8Array; readonly party: WebauthnParty };

const userPresent = 0x01;
const userVerified = 0x04;

/**
 * Proves that a passkey signed `message`: the challenge is its SHA-256, a pinned page asked, and the person was present
 * and verified (WebAuthn level 2, 7.2). The signature counter is not used: synced passkeys keep it at 0.
 */
export async function verifyWebauthn(
  primitives: Primitives,
  assertion: Assertion,
  { key, message, party }: Claim,
): Promise<Checked<null>> {
  const client = checkClientData(assertion.clientDataJSON, encodeBase64Url(primitives.hash(message)), party);
  if (!client.ok) return client;
  const { authenticatorData } = assertion;
  if (
    authenticatorData.length < 37 ||
    !sameBytes(authenticatorData.subarray(0, 32), primitives.hash(utf8(party.rpId)))
  ) {
    return fails('WEBAUTHN_PARTY', `The authenticator signed for another relying party than ${show(party.rpId)}.`);
  }
  const flags = authenticatorData[32] ?? 0;
  if ((flags & userPresent) === 0 || (flags & userVerified) === 0) {
    return fails(
      'WEBAUTHN_USER_NOT_VERIFIED',
      'The authenticator did not verify the person (no PIN, no biometrics); a statement needs that.',
    );
  }
  const signature = key.kty === 'OKP' ? assertion.signature : rawFromDer(assertion.signature);
  const signed = concat(authenticatorData, primitives.hash(assertion.clientDataJSON));
  if (signature?.length === 64 && (await primitives.verifySignature(key, signed, signature))) return holds(null);
  return fails(
    'SIGNATURE_FAILS',
    'The passkey signature does not verify: the document or the signature was changed, or another key signed it.',
  );
}

function checkClientData(bytes: Uint8Array, challenge: string, party: WebauthnParty): Checked<null> {
  const parsed = parseJson(textOf(bytes) ?? '');
  if (!parsed.ok || !isObject(parsed.value))
    return fails('WEBAUTHN_MALFORMED', 'The client data of the passkey is not a JSON object.');
  const client = parsed.value;
  if (client['type'] !== 'webauthn.get')
    return fails(
      'WEBAUTHN_MALFORMED',
      `The client data has the type ${show(client['type'])}; expected "webauthn.get".`,
    );
  if (client['challenge'] !== challenge)
    return fails(
      'WEBAUTHN_CHALLENGE',
      'The passkey signed another document: its challenge is not the hash of this statement.',
    );
  const origin = client['origin'];
  if (typeof origin !== 'string' || !party.origins.includes(origin)) {
    return fails(
      'WEBAUTHN_PARTY',
      `The page ${show(origin)} asked for the signature; pinned are ${party.origins.join(', ')}.`,
    );
  }
  if (client['crossOrigin'] === true)
    return fails('WEBAUTHN_PARTY', 'The signature was asked for from inside a frame of another site.');
  return holds(null);
}

/** ECDSA r || s of 64 bytes from the DER form (SEQUENCE of two INTEGERs); null for every other encoding. */
function rawFromDer(der: Uint8Array): Uint8Array | null {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const first = integerAt(der, 2);
  const second = first === null ? null : integerAt(der, first.end);
  if (first === null || second === null || second.end !== der.length) return null;
  return concat(first.value, second.value);
}

function integerAt(der: Uint8Array, at: number): { readonly value: Uint8Array; readonly end: number } | null {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  if (der[at] !== 0x02 || length < 1 || length > 33 || end > der.length) return null;
  const padded = der[at + 2] === 0;
  const bytes = der.subarray(at + (padded ? 3 : 2), end);
  // A leading zero stands only before a high bit, and a high bit only behind one: one encoding for one number.
  const highBit = ((bytes[0] ?? 0) & 0x80) !== 0;
  if (padded !== highBit || bytes.length > 32) return null;
  const value = new Uint8Array(32);
  value.set(bytes, 32 - bytes.length);
  return { value, end };
}
