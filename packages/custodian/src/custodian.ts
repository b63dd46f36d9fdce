import type { Entry, Envelope } from '@gatehouse/verifier';
import { type CompartmentsOptions, openCompartments, type PublishedKey } from './compartments.ts';
import { CustodianError } from './errors.ts';
import { type Opened, openPayload } from './payload.ts';
import { type PublishedSealingKey, unwrapSealingKey } from './sealing-key.ts';

/** By what right a payload is opened. There is no other: no administrator, no debug mode. */
export type Right =
  | { readonly kind: 'own_log'; readonly person: string }
  | { readonly kind: 'grant'; readonly grant: string; readonly person: string };

/** What is told to the record before anything is opened. */
export type Opening = {
  readonly right: Right;
  readonly origin: string;
  readonly kid: string;
  readonly cmt: string;
};

/** A sealed payload with what it needs to be opened: its log, the entry that commits to it, its envelope and sealing key. */
export type SealedPayload = {
  readonly origin: string;
  readonly entry: Entry;
  readonly envelope: Envelope;
  readonly sealingKey: PublishedSealingKey;
};

/** What a custodian stands on. `record` makes an opening durable; if it fails, nothing is opened. */
export type CustodianOptions = CompartmentsOptions & { readonly record: (opening: Opening) => Promise<void> };

/**
 * Keeps the keys of compartments. Sealing needs only what it publishes; opening asks it, states a right, and is on record before the
 * answer (DESIGN.md section 6). It does not yet check the right against the log: a caller of this process is believed.
 */
export interface Custodian {
  readonly name: string;
  create(): PublishedKey;
  publish(kid: string): PublishedKey | null;
  /** Destroys a compartment: from then on nothing sealed to it opens here. */
  destroy(kid: string): boolean;
  /** Opens one payload. Throws `RIGHT_NOT_RECORDED`, `COMPARTMENT_UNKNOWN` (also after `destroy`), or a fault of the envelope. */
  open(sealed: SealedPayload, by: { readonly right: Right }): Promise<Opened>;
}

/** Unwrapped sealing keys that are kept for the next payload; each is good for at most 5 minutes of sealed payloads. */
const unwrappedMost = 256;

/** Opens the custodian on its folder of keys. */
export function openCustodian(options: CustodianOptions): Custodian {
  const { name, record } = options;
  const compartments = openCompartments(options);
  const unwrapped = new Map<string, { readonly kid: string; readonly key: Uint8Array }>();

  async function sealingKeyOf(origin: string, kid: string, sealingKey: PublishedSealingKey): Promise<Uint8Array> {
    const cacheKey = `${origin}\n${sealingKey.sk}\n${JSON.stringify(sealingKey.wrapped)}`;
    const known = unwrapped.get(cacheKey);
    if (known !== undefined) return known.key;
    const privateKey = compartments.privateKey(kid);
    if (privateKey === null) {
      throw new CustodianError(
        'COMPARTMENT_UNKNOWN',
        `The custodian ${name} has no key for compartment ${kid}: it was destroyed, or is kept elsewhere. The payload stays sealed.`,
      );
    }
    const key = await unwrapSealingKey(sealingKey, { origin, custodian: name, privateKey });
    if (unwrapped.size >= unwrappedMost) unwrapped.clear();
    unwrapped.set(cacheKey, { kid, key });
    return key;
  }

  return {
    name,
    create: () => compartments.create(),
    publish: (kid) => compartments.publish(kid),
    destroy(kid) {
      const destroyed = compartments.destroy(kid);
      for (const [at, held] of unwrapped) if (held.kid === kid) unwrapped.delete(at);
      return destroyed;
    },
    async open(sealed, { right }) {
      const { origin, entry, envelope, sealingKey } = sealed;
      const { kid, cmt } = entry;
      const isOfEntry = envelope.kid === kid && sealingKey.kid === kid && envelope.sk === sealingKey.sk;
      if (kid === undefined || cmt === undefined || !isOfEntry) {
        throw new CustodianError(
          'ENVELOPE_NOT_OF_ENTRY',
          `The envelope (${envelope.kid}) or its sealing key (${sealingKey.kid}) is not of the entry's compartment (${kid ?? 'none'}).`,
        );
      }
      await recordFirst(record, { right, origin, kid, cmt });
      return openPayload(sealed, await sealingKeyOf(origin, kid, sealingKey));
    },
  };
}

async function recordFirst(record: CustodianOptions['record'], opening: Opening): Promise<void> {
  try {
    await record(opening);
  } catch (cause) {
    throw new CustodianError(
      'RIGHT_NOT_RECORDED',
      'The opening could not be recorded, so nothing was opened: mend the record, then ask again.',
      { cause },
    );
  }
}
