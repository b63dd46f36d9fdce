import { randomBytes } from 'node:crypto';
import { type Server, type Socket, createServer } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/gateway/index.ts';
import { ScramServer } from '../../src/gateway/scram.ts';
import { temporaryFolder, until } from '../cluster.ts';
import { MemoryAccess, verifierOf } from './memory-access.ts';
import { type Wire, login, proveToken, secure, startup, typed } from './raw-client.ts';
import { openGateway } from './stage.ts';

/** What a played source does: at the login, and at everything that comes after it. */
type Play = {
  readonly login?: (socket: Socket, packet: Buffer, round: number) => void;
  readonly greeting?: Buffer;
  readonly welcome?: (go: () => void) => void;
  readonly answer?: (socket: Socket, bytes: Buffer) => void;
};

const ready = typed('Z', Buffer.from('I'));
const authenticated = typed('R', 0);
const key = typed('K', 7, 9);
const parameters = Buffer.concat([
  typed('S', 'server_version', '15.18'),
  typed('S', 'client_encoding', 'UTF8'),
  typed('S', 'standard_conforming_strings', 'on'),
]);
const row = (value: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(value.length);
  return typed('D', Buffer.from([0, 1]), length, Buffer.from(value));
};
const described = typed('T', Buffer.from([0, 1]), 'c', Buffer.alloc(18));

