import { decodeBase64Url } from './base64.ts';
import { concat, sameBytes, textOf, utf8 } from './bytes.ts';
import { type Checked, fails, holds, show } from './finding.ts';
import type { Primitives, PublicJwk } from './primitives.ts';
import { statementNamespace } from './statement.ts';

type Claim = { readonly key: PublicJwk; readonly message: Uint8Array };

/**
 * Proves that an ssh key signed `message` with `ssh-keygen -Y sign -n gatehouse-statement` (OpenSSH PROTOCOL.sshsig,
 * version 1). Only ssh-ed25519 with SHA-256; the namespace keeps signatures for git or files out. SHA-512 is
 * what ssh-keygen uses by default, but our port has only SHA-256: the CLI asks for `-O hashalg=sha256`.
 */
export async function verifySsh(
  primitives: Primitives,
  blob: Uint8Array,
  { key, message }: Claim,
): Promise<Checked<null>> {
  if (key.kty !== 'OKP')
    return fails(
      'SIGNATURE_KEY',
      'A signature of kind ssh was checked against a P-256 key; only ssh-ed25519 is accepted.',
    );
  const parts = parseBlob(blob);
  if (parts === null)
    return fails(
      'SSH_MALFORMED',
      'The signature is no SSHSIG blob of version 1; expected what ssh-keygen -Y sign writes.',
    );
  const { publicKey, namespace, reserved, hashName, signature } = parts;
  const keyBlob = concat(sshString(utf8('ssh-ed25519')), sshString(decodeBase64Url(key.x) ?? new Uint8Array()));
  if (!sameBytes(publicKey, keyBlob))
    return fails('SIGNATURE_KEY', 'The SSHSIG blob names another public key than the one that it was checked against.');
  if (namespace !== statementNamespace) {
    return fails(
      'SSH_NAMESPACE',
      `The signature was made for the namespace ${show(namespace)}; expected ${statementNamespace}.`,
    );
  }
  if (hashName !== 'sha256' || reserved.length !== 0) {
    return fails('SSH_MALFORMED', `The signature uses the hash ${show(hashName)}; sign with -O hashalg=sha256.`);
  }
  const raw = readStrings(signature, 2);
  if (
    raw?.rest.length !== 0 ||
    textOf(raw.strings[0] ?? new Uint8Array()) !== 'ssh-ed25519' ||
    raw.strings[1]?.length !== 64
  ) {
    return fails('SSH_MALFORMED', 'The signature inside the SSHSIG blob is not ssh-ed25519 of 64 bytes.');
  }
  const signed = concat(
    utf8('SSHSIG'),
    sshString(utf8(namespace)),
    sshString(reserved),
    sshString(utf8(hashName)),
    sshString(primitives.hash(message)),
  );
  if (await primitives.verifySignature(key, signed, raw.strings[1])) return holds(null);
  return fails(
    'SIGNATURE_FAILS',
    'The ssh signature does not verify: the document or the signature was changed, or another key signed it.',
  );
}

type Blob = {
  readonly publicKey: Uint8Array;
  readonly namespace: string;
  readonly reserved: Uint8Array;
  readonly hashName: string;
  readonly signature: Uint8Array;
};

function parseBlob(blob: Uint8Array): Blob | null {
  const head = concat(utf8('SSHSIG'), Uint8Array.of(0, 0, 0, 1));
  if (!sameBytes(blob.subarray(0, head.length), head)) return null;
  const read = readStrings(blob.subarray(head.length), 5);
  if (read?.rest.length !== 0) return null;
  const [publicKey, namespaceBytes, reserved, hashBytes, signature] = read.strings;
  if (publicKey === undefined || reserved === undefined || signature === undefined) return null;
  const [namespace, hashName] = [textOf(namespaceBytes ?? new Uint8Array()), textOf(hashBytes ?? new Uint8Array())];
  return namespace === null || hashName === null ? null : { publicKey, namespace, reserved, hashName, signature };
}

/** `count` strings as ssh writes them: a length in 4 bytes, most significant first, then the bytes. */
function readStrings(
  bytes: Uint8Array,
  count: number,
): { readonly strings: readonly Uint8Array[]; readonly rest: Uint8Array } | null {
  const strings: Uint8Array[] = [];
  let rest = bytes;
  for (let number = 0; number < count; number++) {
    if (rest.length < 4) return null;
    const length = new DataView(rest.buffer, rest.byteOffset).getUint32(0);
    if (rest.length < 4 + length) return null;
    strings.push(rest.subarray(4, 4 + length));
    rest = rest.subarray(4 + length);
  }
  return { strings, rest };
}

function sshString(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concat(length, bytes);
}
