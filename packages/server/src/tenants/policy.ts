import { canonicalBytes, encodeBase64, sha256 } from '@gatehouse/verifier';
import type { PolicyDocument } from './tenant.ts';

/** The name of a policy in statements and entries: base64 SHA-256 of its JCS form. */
export function policyHash(document: PolicyDocument): string {
  return encodeBase64(sha256(canonicalBytes(document)));
}