describe('a source that is hostile', () => {
  const folder = temporaryFolder();
  const access = new MemoryAccess();
  const password = 'role password';
  let gateway: Gateway;
  let server: Server;
  let port = 0;
  let play: Play = {};
  let cancels: Buffer[] = [];
  const open = new Set<Socket>();

  beforeAll(async () => {
    gateway = await openGateway(access, folder.path);
    server = createServer((socket) => {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      socket.on('error', () => socket.destroy()); // the gateway hangs up on what it does not like
      serve(
        socket,
        () => play,
        password,
        (body) => cancels.push(body),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  afterEach(() => {
    play = {};
    cancels = [];
  });
  afterAll(async () => {
    await gateway.close();
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    folder.remove();
  });

  const connect = async (): Promise<Wire> => {
    const grant = access.grant({
      source: 'shop',
      backend: { host: '127.0.0.1', port, tls: null, database: 'd', user: 'u', password },
    });
    return login(gateway, { user: grant.grantId, database: 'shop', token: grant.token });
  };

  it('is served as long as it behaves', async () => {
    play = { answer: (socket) => socket.write(Buffer.concat([described, row('x'), typed('C', 'SELECT 1'), ready])) };
    const wire = await connect();
    expect(wire.types()).toMatch(/^R+S+KZ$/);
    wire.send(typed('Q', 'select 1'));
    await wire.until(() => wire.types().endsWith('TDCZ'));
    wire.socket.destroy();
  });

  it.each<[string, NonNullable<Play['login']>]>([
    [
      'lets the role in without a password over TCP',
      (socket) => socket.write(Buffer.concat([authenticated, parameters, key, ready])),
    ],
    ['asks for a clear-text password', (socket) => socket.write(typed('R', 3))],
    ['asks for an MD5 password', (socket) => socket.write(typed('R', 5, 1))],
    ['offers no SCRAM-SHA-256', (socket) => socket.write(typed('R', 10, 'SCRAM-SHA-1', Buffer.of(0)))],
    ['sends the last SCRAM message first', (socket) => socket.write(typed('R', 12, Buffer.from('v=x')))],
    [
      'asks for two thousand million SCRAM iterations',
      scram((nonce) => `r=${nonce}more,s=${Buffer.alloc(16).toString('base64')},i=2147483647`),
    ],
    ['asks for one SCRAM iteration', scram((nonce) => `r=${nonce}more,s=${Buffer.alloc(16).toString('base64')},i=1`)],
    ['does not continue the nonce', scram(() => `r=other,s=${Buffer.alloc(16).toString('base64')},i=4096`)],
    ['gives the nonce back as it was', scram((nonce) => `r=${nonce},s=${Buffer.alloc(16).toString('base64')},i=4096`)],
    ['sends a nonce of many kilobytes', scram((nonce) => `r=${nonce}${'n'.repeat(9000)},s=AAAA,i=4096`)],
    [
      'proves nothing at the end',
      scram(
        (nonce) => `r=${nonce}more,s=${Buffer.alloc(16).toString('base64')},i=4096`,
        `v=${Buffer.alloc(32).toString('base64')}`,
      ),
    ],
    [
      'breaks the SCRAM exchange off with a welcome',
      scram((nonce) => `r=${nonce}more,s=${Buffer.alloc(16).toString('base64')},i=4096`, null),
    ],
    ['sends an error without fields', (socket) => socket.write(typed('E', Buffer.of(0)))],
    ['sends an error without SQLSTATE', (socket) => socket.write(typed('E', 'Mno', Buffer.of(0)))],
    ['sends an error without an end', (socket) => socket.write(typed('E', Buffer.from('Mno')))],
    ['sends a message of a gigabyte', (socket) => socket.write(Buffer.from([0x52, 0x40, 0, 0, 0]))],
    ['sends a message of length 0', (socket) => socket.write(Buffer.from([0x52, 0, 0, 0, 0]))],
    ['sends rows before the login', (socket) => socket.write(row('x'))],
    ['is ready before the login', (socket) => socket.write(Buffer.concat([key, ready]))],
    ['hangs up', (socket) => socket.destroy()],
  ])('is refused where it %s', async (_what, act) => {
    play = { login: act };
    const wire = await connect();
    await wire.end();
    expect(wire.error()).toMatchObject({ S: 'FATAL', C: '08001' });
    expect(wire.types()).toMatch(/^R+E$/);
  });

  it.each([
    ['reads strings in the old way', typed('S', 'standard_conforming_strings', 'off')],
    ['speaks another encoding', typed('S', 'client_encoding', 'SQL_ASCII')],
    ['is too old', typed('S', 'server_version', '14.9')],
    ['has a minor release that leaks statistics', typed('S', 'server_version', '16.9 (Debian 16.9-1)')],
    ['reports parameters without end', Buffer.concat(Array.from({ length: 200 }, (_, i) => typed('S', `p${i}`, 'x')))],
  ])('is refused where it %s', async (_what, bytes) => {
    play = { greeting: bytes };
    const wire = await connect();
    await wire.end();
    expect(wire.error()).toMatchObject({ C: '08001' });
  });

  it.each([
    ['a row that nobody asked for', row('x')],
    ['ReadyForQuery twice', Buffer.concat([typed('C', 'SELECT 0'), ready, ready])],
    ['ParseComplete for a Query', typed('1')],
    ['CopyInResponse', typed('G', Buffer.from([0, 0, 0]))],
    ['CopyBothResponse', typed('W', Buffer.from([0, 0, 0]))],
    ['FunctionCallResponse', typed('V', -1)],
    ['a second authentication', authenticated],
    ['a second cancel key', key],
    ['a RowDescription that counts more columns than it has', typed('T', Buffer.from([0xff, 0xff]))],
    ['an error without an end', typed('E', Buffer.from('SERROR'))],
    ['a length of 3', Buffer.from([0x43, 0, 0, 0, 3])],
    ['a CommandComplete of a gigabyte', Buffer.from([0x43, 0x40, 0, 0, 0])],
    ['a type that does not exist', typed('!')],
    ['strings in the old way, in the middle of a session', typed('S', 'standard_conforming_strings', 'off')],
  ])('loses the session when it answers with %s', async (what, bytes) => {
    const wire = await connect();
    const idle = what.startsWith('a row');
    play = { answer: (socket) => socket.write(bytes) };
    if (idle) for (const socket of open) socket.write(bytes);
    else wire.send(typed('Q', 'select 1'));
    await wire.end();
    expect(wire.error()).toMatchObject({ S: 'FATAL' });
    expect(wire.types().match(/D/)).toBeNull();
  });

  it('sends notifications and hints of its own into the void, and unknown errors without their words', async () => {
    play = {
      answer: (socket) =>
        socket.write(
          Buffer.concat([
            typed('A', 1, 'channel', 'canary'),
            typed('N', 'SNOTICE', 'C01000', 'Mplain', 'Dcanary', 'Hcanary', 'Wcanary', Buffer.of(0)),
            typed('E', 'SERROR', 'CXX001', 'Mcanary', 'Dcanary', 'tcanary', Buffer.of(0)),
            ready,
          ]),
        ),
    };
    const wire = await connect();
    wire.send(typed('Q', 'select 1'));
    await wire.until(() => wire.types().endsWith('NEZ'));
    expect(wire.bytes.toString('latin1')).toContain('plain');
    expect(wire.bytes.toString('latin1')).not.toContain('canary');
    expect(access.outcomes().at(-1)).toMatchObject({ outcome: 'error', sqlstate: 'XX001' });
    wire.socket.destroy();
  });

  it('that dies in the middle of a result leaves an outcome that says unknown', async () => {
    play = {
      answer: (socket) => {
        socket.write(Buffer.concat([described, row('x'), row('y')]));
        socket.end();
      },
    };
    const wire = await connect();
    wire.send(typed('Q', 'select 1'));
    await wire.end();
    expect(wire.error()).toMatchObject({ C: '08006' });
    await until(() => access.outcomes().at(-1)?.outcome === 'unknown');
    expect(access.outcomes().at(-1)).toMatchObject({ rows: 2 });
  });

  it('keeps nothing running when its client goes away', async () => {
    play = { answer: (socket) => socket.write(described) };
    const wire = await connect();
    wire.send(typed('Q', 'select 1'));
    await wire.until(() => wire.types().endsWith('T'));
    wire.socket.destroy();
    await until(() => cancels.length > 0);
    expect(cancels[0]?.toString('hex')).toBe('0000000700000009');
    await until(() => access.outcomes().at(-1)?.outcome === 'cut');
  });

  it('is let go again where the client left before the source was ready', async () => {
    let proceed: () => void = () => undefined;
    let reached = false;
    play = {
      greeting: typed('N', 'SNOTICE', Buffer.of(0)),
      welcome: (go) => {
        reached = true;
        proceed = go;
      },
    };
    const grant = access.grant({
      source: 'shop',
      backend: { host: '127.0.0.1', port, tls: null, database: 'd', user: 'u', password },
    });
    const wire = await secure(gateway);
    wire.send(
      startup([
        ['user', grant.grantId],
        ['database', 'shop'],
      ]),
    );
    await proveToken(wire, grant.token);
    await until(() => reached);
    wire.socket.destroy();
    await wire.end();
    proceed();
    await until(() => access.told.some((entry) => entry.kind === 'closed' && entry.grantId === grant.grantId));
    await until(() => open.size === 0);
  });

  it('may send any bytes at any time without harm to the sessions of others', async () => {
    const quiet = await connect();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.constantFrom(...'DTCZESN1tdHcKR'),
        async (bytes, type) => {
          play = {
            answer: (socket) => {
              socket.write(typed(type, Buffer.from(bytes)));
              socket.end();
            },
          };
          const wire = await connect();
          wire.send(typed('Q', 'select 1'));
          await wire.end();
          expect(wire.closed).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
    play = { answer: (socket) => socket.write(Buffer.concat([typed('C', 'SELECT 0'), ready])) };
    quiet.send(typed('Q', 'select 1'));
    await quiet.until(() => quiet.types().endsWith('CZ'));
    expect(quiet.types()).toMatch(/CZ$/);
    quiet.socket.destroy();
  });
});

/** Serves one connection: a login over SCRAM unless the play has another, then whatever the play answers. */
function serve(socket: Socket, play: () => Play, password: string, cancelled: (body: Buffer) => void): void {
  let held: Buffer = Buffer.alloc(0);
  let round = 0;
  let loggedIn = false;
  const scramServer = new ScramServer({
    mechanism: 'SCRAM-SHA-256',
    verifier: verifierOf(password),
    genuine: true,
    channelBinding: Buffer.alloc(0),
    nonce: randomBytes(18),
  });
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    for (;;) {
      const offset = round === 0 ? 0 : 1;
      if (held.length < offset + 4) return;
      const end = offset + held.readInt32BE(offset);
      if (held.length < end) return;
      const body = held.subarray(offset + 4, end);
      const whole = held.subarray(0, end);
      held = held.subarray(end);
      if (round === 0 && body.readInt32BE(0) === 80877102) {
        cancelled(body.subarray(4));
        socket.end();
        return;
      }
      const act = play().login;
      if (loggedIn) {
        if (whole[0] !== 0x58) play().answer?.(socket, whole);
      } else if (act !== undefined) act(socket, body, round);
      else if (round === 0) socket.write(typed('R', 10, 'SCRAM-SHA-256', Buffer.of(0)));
      else if (round === 1) {
        const first = body.subarray('SCRAM-SHA-256\0'.length + 4).toString();
        socket.write(typed('R', 11, Buffer.from(scramServer.first(first))));
      } else {
        const end = scramServer.final(body.toString());
        loggedIn = true;
        const welcome = (): void => {
          socket.write(
            Buffer.concat([
              typed('R', 12, Buffer.from(end.proven ? end.serverFinal : '')),
              authenticated,
              parameters,
              play().greeting ?? Buffer.alloc(0),
              key,
              ready,
            ]),
          );
        };
        const hold = play().welcome;
        if (hold === undefined) welcome();
        else hold(welcome);
      }
      round += 1;
    }
  });
}

/** A login that answers client-first with what `serverFirst` makes of the nonce; then `last`, or a bare welcome. */
function scram(serverFirst: (nonce: string) => string, last: string | null = ''): NonNullable<Play['login']> {
  return (socket, body, round) => {
    if (round === 0) socket.write(typed('R', 10, 'SCRAM-SHA-256', Buffer.of(0)));
    else if (round === 1) {
      const nonce = /r=(.*)$/.exec(body.toString())?.[1] ?? '';
      socket.write(typed('R', 11, Buffer.from(serverFirst(nonce))));
    } else if (last === null) socket.write(Buffer.concat([authenticated, parameters, key, ready]));
    else socket.write(Buffer.concat([typed('R', 12, Buffer.from(last)), authenticated, parameters, key, ready]));
  };
}
