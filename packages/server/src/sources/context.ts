import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { Logger } from '../logger.ts';
import type { Classification } from './classification.ts';
import { withSource } from './connection.ts';
import type { Secrets } from './secrets.ts';
import { type EnsureTenant, type RecordEvent, type SourceConnection, SourceError, type SourceEvent } from './source.ts';
import type { JsonObject } from '@gatehouse/terms';
import type { Client } from 'pg';
import * as store from './store.ts';

/** What the sources stand on. `record` and `ensureTenant` come from main, `secrets` is where passwords lie. */
export type SourcesOptions = {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly record: RecordEvent;
  readonly ensureTenant: EnsureTenant;
  readonly logger: Logger;
  /** Monotonic milliseconds, for the measurement of row security's cost. */
  readonly stopwatch: () => number;
};

/** How to reach a source, with its password. */
export function connectionOf(options: SourcesOptions, source: store.StoredSource): SourceConnection {
  const password = options.secrets.read(source.name);
  return { ...source.connection, ...(password === null ? {} : { password }) };
}

/** The source of that name; refuses an unknown one. */
export async function known(options: SourcesOptions, name: string): Promise<store.StoredSource> {
  const source = await store.findSource(options.database.pool, name);
  if (source !== null) return source;
  throw new SourceError(
    'SOURCE_UNKNOWN',
    `There is no source ${JSON.stringify(name.slice(0, 80))}: gatehouse source list shows those that are registered.`,
  );
}

/** Lends a connection of the source's administrator to the database that was registered. */
export async function inSource<T>(
  options: SourcesOptions,
  source: store.StoredSource,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return await withSource(source, connectionOf(options, source), work);
}

/** The newest classification; refuses a source without one. */
export async function classified(
  options: SourcesOptions,
  name: string,
): Promise<{ classification: Classification; hash: string }> {
  const filed = await store.newestClassification(options.database.pool, name);
  if (filed !== null) return filed;
  throw new SourceError(
    'SOURCE_CLASSIFICATION_MISSING',
    `The source ${name} is not classified: run gatehouse source classify ${name} first.`,
  );
}

/** A fact for the operator's log. */
export function operatorEvent(type: SourceEvent['type'], payload: JsonObject): SourceEvent {
  return { logId: 'operator', type, payload };
}

/** Records facts, each in its log. Resolves when all are durable. */
export async function recordAll(options: SourcesOptions, events: readonly SourceEvent[]): Promise<void> {
  await inBatches(events, (event) => options.record(event));
}

/** Sixteen at a time: the log commits groups, so one after the other would wait for each disk flush alone. */
export async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += 16) {
    await Promise.all(items.slice(from, from + 16).map((item) => work(item)));
  }
}
