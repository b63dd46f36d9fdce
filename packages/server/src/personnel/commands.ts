import { instant, type Instant, type JsonObject, parseInstant } from '@gatehouse/terms';
import type { PoolClient } from 'pg';
import type { Database } from '../db/index.ts';
import type { Log } from '../log/index.ts';
import { lineAt, oversightAt } from './line.ts';
import type {
  NewPerson,
  PersonChange,
  PersonFacts,
  PersonnelRefusal,
  PersonnelResult,
  PersonRecord,
  RecordKeeper,
} from './person.ts';
import { faultsOf, firstRecord, nextRecord, payloadOf, standingOf } from './record.ts';
import { insertRecord, linksUpTo, newestRecord, recordAt, recordsAt, type StoredRecord } from './store.ts';

/** What the personnel records stand on. */
export type PersonnelOptions = { readonly database: Database; readonly log: Log };

/**
 * The personnel records. Every change is an entry of the operator's log, durable before the record is used; what was
 * true at an earlier time stays answerable, because a record is never changed but followed by the next.
 */
export interface Personnel {
  /** Adds a person; logged as `person.enrolled`. */
  add(command: { readonly person: NewPerson; readonly by: RecordKeeper }): Promise<PersonnelResult>;
  /** Changes a person from the time of its entry on; logged as `person.changed`, the end of employment as `person.left`. */
  change(command: {
    readonly id: string;
    readonly change: PersonChange;
    readonly by: RecordKeeper;
  }): Promise<PersonnelResult>;
  /** Locks a person out of every access, or lets them in again; logged as `person.locked` or `person.unlocked`. */
  setLock(command: {
    readonly id: string;
    readonly locked: boolean;
    readonly reason: string;
    readonly by: RecordKeeper;
  }): Promise<PersonnelResult>;
  /** The person as recorded at `at`, or null if not recorded by then. */
  factsAbout(person: string, at: Instant): Promise<PersonFacts | null>;
  /** The managers of `person` from the direct one upwards as they were at `at` (INV-31); empty for the unknown. */
  lineOf(person: string, at: Instant): Promise<readonly string[]>;
  /** Everybody as recorded at `at`, by id. */
  list(at: Instant): Promise<readonly PersonFacts[]>;
}

/** Opens the personnel records; their tables exist since migration 0002. */
export function openPersonnel({ database, log }: PersonnelOptions): Personnel {
  return {
    async add({ person, by }) {
      const keeper = await faultOfKeeper(by, person.id);
      if (keeper !== null) return refuse('PERSON_KEEPER_NOT_PERMITTED', keeper);
      const faults = faultsOf(firstRecord(person, instant(0)));
      if (faults.length > 0) return refuseInvalid(person.id, faults);
      const taken = refusal(
        'PERSON_EXISTS',
        `A person ${show(person.id)} is recorded already. Change that record instead.`,
      );
      if ((await newestRecord(database.pool, person.id)) !== null) return { ok: false, refusal: taken };
      return write({
        type: 'person.enrolled',
        person: person.id,
        version: 1,
        payload: { v: 1, by: nameOf(by), version: 1, person: payloadOf(firstRecord(person, instant(0))) },
        recordFrom: (at) => firstRecord(person, at),
        taken,
      });
    },

    async change({ id, change, by }) {
      const keeper = await faultOfKeeper(by, id);
      if (keeper !== null) return refuse('PERSON_KEEPER_NOT_PERMITTED', keeper);
      const before = await newestRecord(database.pool, id);
      if (before === null) return refuseUnknown(id);
      const after = nextRecord(before.record, change, before.validFrom);
      const faults = faultsOf(after);
      if (faults.length > 0) return refuseInvalid(id, faults);
      const version = before.version + 1;
      return write({
        type: before.record.employed && !after.employed ? 'person.left' : 'person.changed',
        person: id,
        version,
        payload: { v: 1, by: nameOf(by), version, person: payloadOf(after) },
        recordFrom: (at) => nextRecord(before.record, change, at),
        taken: refusedMeanwhile(id),
      });
    },

    async setLock({ id, locked, reason, by }) {
      const keeper = await faultOfKeeper(by, id);
      if (keeper !== null) return refuse('PERSON_KEEPER_NOT_PERMITTED', keeper);
      if (reason.trim() === '' || reason.length > 1000) {
        return refuse('PERSON_INVALID', 'A lock needs a reason of 1 to 1,000 characters. Say why.');
      }
      const before = await newestRecord(database.pool, id);
      if (before === null) return refuseUnknown(id);
      if (before.record.locked === locked) {
        return refuse(
          'PERSON_LOCK_UNCHANGED',
          `${show(id)} is ${locked ? 'locked' : 'not locked'} already. Nothing was done.`,
        );
      }
      return write({
        type: locked ? 'person.locked' : 'person.unlocked',
        person: id,
        version: before.version + 1,
        payload: { v: 1, by: nameOf(by), version: before.version + 1, person: id, reason },
        recordFrom: () => ({ ...before.record, locked }),
        taken: refusedMeanwhile(id),
      });
    },

    async factsAbout(person, at) {
      const found = await recordAt(database.pool, person, at);
      return found === null ? null : factsFrom(database.pool, found, at);
    },

    async lineOf(person, at) {
      return lineAt(await linksUpTo(database.pool, person, at), person, at);
    },

    async list(at) {
      const everybody = await recordsAt(database.pool, at);
      const facts: PersonFacts[] = [];
      for (const found of everybody) facts.push(await factsFrom(database.pool, found, at));
      return facts;
    },
  };

  /** Records are kept by security officers, and nobody keeps their own (INV-8b). */
  async function faultOfKeeper(by: RecordKeeper, person: string): Promise<string | null> {
    if (by.kind === 'setup') return null;
    if (by.person === person)
      return `${show(by.person)} may not change their own record. Ask another security officer.`;
    const keeper = (await newestRecord(database.pool, by.person))?.record;
    const permitted = keeper?.employed === true && !keeper.locked && keeper.roles.includes('security_officer');
    return permitted
      ? null
      : `${show(by.person)} is not a security officer, and only those keep personnel records. Ask one of them.`;
  }

  async function write(next: Next): Promise<PersonnelResult> {
    const written: { facts?: PersonFacts } = {};
    try {
      await log.append(
        'operator',
        { type: next.type, payload: next.payload, person: next.person, compartment: 'actor' },
        async (client, at) => {
          const validFrom = parseInstant(at.time);
          if (validFrom === null)
            throw new Error(`the log gave the time ${JSON.stringify(at.time)}, which is not of LOG-SPEC 1.3`);
          const record = next.recordFrom(validFrom);
          await checkManager(client, record, validFrom);
          const stored: StoredRecord = { person: next.person, version: next.version, validFrom, seq: at.seq, record };
          if (!(await insertRecord(client, stored))) throw new Refused(next.taken);
          written.facts = await factsFrom(client, stored, validFrom);
        },
      );
    } catch (error) {
      const refused = refusedIn(error);
      if (refused === null) throw error;
      return { ok: false, refusal: refused };
    }
    if (written.facts === undefined) throw new Error(`the log took ${next.type} without its record`);
    return { ok: true, facts: written.facts };
  }
}

