import { Client } from 'pg';
import { type ConnectionParameters, connectionParameters } from './connection.ts';
import { codeOf, DbError, messageOf } from './errors.ts';

/** The oldest minor of each major that we support: the ones before have known security defects. */
const oldestMinor: Readonly<Record<number, number>> = { 15: 14, 16: 10, 17: 6, 18: 0 };

/**
 * Reads `DATABASE_URL`. It must name host, database and user itself; a missing port is 5432 whatever PGPORT says. The URL is
 * never repeated in an error, because it may hold a password.
 */
export function parseDatabaseUrl(databaseUrl: string): ConnectionParameters {
  const invalid = (found: string): DbError =>
    new DbError(
      'DATABASE_URL_INVALID',
      `DATABASE_URL ${found}: write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE.`,
    );
  if (!/^postgres(ql)?:\/\//.test(databaseUrl)) throw invalid('is not a postgresql:// URL');
  const rest = databaseUrl.replace(/^postgres(ql)?:\/\//, '');
  const authority = rest.split(/[/?#]/, 1)[0] ?? '';
  const namesHost = authority.replace(/^.*@/, '') !== '' || /[?&]host=/.test(rest);
  const namesPort = /:\d+$/.test(authority.replace(/^.*@/, '')) || /[?&]port=\d/.test(rest);
  const namesUser = /^[^@]+@/.test(authority) || /[?&]user=/.test(rest);
  const namesDatabase = /^[^/?#]*\/[^?#]+/.test(rest);
  if (!namesHost) throw invalid('names no host');
  if (!namesUser) throw invalid('names no user');
  if (!namesDatabase) throw invalid('names no database');
  const client = readUrl(databaseUrl, invalid);
  return connectionParameters({
    host: client.host,
    port: namesPort ? client.port : 5432,
    database: client.database ?? '',
    user: client.user ?? '',
    ...(typeof client.password === 'string' && client.password !== '' ? { password: client.password } : {}),
    ssl: client.ssl,
  });
}

function readUrl(databaseUrl: string, invalid: (found: string) => DbError): Client {
  try {
    return new Client({ connectionString: databaseUrl });
  } catch {
    throw invalid('cannot be read'); // the cause is dropped on purpose: it repeats the URL
  }
}

/** Proves that the server answers, lets us in, and is a PostgreSQL that we support. One plain sentence otherwise. */
export async function checkServer(parameters: ConnectionParameters): Promise<void> {
  const where = `${parameters.host}:${parameters.port}`;
  const client = new Client({ ...parameters, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined); // reported by the query that it broke
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  try {
    await client.connect();
    const answer = await client.query<{ server_version_num: string }>('show server_version_num');
    judgeVersion(Number(answer.rows[0]?.server_version_num), where);
  } catch (error) {
    throw error instanceof DbError ? error : explain(error, parameters, where);
  } finally {
    // pg waits for ever for the end of a connection that the other side ended before the greeting.
    await Promise.race([client.end(), ended]);
  }
}

/** Accepts PostgreSQL 15.14, 16.10, 17.6, 18.0 and their later minors; nothing older, nothing that is not released. */
export function judgeVersion(versionNumber: number, where: string): void {
  const major = Math.floor(versionNumber / 10_000);
  const minor = versionNumber % 10_000;
  const found = major >= 10 ? `${major}.${minor}` : `${major}.${Math.floor(minor / 100)}`;
  const least = oldestMinor[major];
  if (least !== undefined && minor >= least) return;
  if (Number.isInteger(versionNumber) && major > 18) {
    throw new DbError(
      'DATABASE_TOO_NEW',
      `The database server at ${where} is PostgreSQL ${found}, newer than the 15 to 18 that this version knows: upgrade Gatehouse, or use PostgreSQL 18.`,
    );
  }
  const wanted = least === undefined ? '15.14 or later (up to 18)' : `${major}.${least} or later`;
  throw new DbError(
    'DATABASE_TOO_OLD',
    `The database server at ${where} is PostgreSQL ${Number.isInteger(versionNumber) ? found : 'of an unknown version'}, but ${wanted} is needed: upgrade the server.`,
  );
}

function explain(error: unknown, parameters: ConnectionParameters, where: string): DbError {
  const more = { detail: messageOf(error), cause: error };
  const code = codeOf(error) ?? '';
  if (code === '28P01' || code === '28000') {
    return new DbError(
      'DATABASE_LOGIN_REFUSED',
      `The database server at ${where} does not let ${parameters.user} in: check user, password and pg_hba.conf, then correct DATABASE_URL.`,
      more,
    );
  }
  if (code === '3D000') {
    return new DbError(
      'DATABASE_MISSING',
      `The database server at ${where} has no database ${JSON.stringify(parameters.database)}: create it (createdb), or correct DATABASE_URL.`,
      more,
    );
  }
  if (code === '57P03' || code === '53300') {
    return new DbError(
      'DATABASE_DOWN',
      `The database server at ${where} takes no connection now (${more.detail}): wait until it does, then start again.`,
      more,
    );
  }
  return unreachable(error, where, more);
}

function unreachable(error: unknown, where: string, more: { detail: string; cause: unknown }): DbError {
  const network = [
    'ECONNREFUSED',
    'ENOENT',
    'ENOTFOUND',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EAI_AGAIN',
    'ECONNRESET',
  ];
  if (network.includes(codeOf(error) ?? '') || /timeout|terminated/i.test(more.detail)) {
    return new DbError(
      'DATABASE_DOWN',
      `No database server answers at ${where} (${codeOf(error) ?? more.detail}): start it, or correct DATABASE_URL.`,
      more,
    );
  }
  return new DbError(
    'DATABASE_FAILED',
    `The database server at ${where} cannot be used (${more.detail}): mend that, or correct DATABASE_URL.`,
    more,
  );
}
