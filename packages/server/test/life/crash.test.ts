import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readFolder, verifyLog } from '@gatehouse/verifier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { administratorOf } from '../../src/demo/administrator.ts';
import { connectionParameters } from '../../src/db/connection.ts';
import { temporaryFolder, until } from '../cluster.ts';
import { acmeLog, anApproved, anAsking, type Cast, openCast, openUnder, refusalOf, rowsOf } from './life.ts';
import { type Running, runToEnd, start } from './running.ts';

const folder = temporaryFolder();
const dataDir = join(folder.path, 'data');
let running: Running;
let cast: Cast;

beforeAll(async () => {
  await begin();
});
afterAll(async () => {
  await running?.stop();
  folder.remove();
});

async function begin(): Promise<void> {
  running = await start(dataDir);
  cast = await openCast({
    http: running.ready.http,
    dataDir,
    now: () => Date.now(),
    random: (count) => randomBytes(count),
  });
}

/** Straight into the embedded cluster, as an administrator on the host. */
const sql = administratorOf((database) =>
  connectionParameters({ host: join(dataDir, 'pg', 'run'), port: 5432, user: 'postgres', database }),
);

describe('a program that is killed', () => {
  it('loses nothing that it has acknowledged, and its next start mends the rest', async () => {
    const used = await anApproved(cast);
    const wire = await openUnder(running.ready.gateway, cast.engineer, used.id);
    const known: string[] = [used.id];
    await rowsOf(wire, 'select count(*) from orders');
    const open = wire.query('select count(*) from events a cross join events b cross join events c');
    const before = await acmeLog(cast);
    // Killed while a statement runs and requests come in: what was answered by then has to be there afterwards.
    const asking = (async () => {
      for (;;) known.push((await cast.engineer.ask(anAsking())).id);
    })().catch(() => undefined); // ends when the program does
    await until(() => known.length >= 4);
    await running.kill();
    expect(await open).toMatchObject({ ok: false });
    await asking;

    await begin();
    const after = await acmeLog(cast);
    expect(after.slice(0, before.length)).toEqual(before);
    for (const id of known)
      expect(
        after.some(({ ref }) => ref === id),
        id,
      ).toBe(true);
    for (const id of known.slice(1)) expect((await cast.engineer.show(id)).state).toBe('in_review');
    expect((await cast.engineer.show(used.id)).state).toBe('active');
    const intents = after.filter(({ type }) => type === 'access.intent').map(({ seq }) => seq);
    const outcomes = new Map((await acmeLog(cast)).map(({ intent, outcome }) => [intent, outcome]));
    expect(intents.map((seq) => outcomes.get(seq))).toEqual(['ok', 'unknown']);
  });

  it('leaves no role behind: the next start drops those that nobody uses, and the grant opens anew', async () => {
    const roles = await sql('sample', "select count(*)::int from pg_roles where rolname ~ '^g_[0-9a-f]{32}$'");
    expect(roles).toEqual([[0]]);
    const line = (await acmeLog(cast)).findLast(({ type }) => type === 'access.activated');
    const id = line?.ref ?? '';
    const wire = await openUnder(running.ready.gateway, cast.engineer, id);
    expect(await rowsOf(wire, 'select distinct tenant_id from orders')).toEqual([['acme']]);
    await wire.close();
    expect((await cast.acmeApprover.act(id, 'revoke')).state).toBe('revoked');
    expect((await refusalOf(cast.engineer.credential(id))).code).toBe('act_not_open');
  });

  it('keeps a log that verifies from its first entry over the crash', async () => {
    const { logId } = await cast.acmeAdmin.get<{ logId: string }>('/api/v1/tenants/acme');
    const origin = `${running.ready.rootVkey.split('+')[0]?.replace(/\/root$/, '')}/t/${logId}`;
    const size = (await acmeLog(cast)).length;
    const read = readFolder(join(dataDir, 'log', 't', logId));
    await until(async () => {
      const report = await verifyLog({ read, originOrVkey: origin, tiles: true });
      expect(report.findings).toEqual([]);
      return report.size >= size;
    });
  });

  it('may not be started for a second time on the same data', async () => {
    const second = await runToEnd(['start', '--data', dataDir, '--http', '0', '--gateway', '0']);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/^gatehouse start: .*(in use|another|already).*\n$/i);
    expect((await cast.engineer.get<{ person: string }>('/api/v1/me')).person).toBe('engineer@operator.example');
  });
});

describe('a start that cannot be', () => {
  it('says which port is taken, and leaves nothing running', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const other = join(folder.path, 'other');
    const refused = await runToEnd(['start', '--data', other, '--http', String(port), '--gateway', '0']);
    taken.close();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`127.0.0.1:${port} in use`);
    expect(existsSync(join(other, 'gatehouse.json'))).toBe(false);
    expect(existsSync(join(other, 'pg', 'data', 'postmaster.pid'))).toBe(false);
  });

  it('names every flag that it does not know or cannot use', async () => {
    expect(await runToEnd(['start', '--colour'])).toMatchObject({ code: 2 });
    const refused = await runToEnd(['start', '--http', 'nowhere', '--gateway', '99999']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/--http[\s\S]*--gateway/);
    expect((await runToEnd(['stop'])).stderr).toMatch(/expected start\b.*\bdemo\b/);
    expect(await runToEnd(['demo', '--twice'])).toMatchObject({ code: 2 });
  });

  it('drains and exits 0 on SIGTERM', async () => {
    expect(await running.stop()).toBe(0);
    expect(existsSync(join(dataDir, 'gatehouse.json'))).toBe(false);
    expect(existsSync(join(dataDir, 'pg', 'data', 'postmaster.pid'))).toBe(false);
  });
});
