import type { Instant } from '@gatehouse/terms';
import type { Database } from '../db/index.ts';
import type { Log } from '../log/index.ts';
import type { NewPerson, PersonChange, PersonFacts, PersonnelResult, RecordKeeper } from './person.ts';

/** What the personnel records stand on. */
export type PersonnelOptions = { readonly database: Database; readonly log: Log };

/**
 * The personnel records. Every change is an entry of the operator's log, durable before the record is used; what was
 * true at an earlier time stays answerable, because a record is never changed but followed by the next.
 */
export interface Personnel {
  /** Adds a person; logged as `person.added`. */
  add(command: { readonly person: NewPerson; readonly by: RecordKeeper }): Promise<PersonnelResult>;
  /** Changes a person; logged as `person.changed`. The change holds from the time of its entry. */
  change(command: {
    readonly id: string;
    readonly change: PersonChange;
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
export declare function openPersonnel(options: PersonnelOptions): Personnel;
