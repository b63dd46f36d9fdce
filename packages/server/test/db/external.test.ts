import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate, openDatabase } from '../../src/db/index.ts';
import { stderrLogger } from '../../src/logger.ts';
import { type Debian15, debian15Missing, freePort, startDebian15, temporaryFolder } from '../cluster.ts';

const logger = stderrLogger('silent');
const folder = temporaryFolder();
afterAll(() => folder.remove());
const open = (databaseUrl: string): ReturnType<typeof openDatabase> =>
  openDatabase({ dataDir: join(folder.path, 'data'), databaseUrl, logger });

if (debian15Missing !== null) process.stderr.write(`Skipped: ${debian15Missing}\n`);

describe.skipIf(debian15Missing !== null)('DATABASE_URL with a PostgreSQL 15', () => {
  let server: Debian15;
  beforeAll(async () => {
    server = await startDebian15();
  });
  afterAll(() => server.close());

  it('is used instead of the embedded server, with the same schema', async () => {
    const database = await open(server.url);
    expect(database.kind).toBe('external');
    await migrate(database);
    expect(await migrate(database)).toEqual([]);
    expect(database.adminUrlFor('sample')).toMatchObject({ host: server.host, port: server.port, database: 'sample' });
    await database.close();
  });

  it('locks the data directory all the same, because keys live there too', async () => {
    const database = await open(server.url);
    await expect(open(server.url)).rejects.toMatchObject({ code: 'DATA_DIR_IN_USE' });
    await database.close();
  });

  it('refuses a wrong password, a missing database and an unknown user with a sentence each, and no secret', async () => {
    const wrong = server.url.replace(encodeURIComponent(server.password), 'guess');
    await expect(open(wrong)).rejects.toMatchObject({ code: 'DATABASE_LOGIN_REFUSED' });
    await expect(open(wrong)).rejects.not.toThrow('guess');
    await expect(open(server.urlOf('absent'))).rejects.toMatchObject({ code: 'DATABASE_MISSING' });
    await expect(open(server.url.replace('admin:', 'nobody:'))).rejects.toMatchObject({
      code: 'DATABASE_LOGIN_REFUSED',
    });
  });
});

/** Says it is a PostgreSQL of version `versionNumber`, as far as our question goes (PostgreSQL protocol 3.0). */
function serverOfVersion(versionNumber: string): Server {
  const message = (type: string, body: Buffer): Buffer => {
    const head = Buffer.alloc(5);
    head.write(type, 'latin1');
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const ready = message('Z', Buffer.from('I'));
  const welcome = Buffer.concat([message('R', Buffer.alloc(4)), ready]);
  const value = Buffer.from(versionNumber);
  const field = Buffer.concat([Buffer.from('\0\x01server_version_num\0'), Buffer.alloc(18)]);
  field.writeInt32BE(25, field.length - 12);
  const length = Buffer.alloc(6);
  length.writeInt16BE(1);
  length.writeInt32BE(value.length, 2);
  const answer = Buffer.concat([
    message('T', field),
    message('D', Buffer.concat([length, value])),
    message('C', Buffer.from('SHOW\0')),
    ready,
  ]);
  return createServer((socket: Socket) => {
    let greeted = false;
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      if (greeted && bytes[0] === 'X'.charCodeAt(0)) return socket.end();
      socket.write(greeted ? answer : welcome);
      greeted = true;
      return undefined;
    });
  });
}

describe('DATABASE_URL', () => {
  it.each([
    { version: '90624', code: 'DATABASE_TOO_OLD', says: '9.6' },
    { version: '140022', code: 'DATABASE_TOO_OLD', says: '14.22' },
    { version: '150013', code: 'DATABASE_TOO_OLD', says: '15.14 or later' },
    { version: '190000', code: 'DATABASE_TOO_NEW', says: '19.0' },
  ])('refuses a server of version $version: $code', async ({ version, code, says }) => {
    const server = serverOfVersion(version);
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const opening = open(`postgresql://u:p@127.0.0.1:${port}/d`);
    await expect(opening).rejects.toMatchObject({ code });
    await expect(opening).rejects.toThrow(says);
    await new Promise((resolve) => server.close(resolve));
  });

  it('says so when nobody answers, and frees the data directory', async () => {
    const port = await freePort();
    await expect(open(`postgresql://u:hush@127.0.0.1:${port}/d`)).rejects.toMatchObject({ code: 'DATABASE_DOWN' });
    await expect(open(`postgresql://u:hush@127.0.0.1:${port}/d`)).rejects.toThrow(`127.0.0.1:${port}`);
    await expect(open('postgresql://u@/d?host=/nowhere')).rejects.toMatchObject({ code: 'DATABASE_DOWN' });
  });

  it('says so when what answers is no PostgreSQL', async () => {
    const server = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    await expect(open(`postgresql://u:p@127.0.0.1:${port}/d`)).rejects.toMatchObject({ name: 'DbError' });
    await new Promise((resolve) => server.close(resolve));
  });
});
