import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Wire } from '../../src/demo/wire.ts';
import { temporaryFolder } from '../cluster.ts';
import { anApproved, openUnder, rowsOf } from '../life/life.ts';
import { type Running, soon, startWell } from './kit.ts';

const folder = temporaryFolder();
let it_: Running;
beforeAll(async () => {
  it_ = await startWell(join(folder.path, 'data'));
});
afterAll(async () => {
  await it_?.stop();
  folder.remove();
});

const handles = (): number => readdirSync(`/proc/${it_.pid}/fd`).length;
const residentMiB = (): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${it_.pid}/status`, 'latin1'))?.[1]) / 1024;

/** What strangers send first. Half of them then say nothing more. */
const openings: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]),
  Buffer.from([0, 0, 0, 8, 4, 210, 22, 48]),
  Buffer.from([0, 0, 0, 9, 0, 3, 0, 0, 0]),
  Buffer.from([255, 255, 255, 255, 0, 3, 0, 0]),
  Buffer.from('GET / HTTP/1.1\r\n\r\n'),
  Buffer.alloc(70_000, 65),
];

function stranger(index: number): Socket {
  const { host, port } = it_.ready.gateway;
  const socket = connect(port, host);
  // Being thrown out is what a stranger expects.
  socket.on('error', () => undefined);
  socket.resume();
  const opening = openings[index % openings.length];
  if (opening !== undefined && opening.length > 0) socket.write(opening);
  if (index % 3 === 0) socket.once('connect', () => setImmediate(() => socket.resetAndDestroy()));
  return socket;
}

it('serves logins among 1,000 strangers, and keeps neither their memory nor their handles', async () => {
  const { id } = await anApproved(it_);
  const rows = async (): Promise<void> => {
    const wire = await openUnder(it_.ready.gateway, it_.engineer, id);
    expect(await rowsOf(wire, "select status from orders where number = 'ACME-4711'")).toEqual([['paid']]);
    await wire.close();
  };
  const wrong = async (): Promise<void> => {
    const tried = await Wire.connect(it_.ready.gateway, { user: id, password: 'wrong', database: 'sample' });
    expect(tried.ok ? null : tried.error.sqlstate).toBe('28P01');
  };
  for (let warm = 0; warm < 5; warm += 1) await rows();
  const before = { handles: handles(), residentMiB: residentMiB() };
  const strangers: Socket[] = [];
  for (let round = 0; round < 10; round += 1) {
    for (let index = 0; index < 100; index += 1) strangers.push(stranger(index));
    await Promise.all([rows(), wrong()]);
  }
  expect(residentMiB() - before.residentMiB).toBeLessThan(100);
  for (const socket of strangers) socket.destroy();
  await soon(async () => handles() <= before.handles + 20, `fewer handles than ${before.handles} and 20`);
  await rows();
  expect(residentMiB() - before.residentMiB).toBeLessThan(100);
});
