import { decodeBase64 } from './base64.ts';
import { hex, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Counter } from './entry.ts';
import { type Checked, fails, holds } from './finding.ts';
import { ed25519Jwk } from './note.ts';
import type { Primitives } from './primitives.ts';
import type { Vkey } from './vkey.ts';

/** What a source signs for a counter entry (LOG-SPEC 3.6). */
export function counterMessage(origin: string, counter: Counter['counter']): Uint8Array {
  return utf8(`gatehouse/counter/v1\n${origin}\n${canonicalJson(counter)}\n`);
}

/** Proves that the source that a counter names signed it, with one of these keys of that name. */
export async function verifyCounter(
  primitives: Primitives,
  { origin, entry, keys }: { readonly origin: string; readonly entry: Counter; readonly keys: readonly Vkey[] },
): Promise<Checked<null>> {
  const bytes = decodeBase64(entry.sig) ?? new Uint8Array();
  const keyId = hex(bytes.subarray(0, 4));
  const key = keys.find(
    (candidate) => candidate.name === entry.counter.source && candidate.keyId === keyId && candidate.type === 1,
  );
  const place = { index: entry.seq };
  if (key === undefined) {
    return fails(
      'COUNTER_KEY_UNKNOWN',
      `The counter of ${entry.counter.source} is signed by the key ${keyId}, which is not among the known keys of that source.`,
      place,
    );
  }
  if (
    await primitives.verifySignature(
      ed25519Jwk(key.publicKey),
      counterMessage(origin, entry.counter),
      bytes.subarray(4),
    )
  )
    return holds(null);
  return fails(
    'COUNTER_SIGNATURE_FAILS',
    `The counts of ${entry.counter.source} in entry ${entry.seq} are not those that it signed.`,
    place,
  );
}
