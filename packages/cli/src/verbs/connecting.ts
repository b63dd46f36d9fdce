import { type Caller, deploymentOf } from '../caller.ts';
import { run } from '../child.ts';
import { type Family, example } from '../desk.ts';
import { CliFailure } from '../failure.ts';
import { type Answer, shown } from '../output.ts';
import { fieldsOf, textOf } from '../reading.ts';
import { requestPath, shownRequest } from './acting.ts';

/** Everything that a PostgreSQL driver needs for one connection under a grant. */
type Access = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly ca: string;
  readonly expiresAt: string;
};

/** The verb that opens the door: connect. */
export const connectingVerbs: Family = (program, desk) => {
  const connect = program
    .command('connect <id> [arguments...]')
    .description('connect under a grant: runs psql with a one-time token; arguments after -- are for psql')
    .option('--dsn', 'print a connection string for one connection of any driver instead')
    .action((id: string, args: readonly string[], flags: { dsn?: boolean }) =>
      desk.asCaller((caller) => connectWith(caller, id, { args, dsn: flags.dsn === true })),
    );
  example(connect, 'connect PGz4vT0yQ2aXr1n8sL3wKg -- -c "select count(*) from orders"');
};

async function connectWith(
  caller: Caller,
  id: string,
  { args, dsn }: { args: readonly string[]; dsn: boolean },
): Promise<Answer> {
  const printed = dsn || caller.settings.json;
  if (printed && args.length > 0) {
    throw new CliFailure(
      'usage',
      'Arguments for psql were given, but psql is not run with --dsn or --json; leave out one of them.',
      2,
    );
  }
  const access = await open(caller, id);
  if (printed) return shown({ id, dsn: dsnOf(access), ...access }, dsnOf(access));
  const { environment, interactive } = caller.surroundings;
  const missing =
    'psql was not found; expected it in PATH. Install the PostgreSQL client, or use another driver with: gatehouse connect ID --dsn';
  const exitCode = await run({
    command: 'psql',
    args,
    environment: psqlEnvironment(environment, access),
    missing,
    interactive,
  });
  return { kind: 'ran', exitCode };
}

/** Mints a one-time token. The gateway's address and certificate authority are those of the server on this machine. */
async function open(caller: Caller, id: string): Promise<Access> {
  const { address, client } = caller;
  if (address === null) {
    throw new CliFailure(
      'gateway_unknown',
      'The gateway of this server is not known here; expected gatehouse.json, as the server writes it, in --data DIR.',
    );
  }
  deploymentOf(caller);
  const request = await shownRequest(caller, id);
  const credential = fieldsOf(await client.post(`${requestPath(id)}/credentials`, {}));
  return {
    host: address.gateway.host,
    port: address.gateway.port,
    user: textOf(credential, 'user'),
    password: textOf(credential, 'password'),
    database: textOf(request, 'source'),
    ca: address.gateway.ca,
    expiresAt: textOf(credential, 'expiresAt'),
  };
}

/** The token goes in the environment of the child, which only its owner can read, never on its command line. No PG variable of the caller's shell can redirect it. */
function psqlEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  { host, port, user, password, database, ca }: Access,
): Record<string, string | undefined> {
  const others = Object.entries(environment).filter(([name]) => !/^PG[A-Z]/.test(name));
  return {
    ...Object.fromEntries(others),
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: ca,
    PGGSSENCMODE: 'disable',
  };
}

function dsnOf({ host, port, user, password, database, ca }: Access): string {
  const where = host.includes(':') ? `[${host}]` : host;
  const [name, token, to] = [user, password, database].map(encodeURIComponent);
  return `postgresql://${name}:${token}@${where}:${port}/${to}?sslmode=verify-full&sslrootcert=${encodeURIComponent(ca)}`;
}
