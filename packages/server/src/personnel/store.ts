import { instant, type Instant } from '@gatehouse/terms';
import type { Pool, PoolClient } from 'pg';
import type { Link } from './line.ts';
import type { PersonRecord } from './person.ts';

/** One version of one person's record, as stored. */
export type StoredRecord = {
  readonly person: string;
  readonly version: number;
  readonly validFrom: Instant;
  readonly seq: number;
  readonly record: PersonRecord;
};

type Row = { person: string; version: number; valid_from: Date; seq: string; record: PersonRecord };
type Queryable = Pick<Pool | PoolClient, 'query'>;

/** The record of `person` that held at `at`; null if there was none. */
export async function recordAt(db: Queryable, person: string, at: Instant): Promise<StoredRecord | null> {
  const { rows } = await db.query<Row>(
    `select   person, version, valid_from, seq, record
     from     people.records
     where    person = $1 and valid_from <= $2
     order by version desc
     limit    1`,
    [person, new Date(at)],
  );
  return rows[0] === undefined ? null : stored(rows[0]);
}

/** The newest record of `person`, whatever its time; null if there is none. */
export async function newestRecord(db: Queryable, person: string): Promise<StoredRecord | null> {
  const { rows } = await db.query<Row>(
    `select   person, version, valid_from, seq, record
     from     people.records
     where    person = $1
     order by version desc
     limit    1`,
    [person],
  );
  return rows[0] === undefined ? null : stored(rows[0]);
}

/** Everybody's record that held at `at`, by id. */
export async function recordsAt(db: Queryable, at: Instant): Promise<readonly StoredRecord[]> {
  const { rows } = await db.query<Row>(
    `select   distinct on (person) person, version, valid_from, seq, record
     from     people.records
     where    valid_from <= $1
     order by person, version desc`,
    [new Date(at)],
  );
  return rows.map(stored);
}

/** The records up to `at` of `person` and of everybody who was ever above, as links of lines. */
export async function linksUpTo(db: Queryable, person: string, at: Instant): Promise<readonly Link[]> {
  const { rows } = await db.query<Omit<Row, 'seq' | 'record'> & { manager: string | null }>(
    `with recursive above (person) as (
       select $1::text
       union
       select  records.manager
       from    above
       join    people.records on records.person = above.person
       where   records.manager is not null and records.valid_from <= $2
     )
     select person, version, valid_from, manager
     from   people.records
     join   above using (person)
     where  valid_from <= $2`,
    [person, new Date(at)],
  );
  return rows.map((row) => ({
    person: row.person,
    version: row.version,
    validFrom: instant(row.valid_from.getTime()),
    manager: row.manager,
  }));
}

/** Writes the next version of a record; false if that version exists already. */
export async function insertRecord(db: Queryable, next: StoredRecord): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into people.records (person, version, valid_from, seq, manager, record)
     values ($1, $2, $3, $4, $5, $6)
     on conflict do nothing`,
    [next.person, next.version, new Date(next.validFrom), next.seq, next.record.manager, JSON.stringify(next.record)],
  );
  return rowCount === 1;
}

function stored(row: Row): StoredRecord {
  return {
    person: row.person,
    version: row.version,
    validFrom: instant(row.valid_from.getTime()),
    seq: Number(row.seq),
    record: row.record,
  };
}
