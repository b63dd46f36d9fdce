import { decodeBase64 } from './base64.ts';
import { isObject, type JsonValue } from './canonical-json.ts';
import { type Checked, fails, holds } from './finding.ts';
import { keyIdOf } from './key-id.ts';
import { base64Of, checkMembers, exactly, type Form, matching } from './members.ts';
import type { Primitives, PublicJwk } from './primitives.ts';
import { verifySsh } from './ssh-signature.ts';
import { parseStatement, type Statement, statementMessage } from './statement.ts';
import { verifyWebauthn, type WebauthnParty } from './webauthn.ts';

/** How a statement was signed. `keyId` is the RFC 7638 thumbprint; bytes are strict base64. */
export type Signature =
  | { readonly kind: 'ed25519'; readonly keyId: string; readonly signature: string }
  | {
      readonly kind: 'webauthn';
      readonly keyId: string;
      readonly authenticatorData: string;
      readonly clientDataJSON: string;
      /** Ed25519: 64 bytes; ES256: the DER form that authenticators give. */
      readonly signature: string;
    }
  /** `signature` is the binary SSHSIG blob that `ssh-keygen -Y sign` armours. */
  | { readonly kind: 'ssh'; readonly keyId: string; readonly signature: string };

/** A statement and the signature over it. */
export type SignedStatement = { readonly document: Statement; readonly signature: Signature };

const keyId = matching(/^[A-Za-z0-9_-]{43}$/, 'an RFC 7638 thumbprint (43 characters of base64url)');
const someBase64: Form = {
  test: (value: JsonValue) =>
    typeof value === 'string' && value.length <= 4096 && (decodeBase64(value)?.length ?? 0) > 0,
  expected: 'strict base64 of at most 4,096 characters',
};

const forms: { readonly [kind in Signature['kind']]: Readonly<Record<string, Form>> } = {
  ed25519: { kind: exactly('ed25519'), keyId, signature: base64Of(64) },
  webauthn: {
    kind: exactly('webauthn'),
    keyId,
    authenticatorData: someBase64,
    clientDataJSON: someBase64,
    signature: someBase64,
  },
  ssh: { kind: exactly('ssh'), keyId, signature: someBase64 },
};

/** Parses `{ document, signature }` with exactly these members; the signature is not verified yet. */
export function parseSignedStatement(value: unknown): Checked<SignedStatement> {
  if (!isObject(value)) return fails('STATEMENT_MALFORMED', 'The signed statement is not a JSON object.');
  const { document, signature, ...others } = value;
  if (Object.keys(others).length > 0) {
    return fails('STATEMENT_MALFORMED', 'The signed statement has members other than "document" and "signature".');
  }
  const statement = parseStatement(document);
  if (!statement.ok) return statement;
  const kind = isObject(signature) ? signature['kind'] : undefined;
  if (!isObject(signature) || (kind !== 'ed25519' && kind !== 'webauthn' && kind !== 'ssh')) {
    return fails('SIGNATURE_MALFORMED', 'The signature has no kind that is known; expected ed25519, webauthn or ssh.');
  }
  const checked = checkMembers(signature, { required: forms[kind] }, 'SIGNATURE_MALFORMED', 'the signature');
  if (!checked.ok) return checked;
  return holds({ document: statement.value, signature: signature as unknown as Signature });
}

/** What a verifier must know beside the key: for passkeys, the relying party whose page asked for the signature. */
export type SignatureContext = { readonly webauthn?: WebauthnParty };

/**
 * Proves that the holder of `key` signed exactly this document: the key is the one that document and signature name,
 * and the signature holds over {@link statementMessage}. Does not say that the key had any right; `checkAccess` does.
 */
export async function verifyStatement(
  primitives: Primitives,
  signed: SignedStatement,
  key: PublicJwk,
  context: SignatureContext = {},
): Promise<Checked<Statement>> {
  const parsed = parseSignedStatement(signed);
  if (!parsed.ok) return parsed;
  const { document, signature } = parsed.value;
  const id = keyIdOf(primitives, key);
  if (document.keyId !== id || signature.keyId !== id) {
    return fails(
      'SIGNATURE_KEY',
      `The statement names the key ${document.keyId} and its signature ${signature.keyId}; it was checked against ${id}.`,
    );
  }
  const problem = await verifyKind(primitives, signature, { key, message: statementMessage(document) }, context);
  return problem.ok ? holds(document) : problem;
}

type Claim = { readonly key: PublicJwk; readonly message: Uint8Array };

async function verifyKind(
  primitives: Primitives,
  signature: Signature,
  { key, message }: Claim,
  context: SignatureContext,
): Promise<Checked<null>> {
  const bytes = decodeBase64(signature.signature) ?? new Uint8Array();
  switch (signature.kind) {
    case 'ed25519': {
      if (key.kty !== 'OKP')
        return fails('SIGNATURE_KEY', 'A signature of kind ed25519 was checked against a P-256 key.');
      if (await primitives.verifySignature(key, message, bytes)) return holds(null);
      return fails(
        'SIGNATURE_FAILS',
        'The Ed25519 signature does not verify: the document or the signature was changed, or another key signed it.',
      );
    }
    case 'webauthn': {
      const assertion = {
        authenticatorData: decodeBase64(signature.authenticatorData) ?? new Uint8Array(),
        clientDataJSON: decodeBase64(signature.clientDataJSON) ?? new Uint8Array(),
        signature: bytes,
      };
      if (context.webauthn === undefined) {
        return fails(
          'WEBAUTHN_PARTY_UNKNOWN',
          'The statement is signed by a passkey, but no relying party (origins, rpId) is pinned to check it.',
        );
      }
      return verifyWebauthn(primitives, assertion, { key, message, party: context.webauthn });
    }
    case 'ssh':
      return verifySsh(primitives, bytes, { key, message });
  }
}
