import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../src/clock.ts';
import { systemClock } from '../../src/clock.ts';
import { administratorOf } from '../../src/demo/administrator.ts';
import { type Asked, Person, Refused, type ShownRequest } from '../../src/demo/person.ts';
import type { Administrator } from '../../src/demo/story.ts';
import { Wire, type WireError } from '../../src/demo/wire.ts';
import { stderrLogger } from '../../src/logger.ts';
import { type Program, startProgram } from '../../src/program.ts';
import { temporaryFolder, until } from '../cluster.ts';

/** The sample people that the tests act as, by the part they play. */
export type Cast = Readonly<Record<keyof typeof cast, Person>>;

const cast = {
  engineer: 'engineer@operator.example',
  engineer2: 'engineer2@operator.example',
  manager: 'manager@operator.example',
  officer: 'security@operator.example',
  legal: 'legal@operator.example',
  support: 'support@contractor.example',
  acmeAdmin: 'admin@acme.example',
  acmeApprover: 'approver@acme.example',
  globexAdmin: 'admin@globex.example',
} as const;

/** A whole program with the sample, reached as its users reach it: by HTTP and by the PostgreSQL protocol. */
export type Life = Cast & {
  readonly program: Program;
  readonly dataDir: string;
  readonly sql: Administrator;
  /** A connection of the engineer under the grant, with a fresh token. */
  open(id: string): Promise<Wire>;
  /** A connection with this token, or null if it is refused. */
  openWith(login: { user: string; password: string }): Promise<Wire | null>;
  /** Why a connection under the grant is refused; fails if it is opened. */
  refusedAtWire(login: { user: string; password: string; database?: string }): Promise<WireError>;
  close(): Promise<void>;
};

/** Starts a program of its own on a new folder. `clock` steers its time. */
export async function startLife(clock: Clock = systemClock()): Promise<Life> {
  const folder = temporaryFolder();
  const dataDir = join(folder.path, 'data');
  const random = (count: number): Uint8Array => randomBytes(count);
  const program = await startProgram(
    {
      dataDir,
      http: { host: '127.0.0.1', port: 0 },
      gateway: { host: '127.0.0.1', port: 0 },
      sample: true,
      json: true,
      databaseUrl: null,
      operatorName: null,
      logLevel: 'silent',
      webDir: join(folder.path, 'no-pages'),
    },
    { clock, random, logger: stderrLogger('silent') },
  );
  const people = await openCast({ http: program.ready.http, dataDir, now: () => clock.now(), random });
  const { gateway } = program.ready;
  return {
    ...people,
    program,
    dataDir,
    sql: administratorOf(program.adminAddress),
    open: (id) => openUnder(gateway, people.engineer, id),
    openWith: async (login) => {
      const tried = await Wire.connect(gateway, { ...login, database: 'sample' });
      return tried.ok ? tried.value : null;
    },
    refusedAtWire: async ({ user, password, database = 'sample' }) => {
      const tried = await Wire.connect(gateway, { user, password, database });
      if (!tried.ok) return tried.error;
      await tried.value.close();
      throw new Error('The connection was opened; expected a refusal.');
    },
    close: async () => {
      await program.stop();
      folder.remove();
    },
  };
}

/** The people of a running program, by the keys below its data directory. */
export async function openCast(setting: Parameters<typeof Person.open>[0]): Promise<Cast> {
  const opened = await Promise.all(
    Object.entries(cast).map(async ([part, email]) => [part, await Person.open(setting, email)] as const),
  );
  return Object.fromEntries(opened) as unknown as Cast;
}

/** A connection of `person` under the grant, with a fresh token. */
export async function openUnder(
  gateway: Parameters<typeof Wire.connect>[0],
  person: Person,
  id: string,
): Promise<Wire> {
  const { user, password } = await person.credential(id);
  const opened = await Wire.connect(gateway, { user, password, database: 'sample' });
  if (!opened.ok) throw new Error(opened.error.printed);
  return opened.value;
}

/** What is asked where a test does not care: an hour on acme's rows. */
export function anAsking(more: Asked = {}): Asked {
  return {
    tenant: 'acme',
    source: 'sample',
    purpose: 'troubleshoot.repair',
    reasonCode: 'customer_support',
    ticket: '4711',
    justification: 'Order ACME-4711 is paid, but the parcel never leaves; the customer waits.',
    durationMs: 3_600_000,
    ...more,
  };
}

/** A request that everybody has approved, ready for its first use. */
export async function anApproved(life: Cast, more: Asked = {}): Promise<ShownRequest> {
  const { id } = await life.engineer.ask(anAsking(more));
  await life.manager.act(id, 'approve');
  return life.acmeApprover.act(id, 'approve');
}

/** The refusal that `work` ends with; fails if it does not. */
export async function refusalOf(work: Promise<unknown>): Promise<Refused> {
  const cause = await work.then(
    () => new Error('It was permitted; expected a refusal.'),
    (fault: unknown) => fault,
  );
  if (cause instanceof Refused) return cause;
  throw cause;
}

/** An entry of acme's log as its own user reads it. */
export type Line = {
  readonly seq: number;
  readonly time: string;
  readonly type: string;
  readonly ref: string | null;
  readonly intent: number | null;
  readonly outcome: string | null;
  readonly payload: { readonly [member: string]: unknown } | null;
};

/** acme's whole log, read by its administrator. */
export async function acmeLog(life: Pick<Cast, 'acmeAdmin'>): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (;;) {
    const after = lines.at(-1)?.seq ?? -1;
    const { items } = await life.acmeAdmin.get<{ items: readonly Line[] }>(
      `/api/v1/tenants/acme/log?after=${after}&limit=1000`,
    );
    if (items.length === 0) return lines;
    lines.push(...items);
  }
}

/** The types of the entries about a grant, in order. */
export async function typesAbout(life: Pick<Cast, 'acmeAdmin'>, id: string): Promise<readonly string[]> {
  return (await acmeLog(life)).filter(({ ref }) => ref === id).map(({ type }) => type);
}

/** Waits until the request is in `state`. */
export function untilState(person: Person, id: string, state: string, deadlineMs?: number): Promise<void> {
  return until(async () => (await person.show(id)).state === state, deadlineMs);
}

/** The rows of a statement as texts; fails with what the wire said instead. */
export async function rowsOf(wire: Wire, sql: string): Promise<readonly (readonly (string | null)[])[]> {
  const answered = await wire.query(sql);
  if (!answered.ok) throw new Error(answered.error.printed);
  return answered.value.rows;
}
