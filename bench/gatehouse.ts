import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client } from '../packages/cli/src/client.ts';
import { openProfile, type Profile } from '../packages/cli/src/profile.ts';
import type { Statement } from '../packages/verifier/src/index.ts';
import { type Child, plainEnvironment, start, type Undo } from './children.ts';
import { type Login, sessionsPerGrant } from './pgbench.ts';
import { ownAccounts, type Source } from './source.ts';

/** The program as a customer runs it: its own process, its own PostgreSQL, the sample people. */
export type Gatehouse = {
  readonly pid: number;
  /** Its embedded PostgreSQL, which holds the log. */
  readonly logPid: number;
  readonly adoptMs: number;
  /** Sees to grants with room for so many clients and statements. Between two loads, because it ends grants before. */
  makeRoom(clients: number, statements: number): Promise<void>;
  /** What connection number `at` of a load logs in with: a new one-time token. */
  login(at: number): Promise<Login>;
};

type Ready = { readonly http: string; readonly gateway: { readonly host: string; readonly port: number } };
type Drafted = { readonly matter: { readonly id: string }; readonly document: Statement };

/** A grant's statement budget (terms, `limits.statementsMax`); a tenth is left for what was not foreseen. */
const statementsPerGrant = 90_000;
/** A person holds two grants (terms, `liveGrantsPerPerson`), so 32 clients need four grants of two engineers. */
const grantsPerPerson = 2;
const sourceName = 'bench';
/** The tenant that owns the accounts 1 to `ownAccounts`. */
const tenant = '1';

/** Starts the program with the arguments of `gatehouse start`, and lets the sample people adopt the source. */
export async function startGatehouse(options: {
  readonly dataDir: string;
  readonly source: Source;
  readonly nodeFlags: readonly string[];
  readonly undo: Undo;
}): Promise<Gatehouse> {
  const { dataDir, source, undo } = options;
  const main = fileURLToPath(new URL('../packages/server/src/main.ts', import.meta.url));
  const flags = ['start', '--data', dataDir, '--http', '0', '--gateway', '0', '--sample', '--json'];
  const child = start(process.execPath, [...options.nodeFlags, main, ...flags], {
    env: plainEnvironment({ GATEHOUSE_LOG_LEVEL: 'warn' }),
  });
  undo.push(() => child.stop('SIGTERM'));
  child.process.stderr?.pipe(process.stderr); // what the program warns of explains a figure, or its absence
  const ready = await readyLine(child);

  const as = (email: string): Person => personOf(dataDir, email, ready.http);
  const engineers = [as('engineer@operator.example'), as('engineer2@operator.example')];
  const [manager, officer] = [as('manager@operator.example'), as('security@operator.example')];
  const engineerOf = (slot: number): Person => {
    const engineer = engineers[Math.floor(slot / grantsPerPerson)];
    if (engineer === undefined) throw new Error(`No engineer is left for grant ${slot + 1} of a load.`);
    return engineer;
  };
  const adoptedFrom = performance.now();
  await adopt(officer.client, source);
  const adoptMs = performance.now() - adoptedFrom;

  const grants: { id: string; statements: number }[] = [];
  const renew = async (slot: number): Promise<{ id: string; statements: number }> => {
    const engineer = engineerOf(slot);
    const old = grants[slot];
    if (old !== undefined) await act(engineer, old.id, 'complete');
    const grant = { id: await ask(engineer), statements: 0 };
    await act(manager, grant.id, 'approve');
    grants[slot] = grant;
    return grant;
  };
  return {
    pid: child.pid,
    logPid: postmasterBelow(child.pid),
    adoptMs,
    makeRoom: async (clients, statements) => {
      const slots = Math.ceil(clients / sessionsPerGrant);
      for (let slot = 0; slot < slots; slot++) {
        const room = (grants[slot]?.statements ?? Number.POSITIVE_INFINITY) + statements / slots;
        const grant = room > statementsPerGrant ? await renew(slot) : grants[slot];
        if (grant !== undefined) grant.statements += statements / slots;
      }
    },
    login: async (at) => {
      const slot = Math.floor(at / sessionsPerGrant);
      const path = `/api/v1/requests/${grants[slot]?.id}/credentials`;
      const minted = (await engineerOf(slot).client.post(path, {})) as { user: string; password: string };
      return { ...ready.gateway, user: minted.user, password: minted.password, database: sourceName };
    },
  };
}

type Person = { readonly client: Client; readonly profile: Profile };

function personOf(dataDir: string, email: string, http: string): Person {
  const profile = openProfile(dataDir, email);
  return { profile, client: new Client(http, profile, dataDir) };
}

async function readyLine(child: Child): Promise<Ready> {
  const line = new Promise<Ready>((resolve) => {
    let said = '';
    child.process.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.includes('\n')) resolve(JSON.parse(said.slice(0, said.indexOf('\n'))) as Ready);
    });
  });
  return await Promise.race([
    line,
    child.ended.then(() => Promise.reject(new Error('gatehouse start ended at once.'))),
  ]);
}

/** Adds, classifies and applies: every table of pgbench belongs to the tenant in its column `bid`. */
async function adopt(officer: Client, source: Source): Promise<void> {
  const path = `/api/v1/sources/${sourceName}`;
  await officer.post('/api/v1/sources', { name: sourceName, url: source.adminUrl, tenantTable: 'pgbench_branches' });
  const assign = ['pgbench_branches', 'pgbench_accounts', 'pgbench_tellers', 'pgbench_history'].map((table) => ({
    table,
    treatment: 'tenant:bid',
  }));
  await officer.post(`${path}/classification`, { acceptSuggestions: false, assign, tenantTable: 'pgbench_branches' });
  await officer.post(`${path}/apply`, { planHash: null, acceptAppChanges: true });
  const doctor = (await officer.get(`${path}/doctor`)) as { ok: boolean; findings: readonly { message: string }[] };
  if (!doctor.ok) throw new Error(`doctor refuses the source: ${doctor.findings.map((f) => f.message).join(' ')}`);
}

/** Asks for the longest time and the most rows that the terms allow; the engineer signs. */
async function ask({ client, profile }: Person): Promise<string> {
  const drafted = (await client.post('/api/v1/requests/draft', {
    tenant,
    source: sourceName,
    purpose: 'troubleshoot.repair',
    reasonCode: 'customer_support',
    durationMs: 4 * 60 * 60 * 1000,
    rows: ownAccounts * 10,
    ticket: 'BENCH-1',
    justification: 'Measures what the recorded path costs beside the direct one',
  })) as Drafted;
  await client.post('/api/v1/requests', { matter: drafted.matter, signed: signed(profile, drafted) });
  return drafted.matter.id;
}

async function act({ client, profile }: Person, id: string, verb: 'approve' | 'complete'): Promise<void> {
  const drafted = (await client.get(`/api/v1/requests/${id}/draft?act=${verb}`)) as Drafted;
  await client.post(`/api/v1/requests/${id}/acts`, { signed: signed(profile, drafted), reason: null });
}

function signed(profile: Profile, { document }: Drafted): ReturnType<Profile['sign']> {
  return profile.sign({ ...document, nonce: randomBytes(16).toString('base64url') });
}

/** The embedded PostgreSQL is the only child of the program. */
function postmasterBelow(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const children = tasks.flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '));
  return Number(children.find((child) => child.trim() !== '') ?? 0);
}
