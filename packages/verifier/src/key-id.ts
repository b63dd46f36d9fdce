import { decodeBase64Url, encodeBase64Url } from './base64.ts';
import { utf8 } from './bytes.ts';
import { canonicalJson, isObject } from './canonical-json.ts';
import { type Checked, fails, holds } from './finding.ts';
import type { Primitives, PublicJwk } from './primitives.ts';

/** The RFC 7638 thumbprint of a public key, base64url: how statements and directories name keys. */
export function keyIdOf({ hash }: Primitives, key: PublicJwk): string {
  const members =
    key.kty === 'OKP' ? { crv: key.crv, kty: key.kty, x: key.x } : { crv: key.crv, kty: key.kty, x: key.x, y: key.y };
  return encodeBase64Url(hash(utf8(canonicalJson(members))));
}

/** Parses a public key: Ed25519, or P-256 for passkeys. Members that RFC 7638 does not hash are dropped; a private key is refused. */
export function parsePublicJwk(value: unknown): Checked<PublicJwk> {
  if (!isObject(value)) return fails('KEY_MALFORMED', 'The public key is not a JSON object; expected a JWK.');
  const { kty, crv, x, y, d } = value;
  if (d !== undefined) return fails('KEY_MALFORMED', 'The JWK holds a private key; expected only its public part.');
  if (kty === 'OKP' && crv === 'Ed25519' && isCoordinate(x)) return holds({ kty, crv, x });
  if (kty === 'EC' && crv === 'P-256' && isCoordinate(x) && isCoordinate(y)) return holds({ kty, crv, x, y });
  return fails(
    'KEY_MALFORMED',
    'The JWK is no Ed25519 (OKP) or P-256 (EC) key with coordinates of 32 bytes in base64url.',
  );
}

function isCoordinate(value: unknown): value is string {
  return typeof value === 'string' && value.length === 43 && decodeBase64Url(value)?.length === 32;
}
