import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** The superuser of the embedded cluster. Reached by peer authentication from root and from the program's own user. */
export const superuser = 'postgres';

/** The role that owns the product database; not a superuser. */
export const productRole = 'gatehouse';

/**
 * The arguments of the server process. They stand on the command line because that outranks every configuration file and
 * `alter system`: nobody can turn off durability or open a network port from inside the database.
 */
export function serverArguments(place: { pgdata: string; home: string; socketFolder: string }): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '', // its OpenSSL is 1.1: never a network listener
    unix_socket_directories: quoted(place.socketFolder),
    unix_socket_permissions: '0700',
    port: '5432',
    hba_file: join(place.home, 'pg_hba.conf'),
    ident_file: join(place.home, 'pg_ident.conf'),
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    password_encryption: 'scram-sha-256',
    max_connections: '300', // one backend per open grant beside the product's own pool
    shared_buffers: '128MB',
    max_wal_size: '2GB',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
    // The server's log is an operator's file: no statement, parameter or row value may reach it, so no ERROR either.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_parameter_max_length_on_error: '0',
    log_statement: 'none',
    log_min_duration_statement: '-1',
  };
  return ['-D', place.pgdata, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** `unix_socket_directories` is a list: a comma or space in the path must not split it. */
function quoted(folder: string): string {
  return `"${folder.replaceAll('"', '""')}"`;
}

/**
 * Writes who may log in and how: the superuser and the product's role by peer authentication from root and from the
 * program's own user, everybody else by SCRAM-SHA-256 on the local socket.
 */
export function writeAccessFiles(home: string): void {
  const hba = [
    `local all ${superuser} peer map=program`,
    `local ${productRole} ${productRole} peer map=program`,
    'local all all scram-sha-256',
  ];
  const users = [...new Set(['root', userInfo().username])];
  const ident = users.flatMap((user) => [superuser, productRole].map((role) => `program "${user}" ${role}`));
  writeFileSync(join(home, 'pg_hba.conf'), `${hba.join('\n')}\n`, { mode: 0o644 });
  writeFileSync(join(home, 'pg_ident.conf'), `${ident.join('\n')}\n`, { mode: 0o644 });
}

/** The environment of the server process: nothing of ours (`PG*`, `LD_PRELOAD`, credentials) leaks in. */
export const serverEnvironment: Readonly<Record<string, string>> = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
