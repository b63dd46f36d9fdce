import { Client, type ClientConfig } from 'pg';
import { identify } from './introspect.ts';
import { upstreamTlsOptions } from '../upstream-tls.ts';
import { SourceError, type SourceConnection } from './source.ts';
import { checkProtected, readSourceTls } from './source-tls.ts';

/**
 * Lends a connection of the source's administrator. Its `search_path` is empty and its settings are ours, so that nothing
 * in the source (a role's setting, an object of the same name) steers what we run. Closed afterwards, whatever happened.
 * Leaves this machine only under TLS with a verified server (promise S13, INV-124).
 */
export async function withAdmin<T>(to: SourceConnection, work: (client: Client) => Promise<T>): Promise<T> {
  checkProtected(to);
  const client = new Client(configOf(to));
  client.on('error', () => undefined); // the statement that is running rejects; there is nothing more to say here
  try {
    await client.connect();
    await client.query(
      `set search_path = ''; set row_security = on; set default_transaction_read_only = off; set standard_conforming_strings = on;
       set jit = off; set lock_timeout = '5s'; set statement_timeout = '120s'; set client_min_messages = 'error'`,
    );
  } catch (cause) {
    await client.end();
    throw unreachable(to, cause);
  }
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Like `withAdmin`, and refuses any other database than the one that was registered (a restored copy, another server). */
export async function withSource<T>(
  source: { readonly name: string; readonly systemIdentifier: string; readonly databaseOid: number },
  to: SourceConnection,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return await withAdmin(to, async (client) => {
    const found = await identify(client);
    if (found.systemIdentifier !== source.systemIdentifier || found.databaseOid !== source.databaseOid) {
      throw new SourceError(
        'SOURCE_NOT_THE_SAME',
        `The connection of source ${source.name} now leads to another database (system ${found.systemIdentifier}, OID ${found.databaseOid}) than the one that was registered (system ${source.systemIdentifier}, OID ${source.databaseOid}): point it back, or register the copy as a source of its own.`,
      );
    }
    return await work(client);
  });
}

/** Runs `work` in one transaction of this connection. */
export async function inTransactionOf<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    const ended = await client.query('commit');
    if (ended.command !== 'COMMIT') throw new Error('The transaction was rolled back: a statement in it had failed.');
    return result;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

function configOf(to: SourceConnection): ClientConfig {
  return {
    host: to.host,
    port: to.port,
    database: to.database,
    user: to.user,
    // Empty, not absent: an absent password would be looked for in PGPASSWORD and ~/.pgpass.
    password: to.password ?? '',
    ssl: to.tls ? upstreamTlsOptions(to.tls, to.host) : false,
    options: '-c timezone=UTC',
    application_name: 'gatehouse',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  };
}

/** Reads a `postgresql://` URL as a connection; a socket folder goes into `?host=`. TLS: see `readSourceTls`. */
export function parseSourceUrl(text: string): SourceConnection {
  const wrong = (found: string): SourceError =>
    new SourceError(
      'SOURCE_URL_INVALID',
      `The URL of the source ${found}: expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE, percent-encoded where needed.`,
    );
  // libpq allows `user@/database?host=…`, the URL standard wants a host there.
  const parsable = text.replace(/^(\w+:\/\/[^/?#@]*@)\//, '$1localhost/');
  if (!URL.canParse(parsable)) throw wrong('is not a URL');
  const url = new URL(parsable);
  if (url.protocol !== 'postgresql:' && url.protocol !== 'postgres:') throw wrong('does not begin with postgresql://');
  const unknown = [...url.searchParams.keys()].filter(
    (key) => !['host', 'port', 'sslmode', 'sslrootcert'].includes(key),
  );
  if (unknown.length > 0) throw wrong('has parameters other than host, port, sslmode and sslrootcert');
  const host = url.searchParams.get('host') ?? url.hostname.replace(/^\[|\]$/g, '');
  const database = decoded(url.pathname.slice(1), wrong);
  const user = decoded(url.username, wrong);
  if (host === '' || database === '' || user === '') throw wrong('names no host, database or user');
  const port = Number(url.searchParams.get('port') ?? (url.port === '' ? '5432' : url.port));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw wrong('has no port from 1 to 65535');
  const plainHost = decoded(host, wrong);
  return {
    host: plainHost,
    port,
    database,
    user,
    tls: readSourceTls(plainHost, {
      sslmode: url.searchParams.get('sslmode'),
      sslrootcert: url.searchParams.get('sslrootcert'),
    }),
    ...(url.password === '' ? {} : { password: decoded(url.password, wrong) }),
  };
}

function decoded(text: string, wrong: (found: string) => SourceError): string {
  try {
    const plain = decodeURIComponent(text);
    if (plain.includes('\0')) throw wrong('holds a NUL character');
    return plain;
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    throw wrong('is not percent-encoded');
  }
}

/** OpenSSL's and Node's codes, and the three sentences of node-postgres for a server that does not go along. */
function failedTls(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const code = 'code' in cause ? String(cause.code) : '';
  return (
    /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_|INVALID_)/.test(code) ||
    /^(The server does not support SSL|There was an error establishing an SSL|Client network socket disconnected before secure TLS)/.test(
      cause.message,
    )
  );
}

function unreachable(to: SourceConnection, cause: unknown): SourceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (to.tls && failedTls(cause)) {
    return new SourceError(
      'SOURCE_TLS_REFUSED',
      `The server at ${to.host}:${to.port} has not proven over TLS that it is the source, so nothing was sent to it: check that ssl is on there, that its certificate is for ${to.host}, and that sslrootcert is the authority that signed it.`,
      { detail: reason, cause },
    );
  }
  return new SourceError(
    'SOURCE_UNREACHABLE',
    `The database ${JSON.stringify(to.database)} at ${to.host}:${to.port} cannot be reached as ${JSON.stringify(to.user)}: check that it runs, and the host, port, user and password of the source.`,
    { detail: reason, cause },
  );
}
