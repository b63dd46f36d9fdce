import {
  type Custodian,
  type Envelope,
  type PublishedSealingKey,
  sealPayload,
  wrapSealingKey,
} from '@gatehouse/custodian';
import type { JsonObject } from '@gatehouse/verifier';
import type { Clock } from '../clock.ts';
import type { Random } from './random.ts';
import { type Compartment, findCompartment, insertCompartment, type Queryable } from './store.ts';

/** A sealing key that is in use: its published form goes into the database with the first entry that was sealed under it. */
export type SealingKeyInUse = { readonly document: PublishedSealingKey; stored: boolean };

/** A payload sealed before it has a seq (LOG-SPEC 5.4). */
export type SealedDraft = {
  readonly cmt: string;
  readonly kid: string;
  readonly envelope: Envelope;
  readonly sealingKey: SealingKeyInUse;
};

/** Whose compartment: a log (its slot, or a log that is being opened), actor or subject, a person. */
export type CompartmentOf = {
  readonly origin: string;
  readonly slot: number;
  readonly kind: 'actor' | 'subject';
  readonly person: string;
};

/** LOG-SPEC 5.3: at most 5 minutes. A little less, because a payload may wait in the queue after it was sealed. */
const sealingKeyMs = 4 * 60_000;

/**
 * Seals payloads to compartments. It holds no key that opens older payloads: a sealing key lives for minutes in memory, and what it
 * sealed opens only at the custodian.
 */
export interface Sealer {
  seal(payload: JsonObject, of: CompartmentOf): Promise<SealedDraft>;
}

type Current = {
  readonly inUse: SealingKeyInUse;
  readonly kid: string;
  readonly sk: string;
  readonly key: Uint8Array;
  readonly until: number;
};

/** What the sealer stands on. */
export type SealerPorts = {
  readonly db: Queryable;
  readonly custodian: Pick<Custodian, 'create'>;
  readonly clock: Clock;
  readonly random: Random;
};

/** Starts without any sealing key. */
export function createSealer({ db, custodian, clock, random }: SealerPorts): Sealer {
  const current = new Map<string, Promise<Current>>();

  async function keyFor(of: CompartmentOf): Promise<Current> {
    const name = `${of.slot}\n${of.kind}\n${of.person}`;
    for (;;) {
      const found = current.get(name) ?? renew(name, of);
      const key = await found;
      // A clock that was set back must not lengthen a key's life.
      const now = clock.now();
      if (now < key.until && now >= key.until - sealingKeyMs) return key;
      if (current.get(name) === found) current.delete(name);
    }
  }

  function renew(name: string, of: CompartmentOf): Promise<Current> {
    const made = makeKey(of);
    current.set(name, made);
    made.catch(() => current.delete(name));
    forgetOld();
    return made;
  }

  /** Keys of people who act no more would stay in memory for ever. */
  function forgetOld(): void {
    if (current.size <= 4_096) return;
    for (const name of [...current.keys()].slice(0, 1_024)) current.delete(name);
  }

  async function makeKey(of: CompartmentOf): Promise<Current> {
    const { kid, publicKeys } = await compartmentOf(of);
    const sk = Buffer.from(random(16)).toString('hex');
    const key = random(32);
    const document = await wrapSealingKey(publicKeys, { origin: of.origin, kid, sk, key });
    return { inUse: { document, stored: false }, kid, sk, key, until: clock.now() + sealingKeyMs };
  }

  async function compartmentOf(of: CompartmentOf): Promise<Compartment> {
    const found = await findCompartment(db, of);
    if (found !== null) return found;
    await insertCompartment(db, of, custodian.create());
    const made = await findCompartment(db, of);
    if (made === null) throw new Error('a compartment was inserted and is not there');
    return made;
  }

  return {
    async seal(payload, of) {
      const { inUse, kid, sk, key } = await keyFor(of);
      const { cmt, envelope } = sealPayload(payload, { origin: of.origin, kid, sk, key }, random);
      return { cmt, kid, envelope, sealingKey: inUse };
    },
  };
}
