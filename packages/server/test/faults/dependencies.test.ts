import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Wire, type WireError } from '../../src/demo/wire.ts';
import { postmasterOf, temporaryFolder } from '../cluster.ts';
import { acmeLog, anApproved, openUnder, refusalOf, rowsOf } from '../life/life.ts';
import { noOf, readyStatus, type Running, soon, startWell, verified } from './kit.ts';

const folder = temporaryFolder();
const dataDir = join(folder.path, 'data');
let it_: Running;
const asked: string[] = [];

beforeAll(async () => {
  it_ = await startWell(dataDir);
});
afterAll(async () => {
  await it_?.stop();
  folder.remove();
});

const orders = 'select number from orders order by number limit 3';
const open = (id: string): Promise<Wire> => openUnder(it_.ready.gateway, it_.engineer, id);

async function approved(): Promise<string> {
  for (const id of asked.splice(0)) await noOf(it_.officer.act(id, 'revoke', 'the test is over'));
  const { id } = await anApproved(it_);
  asked.push(id);
  return id;
}

/** What the wire says to a connection that has to be refused. */
async function turnedAway(id: string): Promise<WireError> {
  const { user, password } = await it_.engineer.credential(id);
  const tried = await Wire.connect(it_.ready.gateway, { user, password, database: 'sample' });
  if (!tried.ok) return tried.error;
  await tried.value.close();
  throw new Error('The connection was opened; expected a refusal.');
}

function isSentence({ message, sqlstate }: WireError): void {
  expect(message).toMatch(/^[A-Z].*\.$/);
  expect(sqlstate).toMatch(/^[0-9A-Z]{5}$/);
}

describe('a source that is not as it was', () => {
  it('opens nothing after the owner added a column or dropped a policy, and again when it is put back', async () => {
    const id = await approved();
    await it_.sql('sample', 'alter table orders add column sneaked text');
    const added = await turnedAway(id);
    isSentence(added);
    await it_.sql('sample', 'alter table orders drop column sneaked');
    const [policy] = await it_.sql(
      'sample',
      `select policyname, quote_ident(policyname) || ' on ' || quote_ident(tablename) from pg_policies
        where tablename = 'orders' and permissive = 'RESTRICTIVE' limit 1`,
    );
    expect(policy).toBeDefined();
    await it_.sql('sample', `alter policy ${String(policy?.[1])} rename to away`);
    isSentence(await turnedAway(id));
    await it_.sql('sample', `alter policy away on orders rename to ${JSON.stringify(String(policy?.[0]))}`);
    const wire = await open(id);
    expect(await rowsOf(wire, orders)).toHaveLength(3);
    await wire.close();
  });

  it('opens nothing while the source takes no connections, and says so', async () => {
    const id = await approved();
    await it_.sql('gatehouse', 'alter database sample with allow_connections false');
    try {
      isSentence(await turnedAway(id));
    } finally {
      await it_.sql('gatehouse', 'alter database sample with allow_connections true');
    }
    const wire = await open(id);
    expect(await rowsOf(wire, orders)).toHaveLength(3);
    await wire.close();
  });

  it('refuses to register the same database twice', async () => {
    const url = `postgresql://postgres@/sample?host=${encodeURIComponent(join(dataDir, 'pg', 'run'))}`;
    const refused = await refusalOf(it_.officer.post('/api/v1/sources', { name: 'again', url }));
    expect(refused.code).toMatch(/source_registered_twice|source_url_invalid|source_.*/);
    const { items } = await it_.officer.get<{ items: readonly { name: string }[] }>('/api/v1/sources');
    expect(items.map(({ name }) => name)).toEqual(['sample']);
  });
});

describe('a log that stops', () => {
  it('lets no row through that is not in the log while the connection of its writer is cut again and again', async () => {
    const id = await approved();
    const wire = await open(id);
    const answered: string[] = [];
    const refused: WireError[] = [];
    for (let round = 0; round < 10; round += 1) {
      const mark = `cut-${round}-end`;
      const running = wire.query(`select '${mark}', number from orders order by number limit 3`);
      await it_.sql(
        'gatehouse',
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'gatehouse' and pid <> pg_backend_pid()",
      );
      const outcome = await running;
      if (outcome.ok) answered.push(mark);
      else refused.push(outcome.error);
      if (wire.ended) break;
    }
    await wire.close();
    for (const error of refused) if (error.sqlstate !== '08006') isSentence(error);
    await soon(async () => (await readyStatus(it_)) === 200, 'the program being ready again');
    await soon(async () => {
      const again = await open(id);
      try {
        return (await rowsOf(again, orders)).length === 3;
      } finally {
        await again.close();
      }
    }, 'rows after the log is back');
    const said = JSON.stringify(await acmeLog(it_));
    expect(answered.filter((mark) => !said.includes(mark))).toEqual([]);
    await verified(it_, undefined);
  });
});

describe('a database server that is killed', () => {
  it('ends the program with exit 1 and one sentence, serves nothing, and loses nothing that was acknowledged', async () => {
    const id = await approved();
    const wire = await open(id);
    await rowsOf(wire, `select 'before-end', number from orders limit 3`);
    const { kept } = await verified(it_, undefined);
    process.kill(postmasterOf(dataDir), 'SIGKILL');
    const without = await wire.query(orders);
    expect(without.ok && without.value.rows.length > 0).toBe(false);
    const exit = await it_.exited;
    expect(exit.code).toBe(1);
    const plain = exit.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    expect(plain).toEqual([expect.stringMatching(/^gatehouse start: The embedded PostgreSQL ended [^\n]*\.$/)]);

    it_ = await startWell(dataDir);
    const lines = await acmeLog(it_);
    expect(JSON.stringify(lines)).toContain('before-end');
    const outcomes = new Set(lines.filter(({ type }) => type === 'access.outcome').map(({ intent }) => intent));
    expect(lines.filter(({ type, seq }) => type === 'access.intent' && !outcomes.has(seq))).toEqual([]);
    await verified(it_, kept, lines.length);
    const again = await open(id);
    expect(await rowsOf(again, orders)).toHaveLength(3);
    await again.close();
  });
});
