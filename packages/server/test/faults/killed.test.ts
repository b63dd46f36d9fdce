import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Person } from '../../src/demo/person.ts';
import type { Wire } from '../../src/demo/wire.ts';
import { temporaryFolder } from '../cluster.ts';
import { acmeLog, anApproved, anAsking, type Line, openUnder, rowsOf } from '../life/life.ts';
import { Ledger } from './ledger.ts';
import { noOf, type Running, seeded, start, startWell, verified } from './kit.ts';

const full = process.env['GATEHOUSE_FULL'] === '1';
const rounds = full ? 30 : 5;
const seed = Number(process.env['GATEHOUSE_SEED'] ?? '20260302');
const random = seeded(seed);

const folder = temporaryFolder();
const dataDir = join(folder.path, 'data');
let running: Running | null = null;

beforeAll(async () => {
  running = await startWell(dataDir);
});
afterAll(async () => {
  await running?.stop();
  folder.remove();
});

describe(`kill -9 of the program (seed ${seed})`, () => {
  it(`loses nothing that was acknowledged and mends the rest, at ${rounds} random moments`, {
    timeout: rounds * 40_000,
  }, async () => {
    const ledger = new Ledger();
    let kept: Uint8Array | undefined;
    for (let round = 1; round <= rounds; round += 1) {
      const before = running;
      if (before === null) throw new Error('The program does not run.');
      await killedWhileUsed(before, ledger, 50 + random() * 1_500);
      // Every other time it is killed once more while it starts.
      if (round % 2 === 0) await killedWhileStarting(50 + random() * 1_500);
      running = await startWell(dataDir);
      kept = await nothingIsLost(running, ledger, kept);
    }
    expect(ledger.rows.size).toBeGreaterThan(0);
    expect(ledger.ended.size).toBeGreaterThan(0);
    if (running === null) throw new Error('The program does not run.');
    const { id } = await anApproved(running);
    const wire = await openUnder(running.ready.gateway, running.engineer, id);
    expect(await rowsOf(wire, "select status from orders where number = 'ACME-4711'")).toEqual([['paid']]);
    await wire.close();
    await running.engineer.act(id, 'complete');
  });
});

/** People work until the program is gone; what they were told stands in the ledger. */
async function killedWhileUsed(it: Running, ledger: Ledger, afterMs: number): Promise<void> {
  const gone = new AbortController();
  const work = Promise.all([
    untilGone(gone.signal, () => oneLife(it, it.engineer, ledger)),
    untilGone(gone.signal, () => oneLife(it, it.engineer2, ledger)),
  ]);
  await delay(afterMs);
  gone.abort();
  it.kill('SIGKILL');
  await it.exited;
  await work;
}

/** Repeats `live` until the program is killed. A fault before that is a fault of the program. */
async function untilGone(gone: AbortSignal, live: () => Promise<void>): Promise<void> {
  while (!gone.aborted) {
    try {
      await live();
    } catch (cause) {
      if (!gone.aborted) throw cause;
    }
  }
}

/** One request from the asking to its end, with rows in between. */
async function oneLife(it: Running, engineer: Person, ledger: Ledger): Promise<void> {
  const { id } = await engineer.ask(anAsking());
  ledger.requested.add(id);
  await it.manager.act(id, 'approve');
  ledger.managerApproved.add(id);
  await it.acmeApprover.act(id, 'approve');
  ledger.customerApproved.add(id);
  const wire = await openUnder(it.ready.gateway, engineer, id);
  for (let count = 0; count < 5; count += 1) await readMarked(wire, id, ledger);
  const revokes = random() < 0.5;
  if (revokes) await it.acmeApprover.act(id, 'revoke');
  else await engineer.act(id, 'complete');
  ledger.ended.set(id, revokes ? 'revoked' : 'completed');
  await wire.close();
}

async function readMarked(wire: Wire, id: string, ledger: Ledger): Promise<void> {
  const mark = ledger.nextMark();
  const rows = await rowsOf(wire, `select '${mark}', number from orders order by number limit 3`);
  if (rows.length > 0) ledger.rows.set(mark, id);
}

