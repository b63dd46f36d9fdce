import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64Url } from '@gatehouse/verifier';

/** The PKCS #8 form of an X25519 private key up to its 32 bytes (RFC 8410, section 7). */
const pkcs8Head = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** The public key, 32 bytes, of an X25519 private key of any 32 bytes (RFC 7748 clamps at use). */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  const key: KeyObject = createPrivateKey({
    key: Buffer.concat([pkcs8Head, privateKey]),
    format: 'der',
    type: 'pkcs8',
  });
  const x = createPublicKey(key).export({ format: 'jwk' }).x;
  const bytes = x === undefined ? null : decodeBase64Url(x);
  if (bytes?.length !== 32) throw new TypeError('The platform exported an X25519 key without its 32 bytes.');
  return bytes;
}
