import type { ClientConfig, PoolConfig } from 'pg';

/** Where a database is and as whom to log in. Goes as it is into `new pg.Pool(…)`; `url` says the same as one string. */
export type ConnectionParameters = {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: string;
  readonly ssl: NonNullable<ClientConfig['ssl']>;
  readonly options: string;
  readonly application_name: string;
  readonly url: string;
};

/**
 * Completes connection parameters. Everything that pg would otherwise take from `PG*` variables is set, so that the
 * caller's shell (a PGPORT, a PGOPTIONS) cannot redirect the product; `options` is not empty for that reason alone.
 */
export function connectionParameters(to: {
  host: string;
  port: number;
  database: string;
  user: string;
  password?: string;
  ssl?: NonNullable<ClientConfig['ssl']>;
  applicationName?: string;
}): ConnectionParameters {
  return {
    host: to.host,
    port: to.port,
    database: to.database,
    user: to.user,
    ...(to.password === undefined ? {} : { password: to.password }),
    ssl: to.ssl ?? false,
    options: '-c timezone=UTC',
    application_name: to.applicationName ?? 'gatehouse',
    url: connectionUrl(to),
  };
}

/** A `postgresql://` URL that libpq and pg both read; a socket folder goes into the query. */
function connectionUrl(to: { host: string; port: number; database: string; user: string; password?: string }): string {
  const who = `${encodeURIComponent(to.user)}${to.password === undefined ? '' : `:${encodeURIComponent(to.password)}`}`;
  const database = encodeURIComponent(to.database);
  if (!to.host.startsWith('/')) return `postgresql://${who}@${bracketed(to.host)}:${to.port}/${database}`;
  return `postgresql://${who}@/${database}?host=${encodeURIComponent(to.host)}&port=${to.port}`;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * The product's pool. 16 connections: PostgreSQL commits 16,000 times a second on eight (DEPENDENCIES: measured), more
 * only queue inside it. A connection that cannot be had in 10 s is an error, not a wait.
 */
export function poolConfig(parameters: ConnectionParameters): PoolConfig {
  return { ...parameters, max: 16, idleTimeoutMillis: 30_000, connectionTimeoutMillis: 10_000, keepAlive: true };
}