/** A start that is killed before it has answered, if it was not faster. */
async function killedWhileStarting(afterMs: number): Promise<void> {
  const started = await start(dataDir, { killedAfterMs: afterMs });
  if (started.running) {
    started.it.kill('SIGKILL');
    await started.it.exited;
  }
}

async function nothingIsLost(it: Running, ledger: Ledger, kept: Uint8Array | undefined): Promise<Uint8Array> {
  const lines = await acmeLog(it);
  const about = (id: string, type: string): boolean => lines.some((line) => line.ref === id && line.type === type);
  const missing = (ids: Iterable<string>, type: string): string[] => [...ids].filter((id) => !about(id, type));
  expect(missing(ledger.requested, 'access.requested')).toEqual([]);
  expect(missing(ledger.managerApproved, 'access.manager_approved')).toEqual([]);
  expect(missing(ledger.customerApproved, 'access.customer_approved')).toEqual([]);
  const intents = lines.filter(({ type }) => type === 'access.intent');
  const said = new Set(intents.map(({ ref, payload }) => `${ref} ${/gh-\d+-end/.exec(String(payload?.['sql']))?.[0]}`));
  expect([...ledger.rows].filter(([mark, id]) => !said.has(`${id} ${mark}`))).toEqual([]);
  eachIntentHasOneOutcome(lines, intents);
  timesNeverFall(lines);
  for (const [id, state] of ledger.ended) {
    expect(about(id, `access.${state}`), `the end of ${id}`).toBe(true);
    expect((await it.acmeAdmin.show(id)).state).toBe(state);
  }
  await grantsAreAsTheLogSays(it, ledger, lines);
  const roles = await it.sql('sample', "select rolname from pg_roles where rolname like 'g\\_%'");
  expect(roles).toEqual([]);
  expect(await it.sql('sample', "select pid from pg_stat_activity where usename like 'g\\_%'")).toEqual([]);
  const seen = await verified(it, kept, lines.length);
  expect(seen.size).toBeGreaterThanOrEqual(lines.length);
  return seen.kept;
}

function eachIntentHasOneOutcome(lines: readonly Line[], intents: readonly Line[]): void {
  const outcomes = lines.filter(({ type }) => type === 'access.outcome').map(({ intent }) => intent);
  expect(new Set(outcomes).size).toBe(outcomes.length);
  expect(intents.filter(({ seq }) => !outcomes.includes(seq)).map(({ seq }) => seq)).toEqual([]);
}

function timesNeverFall(lines: readonly Line[]): void {
  const fallen = lines.filter(({ time }, index) => index > 0 && time < (lines[index - 1]?.time ?? ''));
  expect(fallen).toEqual([]);
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index));
}

/** What was ended stays ended; what was in use when the program died can be used again, and is ended now. */
async function grantsAreAsTheLogSays(it: Running, ledger: Ledger, lines: readonly Line[]): Promise<void> {
  for (const id of ledger.requested) {
    if (ledger.settled.has(id)) continue;
    ledger.settled.add(id);
    const engineer = await requesterOf(it, id);
    const { state } = await it.officer.show(id);
    const endedInLog = lines.some(
      ({ ref, type }) => ref === id && (type === 'access.revoked' || type === 'access.completed'),
    );
    expect(/^(revoked|completed)$/.test(state), `${id} is ${state}`).toBe(endedInLog);
    if (endedInLog) {
      expect((await noOf(engineer.credential(id)))?.code).toMatch(/act_not_open|not_permitted/);
      continue;
    }
    if (state === 'active' || state === 'approved_future') {
      const wire = await openUnder(it.ready.gateway, engineer, id);
      await readMarked(wire, id, ledger);
      await wire.close();
    }
    await it.officer.act(id, 'revoke', 'the round is over');
    ledger.ended.set(id, 'revoked');
  }
}

async function requesterOf(it: Running, id: string): Promise<Person> {
  const { requester } = await it.officer.get<{ requester: string }>(`/api/v1/requests/${id}`);
  return requester === it.engineer.email ? it.engineer : it.engineer2;
}
