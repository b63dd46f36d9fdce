import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accountFor, spawnAs } from '../packages/server/src/db/account.ts';
import { run, start, type Undo } from './children.ts';
import type { Login } from './pgbench.ts';
import { freePort, isReady, type Certificate, type Source } from './source.ts';

/** PgBouncer in front of the source: TLS and SCRAM to the client, SCRAM without TLS to the source, session pooling. */
export type PgBouncer = { readonly login: Login; readonly pid: number; readonly version: string };

/**
 * Starts PgBouncer. Session pooling, because the gateway too gives each client a backend of its own; transaction pooling
 * would not carry the prepared protocol in this version at all.
 */
export async function startPgBouncer(options: {
  readonly tools: { readonly pgbouncer: string; readonly psql: string };
  readonly folder: string;
  readonly source: Source;
  readonly certificate: Certificate;
  readonly undo: Undo;
}): Promise<PgBouncer> {
  const { tools, source, undo } = options;
  const account = accountFor(null);
  const folder = join(options.folder, 'pgbouncer');
  const port = await freePort();
  const { user, password } = source.application;
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: join(folder, 'users.txt'),
    pool_mode: 'session',
    max_client_conn: 200,
    default_pool_size: 100,
    server_tls_sslmode: 'disable',
    client_tls_sslmode: 'require',
    client_tls_protocols: 'tlsv1.3',
    client_tls_cert_file: join(folder, 'server.crt'),
    client_tls_key_file: join(folder, 'server.key'),
    log_connections: 0,
    log_disconnections: 0,
    ignore_startup_parameters: 'extra_float_digits',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const database = `${source.database} = host=${source.host} port=${source.port} dbname=${source.database}`;
  await mkdir(folder, { mode: 0o755 });
  const files = {
    'pgbouncer.ini': `[databases]\n${database}\n\n[pgbouncer]\n${lines.join('\n')}\n`,
    'users.txt': `"${user}" "${password}"\n`,
    'server.crt': options.certificate.certificate,
    'server.key': options.certificate.key,
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o600);
    if (process.getuid?.() === 0) await chown(join(folder, name), account.uid, account.gid);
  }
  const as = { ...spawnAs(account), cwd: folder };
  const child = start(tools.pgbouncer, ['-q', join(folder, 'pgbouncer.ini')], as);
  undo.push(() => child.stop('SIGTERM'));
  const url = `postgresql://${user}:${password}@127.0.0.1:${port}/${source.database}?sslmode=require`;
  await isReady(() => run(tools.psql, ['-XqAt', '-d', url, '-c', 'select 1']), child.ended);
  const version = /PgBouncer (\S+)/i.exec(await run(tools.pgbouncer, ['--version']))?.[1] ?? 'unknown';
  return { login: { host: '127.0.0.1', port, user, password, database: source.database }, pid: child.pid, version };
}