type Next = {
  readonly type: 'person.enrolled' | 'person.changed' | 'person.left' | 'person.locked' | 'person.unlocked';
  readonly person: string;
  readonly version: number;
  readonly payload: JsonObject;
  readonly recordFrom: (at: Instant) => PersonRecord;
  readonly taken: PersonnelRefusal;
};

/** Carries a refusal out of a transaction that must not commit. */
class Refused extends Error {
  readonly refusal: PersonnelRefusal;
  constructor(found: PersonnelRefusal) {
    super(found.message);
    this.refusal = found;
  }
}

function refusedIn(error: unknown): PersonnelRefusal | null {
  if (error instanceof Refused) return error.refusal;
  return error instanceof Error ? refusedIn(error.cause) : null;
}

/** In the transaction of the entry, so that two changes at once cannot close a loop that neither would alone. */
async function checkManager(client: PoolClient, record: PersonRecord, at: Instant): Promise<void> {
  const { id, manager } = record;
  if (manager === null) return;
  if ((await newestRecord(client, manager)) === null) {
    throw new Refused(
      refusal(
        'PERSON_MANAGER_UNKNOWN',
        `No person ${show(manager)} is recorded who could be the manager of ${show(id)}. Add the manager first.`,
      ),
    );
  }
  if (lineAt(await linksUpTo(client, manager, at), manager, at).includes(id)) {
    throw new Refused(
      refusal(
        'PERSON_MANAGER_CYCLE',
        `${show(manager)} works under ${show(id)} and cannot be the manager too. Name somebody above both.`,
      ),
    );
  }
}

async function factsFrom(db: Pick<PoolClient, 'query'>, found: StoredRecord, at: Instant): Promise<PersonFacts> {
  const links = await linksUpTo(db, found.person, at);
  return {
    person: found.record,
    standing: standingOf(found.record, at),
    line: lineAt(links, found.person, at),
    oversight: oversightAt(links, found.person, at),
    version: found.version,
    recordedAt: found.validFrom,
    recordedSeq: found.seq,
  };
}

function nameOf(by: RecordKeeper): string {
  return by.kind === 'setup' ? 'setup' : by.person;
}

function refusal(code: PersonnelRefusal['code'], message: string): PersonnelRefusal {
  return { code, message };
}

function refuse(code: PersonnelRefusal['code'], message: string): PersonnelResult {
  return { ok: false, refusal: refusal(code, message) };
}

function refuseUnknown(id: string): PersonnelResult {
  return refuse('PERSON_UNKNOWN', `No person ${show(id)} is recorded. Add the person first.`);
}

function refuseInvalid(id: string, faults: readonly string[]): PersonnelResult {
  return refuse('PERSON_INVALID', `The record of ${show(id)} cannot be kept: ${faults.join('; ')}.`);
}

function refusedMeanwhile(id: string): PersonnelRefusal {
  return refusal(
    'PERSON_CHANGED_MEANWHILE',
    `Somebody else changed ${show(id)} at the same time. Look at the record and change it again.`,
  );
}

function show(id: string): string {
  return JSON.stringify(id.slice(0, 80));
}
