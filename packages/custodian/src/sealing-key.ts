import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { decodeBase64, encodeBase64 } from '@gatehouse/verifier';
import type { PublishedKey } from './compartments.ts';
import { CustodianError } from './errors.ts';

/** The only suite of LOG-SPEC 5.3, RFC 9180 base mode. */
export const sealingSuite = 'DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM';
const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

/** A sealing key as it is published: wrapped to each custodian of its compartment (LOG-SPEC 5.3). */
export type PublishedSealingKey = {
  readonly v: 1;
  readonly sk: string;
  readonly kid: string;
  readonly suite: string;
  readonly wrapped: readonly { readonly custodian: string; readonly enc: string; readonly ct: string }[];
};

/** What a sealing key is for: one compartment of one log. All of it is bound into the wrap. */
export type SealingKeyPurpose = { readonly origin: string; readonly kid: string; readonly sk: string };

/** Wraps a sealing key to the published keys of its compartment. Needs no secret of a custodian. */
export async function wrapSealingKey(
  publicKeys: readonly PublishedKey[],
  sealing: SealingKeyPurpose & { readonly key: Uint8Array },
): Promise<PublishedSealingKey> {
  const stranger = publicKeys.find(({ kid }) => kid !== sealing.kid);
  if (publicKeys.length === 0 || stranger !== undefined) {
    throw new CustodianError(
      'SEALING_KEY_NOT_OURS',
      `A sealing key for compartment ${sealing.kid} was to be wrapped to ${stranger?.kid ?? 'nobody'}; expected that compartment's own keys.`,
    );
  }
  const wrapped = [];
  for (const { custodian, publicKey } of publicKeys) {
    const bytes = bytesOf(publicKey, 32);
    const recipientPublicKey = await suite.kem.deserializePublicKey(Uint8Array.from(bytes).buffer);
    const { enc, ct } = await suite.seal(
      { recipientPublicKey, info: infoOf(sealing) },
      Uint8Array.from(sealing.key).buffer,
    );
    wrapped.push({ custodian, enc: encodeBase64(new Uint8Array(enc)), ct: encodeBase64(new Uint8Array(ct)) });
  }
  return { v: 1, sk: sealing.sk, kid: sealing.kid, suite: sealingSuite, wrapped };
}

/** The sealing key itself, for the custodian that has the compartment's private key. Throws `SEALING_KEY_FAILS` when a byte, the log or the compartment is another. */
export async function unwrapSealingKey(
  published: PublishedSealingKey,
  at: { readonly origin: string; readonly custodian: string; readonly privateKey: Uint8Array },
): Promise<Uint8Array> {
  if (published.v !== 1 || published.suite !== sealingSuite) {
    throw new CustodianError(
      'SEALING_KEY_MALFORMED',
      `The sealing key ${published.sk} is of version ${published.v}, suite ${published.suite}; expected version 1, ${sealingSuite}.`,
    );
  }
  const wrap = published.wrapped.find(({ custodian }) => custodian === at.custodian);
  if (wrap === undefined) {
    throw new CustodianError(
      'SEALING_KEY_NOT_OURS',
      `The sealing key ${published.sk} is not wrapped to the custodian ${at.custodian}.`,
    );
  }
  const enc = bytesOf(wrap.enc, 32);
  const ct = bytesOf(wrap.ct, 48);
  try {
    const recipientKey = await suite.kem.deserializePrivateKey(Uint8Array.from(at.privateKey).buffer);
    const opened = await suite.open(
      {
        recipientKey,
        enc: Uint8Array.from(enc).buffer,
        info: infoOf({ origin: at.origin, kid: published.kid, sk: published.sk }),
      },
      Uint8Array.from(ct).buffer,
    );
    return new Uint8Array(opened);
  } catch (cause) {
    throw new CustodianError(
      'SEALING_KEY_FAILS',
      `The sealing key ${published.sk} does not unwrap for compartment ${published.kid} of ${at.origin}: it was changed or made for another.`,
      { cause },
    );
  }
}

function infoOf({ origin, kid, sk }: SealingKeyPurpose): ArrayBuffer {
  return Uint8Array.from(Buffer.from(`gatehouse/seal/v1\n${origin}\n${kid}\n${sk}\n`, 'utf8')).buffer;
}

function bytesOf(text: string, length: number): Uint8Array {
  const bytes = decodeBase64(text);
  if (bytes?.length === length) return bytes;
  throw new CustodianError(
    'SEALING_KEY_MALFORMED',
    `A member of a sealing key is not strict base64 of ${length} bytes; expected what LOG-SPEC 5.3 says.`,
  );
}
