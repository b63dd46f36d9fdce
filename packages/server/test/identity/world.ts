import { randomBytes } from 'node:crypto';
import { instant, type Instant, plus } from '@gatehouse/terms';
import { steeredClock } from '../../src/clock.ts';
import type { Database } from '../../src/db/index.ts';
import {
  type Directories,
  directoryOfTenant,
  type Identity,
  openDirectories,
  openIdentity,
} from '../../src/identity/index.ts';
import { type Log, openLog } from '../../src/log/index.ts';
import { stderrLogger } from '../../src/logger.ts';
import { type NewPerson, openPersonnel, type Personnel, type PersonnelRole } from '../../src/personnel/index.ts';
import { defaultPolicy, openTenants, type Tenant, type TenantPolicy, type Tenants } from '../../src/tenants/index.ts';
import { openTestDatabase } from '../cluster.ts';
import { aGenesis, aKey, anEnrolment, type TestKey, testDeployment } from '../signing.ts';

/** The modules of people, tenants and keys on an embedded database of their own, at a steered time. */
export type World = {
  readonly database: Database;
  readonly dataDir: string;
  readonly log: Log;
  readonly clock: ReturnType<typeof steeredClock>;
  readonly personnel: Personnel;
  readonly tenants: Tenants;
  readonly directories: Directories;
  readonly identity: Identity;
  now(): Instant;
  /** The same database and folder as a program that starts anew sees them. */
  reopened(): Pick<World, 'personnel' | 'tenants' | 'directories' | 'identity'>;
  close(): Promise<void>;
};

/** Starts an embedded cluster (about 1 s), the log and the modules on it. For `beforeAll`. */
export async function openWorld(): Promise<World> {
  const { database, dataDir, close } = await openTestDatabase();
  const clock = steeredClock(Date.UTC(2026, 10, 24, 9));
  const random = (size: number): Uint8Array => randomBytes(size);
  const log = await openLog({ database, dataDir, clock, random, logger: stderrLogger('silent') });
  const reopened = () => {
    const directories = openDirectories({ database, log, dataDir, deployment: testDeployment });
    const personnel = openPersonnel({ database, log });
    const tenants = openTenants({ database, log, personnel, trust: directories });
    return {
      directories,
      personnel,
      tenants,
      identity: openIdentity({ database, directories, personnel, tenants, random }),
    };
  };
  return {
    database,
    dataDir,
    log,
    clock,
    ...reopened(),
    now: () => instant(clock.now()),
    reopened,
    close: async () => {
      await log.stop();
      await close();
    },
  };
}

/** A person of the operator, with what the test is about. */
export function aPerson(id: string, given: Partial<NewPerson> = {}): NewPerson {
  return {
    id,
    name: 'Some Body',
    kind: 'operator_staff',
    employer: 'Example Operator Ltd',
    country: 'IE',
    manager: null,
    trainingValidUntil: null,
    confidentialitySignedAt: null,
    confidentialityUntil: null,
    supplier: 'not_a_supplier',
    supplierValidUntil: null,
    roles: ['engineer'],
    eligibilities: [],
    ...given,
  };
}

/** Fails the test with the refusal if there is one, else gives the outcome. */
export function accepted<T extends { readonly ok: boolean }>(result: T): Extract<T, { readonly ok: true }> {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result)}`);
  return result as Extract<T, { readonly ok: true }>;
}

/** The code of a refusal, or `ok`. */
export function codeOf(
  result: { readonly ok: true } | { readonly ok: false; readonly refusal: { readonly code: string } },
): string {
  return result.ok ? 'ok' : result.refusal.code;
}

/** The operator's directory begun by a new security officer, who enrols others. */
export async function anOperator(
  world: World,
): Promise<{ officer: TestKey; enrol: (person: string, roles: readonly PersonnelRole[]) => Promise<TestKey> }> {
  const officer = aKey();
  const person = 'security@operator.example';
  accepted(
    await world.personnel.add({ person: aPerson(person, { roles: ['security_officer'] }), by: { kind: 'setup' } }),
  );
  const signed = aGenesis(officer, { person, roles: ['security_officer'] });
  accepted(await world.directories.genesis({ directory: 'operator', logId: 'operator', signed }));
  const enrol = async (who: string, roles: readonly PersonnelRole[]): Promise<TestKey> => {
    const key = aKey();
    accepted(await world.personnel.add({ person: aPerson(who, { roles }), by: { kind: 'setup' } }));
    const { position } = (await world.directories.load('operator')).directory;
    const enrolment = anEnrolment(officer, key, { person: who, roles, position });
    accepted(await world.directories.enrol({ directory: 'operator', signed: enrolment }));
    return key;
  };
  return { officer, enrol };
}

/** A customer whose admin holds the first key of its directory. */
export async function aCustomer(
  world: World,
  id: string,
  policy: Partial<TenantPolicy> = {},
): Promise<{ tenant: Tenant; admin: TestKey; adminId: string }> {
  const opened = accepted(
    await world.tenants.open({ id, policy: { ...defaultPolicy, ...policy }, by: { kind: 'setup' } }),
  );
  const adminId = `admin@${id}.example`;
  const admin = aKey();
  accepted(
    await world.tenants.addUser({ tenant: id, person: adminId, name: 'Ada', roles: ['admin'], by: { kind: 'setup' } }),
  );
  const signed = aGenesis(admin, { person: adminId, roles: ['admin'], tenant: id });
  accepted(await world.directories.genesis({ directory: directoryOfTenant(id), logId: opened.value.logId, signed }));
  return { tenant: opened.value, admin, adminId };
}

/** That many milliseconds later than now. */
export function later(world: World, ms: number): Instant {
  return plus(world.now(), ms);
}

/** The bytes of an entry as text: what everybody may see. */
export async function entryText(world: World, logId: string, seq: number): Promise<string> {
  const [entry] = await world.log.entries(logId, seq, seq + 1);
  return entry?.leaf ?? '';
}
