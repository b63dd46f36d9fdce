import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { debian15Missing, until } from '../cluster.ts';
import { revoked } from './memory-access.ts';
import { type Wire, login, packet, plain, proveToken, secure, sslRequest, startup, typed } from './raw-client.ts';
import { type Stage, openStage } from './stage.ts';

if (debian15Missing !== null) console.warn(debian15Missing);
describe.skipIf(debian15Missing !== null)('what the gateway refuses', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage({ unauthenticated: 50, handshakeMs: 3000 });
  });
  afterEach(() => {
    stage.access.durable = () => Promise.resolve();
    stage.access.outcomeDurable = () => Promise.resolve();
    stage.access.refuseIntent = null;
    stage.access.receiptAge = 0;
  });
  afterAll(() => stage.close());

  const begin = async (parameters: [string, string][], version?: number): Promise<Wire> => {
    const wire = await secure(stage.gateway);
    return wire.send(startup(parameters, version));
  };
  const openSession = async (options: Parameters<Stage['grant']>[0] = {}, version?: number) => {
    const grant = stage.grant(options);
    const base = { user: grant.grantId, database: grant.source, token: grant.token };
    const wire = await login(stage.gateway, version === undefined ? base : { ...base, version });
    expect(wire.types()).toMatch(/^R+S+KZ$/);
    return { grant, wire };
  };
  const ask = async (wire: Wire, sql: string): Promise<string> => {
    const before = wire.types().length;
    wire.send(typed('Q', sql));
    await wire.until(() => wire.types().slice(before).includes('Z'));
    return wire.types().slice(before);
  };

  describe('before the login', () => {
    it('a startup packet without TLS, with a sentence and what to do', async () => {
      const wire = plain(stage.gateway).send(startup([['user', 'x']]));
      await wire.end();
      expect(wire.error()).toMatchObject({ S: 'FATAL', C: '28000', H: expect.stringContaining('sslmode') });
      expect(stage.access.incidents.at(-1)).toMatchObject({ kind: 'plaintext_refused' });
    });

    it('bytes that come behind the SSLRequest in one packet, without reading them', async () => {
      const wire = plain(stage.gateway).send(Buffer.concat([sslRequest, typed('Q', 'select 1')]));
      await wire.end();
      expect(wire.bytes.length).toBe(0);
    });

    it('GSS encryption with N, after which TLS is still taken', async () => {
      const wire = plain(stage.gateway).send(packet(80877104));
      await wire.until(() => wire.bytes.length > 0);
      expect(wire.bytes.toString()).toBe('N');
      wire.send(sslRequest);
      await wire.until(() => wire.bytes.length > 1);
      expect(wire.bytes.toString()).toBe('NS');
      wire.socket.destroy();
    });

    it('direct TLS without the ALPN name postgresql', async () => {
      const wire = await secure(stage.gateway, ['http/1.1']);
      expect(wire.closed || wire.socket.destroyed).toBe(true);
      const none = await secure(stage.gateway, []);
      none.send(startup([['user', 'x']]));
      await none.end();
      expect(none.bytes.length).toBe(0);
    });

    it.each([0, 3, 4, 7, 10_001, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])(
      'a startup packet that gives its length as %d',
      async (length) => {
        const header = Buffer.alloc(8);
        header.writeUInt32BE(length);
        header.writeInt32BE(196608, 4);
        for (const wire of [plain(stage.gateway), await secure(stage.gateway)]) {
          wire.send(header);
          await wire.end();
          expect(wire.error()).toMatchObject({ C: '08P01' });
        }
      },
    );

    it.each<[string, [string, string][], string]>([
      [
        'options',
        [
          ['user', 'x'],
          ['options', '-c role=postgres'],
        ],
        '0A000',
      ],
      [
        'empty options',
        [
          ['user', 'x'],
          ['options', ''],
        ],
        '0A000',
      ],
      [
        'replication',
        [
          ['user', 'x'],
          ['replication', 'database'],
        ],
        '0A000',
      ],
      [
        'search_path',
        [
          ['user', 'x'],
          ['search_path', 'evil'],
        ],
        '0A000',
      ],
      [
        'a setting by its name',
        [
          ['user', 'x'],
          ['standard_conforming_strings', 'off'],
        ],
        '0A000',
      ],
      [
        'another encoding',
        [
          ['user', 'x'],
          ['client_encoding', 'SJIS'],
        ],
        '22023',
      ],
      [
        'the same key twice',
        [
          ['user', 'x'],
          ['user', 'y'],
        ],
        '08P01',
      ],
      [
        'the same key twice in another case',
        [
          ['user', 'x'],
          ['USER', 'y'],
        ],
        '08P01',
      ],
      ['no user', [['database', 'x']], '28000'],
      [
        'a time zone that is a path',
        [
          ['user', 'x'],
          ['TimeZone', '../../etc/passwd\n'],
        ],
        '22023',
      ],
      ['a user that is no grant', [['user', 'engineer@operator.example']], '28000'],
    ])('a startup packet with %s', async (_what, parameters, sqlstate) => {
      const wire = await begin(parameters);
      await wire.end();
      expect(wire.error()).toMatchObject({ S: 'FATAL', C: sqlstate });
      expect(wire.types()).toBe('E');
    });

    it('an engineer without a grant, with the command that asks', async () => {
      const wire = await begin([
        ['user', 'engineer'],
        ['database', 'shop'],
      ]);
      await wire.end();
      expect(wire.error()).toMatchObject({ C: '28000', H: expect.stringContaining('gatehouse request') });
    });

    it('protocol 2, and answers 3.9 and unknown options with what it speaks', async () => {
      const old = await begin([['user', 'x']], 131072);
      await old.end();
      expect(old.error()).toMatchObject({ C: '0A000' });
      const grant = stage.grant();
      const wire = await begin(
        [
          ['user', grant.grantId],
          ['database', 'shop'],
          ['_pq_.x', '1'],
        ],
        196617,
      );
      await wire.until(() => wire.types().includes('R'));
      expect(wire.types()).toBe('vR');
      expect(wire.messages()[0]?.body.toString('latin1')).toBe('\0\x03\0\x02\0\0\0\x01_pq_.x\0');
      wire.socket.destroy();
    });

    it('any bytes at all in the place of a startup packet, and goes on serving', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean(), async (bytes, framed) => {
          const wire = await secure(stage.gateway);
          const body = Buffer.from(bytes);
          wire.send(framed ? packet(196608, body) : body);
          wire.socket.end();
          await wire.end();
          expect(wire.types()).toMatch(/^E?$/);
        }),
        { numRuns: 60 },
      );
      expect((await stage.psql(stage.grant(), ['-Atc', 'select 1'])).stdout).toBe('1\n');
    });

    it('a socket that says nothing, after the deadline of the handshake', async () => {
      const wire = plain(stage.gateway);
      const since = performance.now();
      await wire.end();
      expect(performance.now() - since).toBeGreaterThan(2500);
      expect(performance.now() - since).toBeLessThan(5000);
    });

    it('more than its share of half-open sockets: the oldest go, and a login is still quick', async () => {
      const sockets = Array.from({ length: 300 }, () => connect({ host: '127.0.0.1', port: stage.gateway.port }));
      for (const socket of sockets) socket.on('error', () => socket.destroy()); // the oldest are reset
      let closed = 0;
      for (const socket of sockets) socket.on('close', () => (closed += 1)).resume();
      const since = performance.now();
      await until(() => closed >= 240);
      expect((await stage.psql(stage.grant(), ['-Atc', 'select 1'])).stdout).toBe('1\n');
      expect(performance.now() - since).toBeLessThan(2000);
      for (const socket of sockets) socket.destroy();
    });
  });

  describe('at the login', () => {
    it('a wrong token and an unknown grant in the same words and the same number of messages', async () => {
      const grant = stage.grant();
      const wrong = await login(stage.gateway, { user: grant.grantId, database: 'shop', token: 'wrong' });
      const unknown = await login(stage.gateway, { user: 'U'.repeat(22), database: 'shop', token: 'wrong' });
      const other = await login(stage.gateway, { user: grant.grantId, database: 'other', token: grant.token });
      expect(wrong.error()).toMatchObject({ S: 'FATAL', C: '28P01' });
      expect(unknown.types()).toBe(wrong.types());
      expect(unknown.error()).toEqual(wrong.error());
      expect(other.error()).toEqual(wrong.error());
      expect(grant.used).toBe(0);
    });

    it('an unknown grant with the same salt each time, as a real one', async () => {
      const saltOf = async (): Promise<string> => {
        const wire = await login(stage.gateway, { user: 'V'.repeat(22), database: 'shop', token: 'x' });
        return /s=[^,]+,i=\d+/.exec(wire.messages()[1]?.body.toString() ?? '')?.[0] ?? '';
      };
      expect(await saltOf()).toBe(await saltOf());
    });

    it('a token that was used, after it was proven, with the command that makes a new one', async () => {
      const grant = stage.grant();
      expect((await stage.psql(grant, ['-Atc', 'select 1'])).code).toBe(0);
      const again = await stage.psql(grant, ['-Atc', 'select 1']);
      expect(again.code).toBe(2);
      expect(again.stderr).toContain('a token opens one connection');
      expect(again.stderr).toContain(`gatehouse connect ${grant.grantId}`);
    });

    it('a second startup packet while the password is asked for (CVE-2026-107350)', async () => {
      const grant = stage.grant();
      const wire = await begin([
        ['user', grant.grantId],
        ['database', 'shop'],
      ]);
      await wire.until(() => wire.types() === 'R');
      wire.send(
        startup([
          ['user', stage.grant().grantId],
          ['database', 'shop'],
        ]),
      );
      await wire.end();
      expect(wire.error()).toMatchObject({ S: 'FATAL', C: '08P01' });
    });

    it.each([
      ['a query before the login', typed('Q', 'select 1')],
      ['a clear-text password', typed('p', 'secret')],
      ['an unknown mechanism', typed('p', 'SCRAM-SHA-1', 4, Buffer.from('n,,n'))],
      ['a SASL response that is longer than its message', typed('p', 'SCRAM-SHA-256', 1000, Buffer.from('n,,'))],
      ['an authorization identity', typed('p', 'SCRAM-SHA-256', 14, Buffer.from('n,a=x,n=,r=abc'))],
      ['a lost offer of channel binding', typed('p', 'SCRAM-SHA-256', 11, Buffer.from('y,,n=,r=abc'))],
      ['a binding without PLUS', typed('p', 'SCRAM-SHA-256', 32, Buffer.from('p=tls-server-end-point,,n=,r=abc'))],
      ['PLUS without a binding', typed('p', 'SCRAM-SHA-256-PLUS', 11, Buffer.from('n,,n=,r=abc'))],
      ['a password message of two gigabytes', Buffer.concat([Buffer.from('p'), Buffer.from([0x7f, 0xff, 0xff, 0xff])])],
    ])('%s', async (_what, bytes) => {
      const wire = await begin([
        ['user', stage.grant().grantId],
        ['database', 'shop'],
      ]);
      await wire.until(() => wire.types() === 'R');
      wire.send(bytes);
      await wire.end();
      expect(wire.types()).toBe('RE');
      expect(wire.error()['S']).toBe('FATAL');
    });

    it('a right token that is bound to another certificate, and takes one that is bound to ours', async () => {
      const grant = stage.grant();
      const wire = await login(stage.gateway, {
        user: grant.grantId,
        database: 'shop',
        token: grant.token,
        plus: true,
      });
      expect(wire.types()).toMatch(/^R+S+KZ$/);
      wire.socket.destroy();
      const old = await secure(stage.gateway, ['postgresql'], 'TLSv1.2');
      old.send(
        startup([
          ['user', stage.grant().grantId],
          ['database', 'shop'],
        ]),
      );
      await old.until(() => old.types() === 'R');
      old.socket.destroy();
      const grant2 = stage.grant();
      const bad = await begin([
        ['user', grant2.grantId],
        ['database', 'shop'],
      ]);
      await proveToken(bad, grant2.token, true, Buffer.alloc(32));
      await bad.end();
      expect(bad.error()).toMatchObject({ C: '28P01' });
    });
  });

  describe('in a session', () => {
    it.each([
      ['FunctionCall', typed('F', 1598), '0A000'],
      ['a second startup packet', startup([['user', 'postgres']]), '08P01'],
      ['a type that does not exist', typed('!'), '08P01'],
      ['a password message', typed('p', 'x'), '08P01'],
      ['a Sync with a body', typed('S', 1), '08P01'],
      ['a Query of two gigabytes', Buffer.concat([Buffer.from('Q'), Buffer.from([0x7f, 0xff, 0xff, 0xff])]), '08P01'],
      ['a Query of length 3', Buffer.concat([Buffer.from('Q'), Buffer.from([0, 0, 0, 3])]), '08P01'],
      ['a Query of length 0', Buffer.concat([Buffer.from('Q'), Buffer.from([0, 0, 0, 0])]), '08P01'],
      ['a Query of length -1', Buffer.concat([Buffer.from('Q'), Buffer.from([255, 255, 255, 255])]), '08P01'],
      ['a Query with a second text behind its NUL', typed('Q', 'select 1\0drop table orders'), '08P01'],
      ['a Query without an end', typed('Q', Buffer.from('select 1')), '08P01'],
      ['a Query that is not UTF-8', typed('Q', Buffer.from([0x73, 0xc3, 0x28, 0])), '22021'],
      ['a Parse with a NUL in its text', typed('P', '', 'select 1\0Q', Buffer.from([0, 0])), '08P01'],
      ['a Parse that counts more types than it has', typed('P', '', 'select 1', Buffer.from([0xff, 0xff])), '08P01'],
      ['a Bind with 65535 promised parameters', typed('B', '', '', Buffer.from([0, 0, 0xff, 0xff])), '08P01'],
      [
        'a Bind with a negative length',
        typed('B', '', '', Buffer.from([0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe, 0, 0])),
        '08P01',
      ],
      ['a name of 64 bytes', typed('P', 'n'.repeat(64), 'select 1', Buffer.from([0, 0])), '08P01'],
      ['a Describe of something else', typed('D', Buffer.from('X\0')), '08P01'],
    ])('%s ends it, and nothing of it runs', async (_what, bytes, sqlstate) => {
      const { wire } = await openSession();
      const intents = stage.access.intents().length;
      wire.send(bytes);
      await wire.end();
      expect(wire.error()).toMatchObject({ S: 'FATAL', C: sqlstate });
      expect(stage.access.intents().length).toBe(intents);
    });

    it('CopyData outside of a COPY is passed over, as by PostgreSQL', async () => {
      const { wire } = await openSession();
      wire.send(Buffer.concat([typed('d', 'x'), typed('c'), typed('f', 'why')]));
      expect(await ask(wire, 'select 1')).toBe('TDCZ');
      wire.socket.destroy();
    });

    it('a statement that the grant does not allow leaves the transaction exactly as an error does', async () => {
      const { grant, wire } = await openSession();
      expect(await ask(wire, 'begin')).toBe('CZ');
      const intents = stage.access.intents().length;
      expect(await ask(wire, 'delete from orders')).toBe('EZ');
      expect(wire.error()).toMatchObject({ S: 'ERROR', C: '42501', M: expect.stringContaining('DELETE writes') });
      expect(stage.access.intents().length).toBe(intents);
      expect(wire.messages().at(-1)?.body.toString()).toBe('E');
      expect(await ask(wire, 'select 1')).toBe('EZ');
      expect(wire.error()).toMatchObject({ C: '25P02' });
      expect(await ask(wire, 'rollback')).toBe('CZ');
      const denials = stage.access.told.filter((entry) => entry.kind === 'denial' && entry.grantId === grant.grantId);
      expect(denials).toEqual([
        {
          kind: 'denial',
          grantId: grant.grantId,
          intent: { class: 'forbidden', sql: 'delete from orders', params: [], shape: 'delete from orders' },
          why: expect.stringContaining('DELETE writes'),
        },
      ]);
      wire.socket.destroy();
    });

    it('a denied statement in a pipeline skips the rest up to Sync, and what came before is answered', async () => {
      const { wire } = await openSession();
      const before = wire.types().length;
      const two = Buffer.from([0, 0]);
      const run = (sql: string) =>
        Buffer.concat([typed('P', '', sql, two), typed('B', '', '', two, two, two), typed('E', '', 0)]);
      wire.send(Buffer.concat([run('select 1'), run('truncate orders'), run('select 2'), typed('S')]));
      await wire.until(() => wire.types().slice(before).includes('Z'));
      expect(wire.types().slice(before)).toBe('12DCEZ');
      expect(wire.error()).toMatchObject({ C: '42501' });
      expect(await ask(wire, 'select 1')).toBe('TDCZ');
      wire.socket.destroy();
    });

    it('no name can run another text than the one that was logged', async () => {
      const { wire } = await openSession();
      const two = Buffer.from([0, 0]);
      const bindRun = (statement: string) =>
        Buffer.concat([typed('B', '', statement, two, two, two), typed('E', '', 0)]);
      wire.send(Buffer.concat([typed('P', 's', "select 'first'", two), typed('S')]));
      await wire.until(() => wire.types().endsWith('1Z'));
      // an error, then Close and a new Parse of the same name: the backend skips both, and so must the gateway's memory
      wire.send(
        Buffer.concat([
          typed('P', '', 'select nothing_here', two),
          typed('C', Buffer.from('Ss\0')),
          typed('P', 's', "select 'second'", two),
          typed('S'),
          bindRun('s'),
          typed('S'),
        ]),
      );
      await wire.until(() => wire.types().endsWith('EZ2DCZ'));
      expect(wire.types()).toMatch(/EZ2DCZ$/);
      expect(stage.access.intents().at(-1)?.sql).toBe("select 'first'");
      expect(wire.bytes.toString('latin1')).toContain('first');
      expect(await ask(wire, 'execute s')).toBe('EZ');
      expect(wire.error()).toMatchObject({ C: '42501' });
      expect(await ask(wire, 'deallocate all')).toBe('CZ');
      wire.send(Buffer.concat([bindRun('never-made'), typed('S')]));
      await wire.until(() => wire.types().endsWith('EZ'));
      expect(wire.error()).toMatchObject({ C: '26000' });
      wire.socket.destroy();
    });

    it('the same session when it comes byte by byte, or split at every byte', async () => {
      const two = Buffer.from([0, 0]);
      const script = Buffer.concat([
        typed('Q', 'select 1'),
        typed('P', 'a', 'select $1::text', two),
        typed('B', '', 'a', two, Buffer.from([0, 1, 0, 0, 0, 2]), Buffer.from('hi'), two),
        typed('D', Buffer.from('P\0')),
        typed('E', '', 0),
        typed('S'),
      ]);
      const expected = 'TDCZ12TDCZ';
      const play = async (pieces: Buffer[]): Promise<void> => {
        const { wire } = await openSession();
        const before = wire.types().length;
        for (const piece of pieces) {
          await new Promise<void>((resolve) => wire.socket.write(piece, () => resolve()));
        }
        await wire.until(() => wire.types().slice(before).length >= expected.length);
        expect(wire.types().slice(before)).toBe(expected);
        wire.socket.destroy();
      };
      await play([...script].map((byte) => Buffer.of(byte)));
      for (let at = 1; at < script.length; at += 1) await play([script.subarray(0, at), script.subarray(at)]);
    });
  });

  describe('when the log or the grant says no', () => {
    it('nothing runs while the log is down: one sentence, and the session ends', async () => {
      const { wire } = await openSession();
      stage.access.durable = () => Promise.reject(new Error('LOG_UNAVAILABLE'));
      const types = await ask(wire, 'select customer from orders');
      await wire.end();
      expect(types).toBe('E');
      expect(wire.error()).toMatchObject({ S: 'FATAL', C: '57P03', M: expect.stringContaining('log') });
    });

    it('no byte of a result comes before the intent is durable', async () => {
      const { wire } = await openSession();
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      let askedAt = 0;
      stage.access.durable = () => {
        askedAt = wire.bytes.length;
        return held;
      };
      wire.send(typed('Q', 'select customer from orders limit 1'));
      await until(() => askedAt > 0);
      const running = await stage.asOwner(
        "select count(*)::int as n from pg_stat_activity where query like 'select customer from orders limit%'",
      );
      expect(running.rows).toEqual([{ n: 0 }]);
      expect(wire.bytes.length).toBe(askedAt);
      release();
      await wire.until(() => wire.types().endsWith('TDCZ'));
      wire.socket.destroy();
    });

    it('an outcome that cannot be recorded: the session ends, and the outcome is tried again until it is there', async () => {
      const { grant, wire } = await openSession();
      let failures = 2;
      stage.access.outcomeDurable = async () => {
        if (failures > 0) {
          failures -= 1;
          throw new Error('LOG_UNAVAILABLE');
        }
      };
      wire.send(typed('Q', 'select 1'));
      await wire.end();
      expect(wire.error()).toMatchObject({ S: 'FATAL', C: '57P03' });
      const mine = () =>
        stage.access.told.filter((entry) => entry.grantId === grant.grantId).map((entry) => entry.kind);
      await until(() => mine().includes('closed'));
      expect(mine()).toEqual(['intent', 'outcome', 'closed']);
    });

    it('the next statement, as long as a session owes the log too many outcomes', async () => {
      const { grant, wire } = await openSession();
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      stage.access.outcomeDurable = () => held;
      const before = wire.types().length;
      wire.send(Buffer.concat(Array.from({ length: 80 }, () => typed('Q', 'select 1'))));
      const intents = () =>
        stage.access.told.filter((entry) => entry.kind === 'intent' && entry.grantId === grant.grantId).length;
      await until(() => intents() === 64);
      await wire.until(() => wire.types().slice(before).length === 64 * 4);
      expect(intents()).toBe(64);
      release();
      await wire.until(() => wire.types().slice(before).length === 80 * 4);
      expect(intents()).toBe(80);
      wire.socket.destroy();
    });

    it('a statement longer than an intent may be, which ends nothing', async () => {
      const { wire } = await openSession();
      expect(await ask(wire, `select '${'x'.repeat(1_100_000)}'`)).toBe('EZ');
      expect(wire.error()).toMatchObject({ S: 'ERROR', C: '54000' });
      expect(await ask(wire, 'select 1')).toBe('TDCZ');
      wire.socket.destroy();
    });

    it('more prepared statements than a session may hold', async () => {
      const { wire } = await openSession();
      const two = Buffer.from([0, 0]);
      const many = Array.from({ length: 2001 }, (_, index) => typed('P', `s${index}`, 'select 1', two));
      wire.send(Buffer.concat([...many, typed('S')]));
      await wire.until(() => wire.types().endsWith('EZ'));
      expect(wire.error()).toMatchObject({ C: '53200' });
      expect(await ask(wire, 'select 1')).toBe('TDCZ');
      wire.socket.destroy();
    });

    it('a refused intent is an error with its reason, and the session goes on', async () => {
      const { wire } = await openSession();
      stage.access.refuseIntent = {
        sqlstate: '53400',
        message: 'The statements of this hour are used up.',
        detail: 'd',
        hint: 'h',
      };
      expect(await ask(wire, 'select 1')).toBe('EZ');
      expect(wire.error()).toMatchObject({
        S: 'ERROR',
        C: '53400',
        M: 'The statements of this hour are used up.',
        D: 'd',
        H: 'h',
      });
      stage.access.refuseIntent = null;
      expect(await ask(wire, 'select 1')).toBe('TDCZ');
      wire.socket.destroy();
    });

    it('a receipt that is older than a second does not let a statement go; it is asked for again, and told as cut', async () => {
      const { grant, wire } = await openSession();
      stage.access.receiptAge = 1500;
      let asked = 0;
      stage.access.durable = async () => {
        asked += 1;
        if (asked === 3) stage.access.receiptAge = 0;
      };
      expect(await ask(wire, 'select 1')).toBe('TDCZ');
      expect(asked).toBe(3);
      const mine = stage.access.told.flatMap((entry) =>
        entry.kind === 'outcome' && entry.grantId === grant.grantId ? [entry.outcome] : [],
      );
      expect(mine.map((outcome) => outcome.outcome)).toEqual(['cut', 'cut', 'ok']);
      wire.socket.destroy();
    });

    it('a statement whose grant ends between its intent and its release', async () => {
      const { grant, wire } = await openSession();
      stage.access.durable = async () => grant.end.abort(revoked);
      wire.send(typed('Q', 'select customer from orders'));
      await wire.end();
      expect(wire.types()).toMatch(/ZE$/);
      expect(wire.error()).toMatchObject({ S: 'FATAL', C: '57P01', M: revoked.message, H: revoked.hint });
      await until(() => stage.access.told.some((entry) => entry.kind === 'closed' && entry.grantId === grant.grantId));
    });

    it('a statement that comes at the end of the grant, to the millisecond, even if no timer has fired', async () => {
      const { wire } = await openSession({ notAfter: Date.now() - 1 });
      wire.send(typed('Q', 'select 1'));
      await wire.end();
      expect(wire.error()).toMatchObject({ C: '57P01' });
    });

    it('an idle session, a running query and a COPY, all within a second of the end of the grant', async () => {
      for (const sql of [
        null,
        'select count(*) from generate_series(1, 10000000000)',
        'copy (select body from wide, generate_series(1, 100000)) to stdout',
      ]) {
        const { grant, wire } = await openSession();
        if (sql !== null) wire.send(typed('Q', sql));
        if (sql !== null)
          await until(() =>
            stage.access.told.some((entry) => entry.kind === 'intent' && entry.grantId === grant.grantId),
          );
        if (sql?.startsWith('copy')) await wire.until(() => wire.bytes.length > 3_000_000);
        const since = performance.now();
        grant.end.abort(revoked);
        await wire.end();
        expect(performance.now() - since).toBeLessThan(1000);
        await until(() =>
          stage.access.told.some((entry) => entry.kind === 'closed' && entry.grantId === grant.grantId),
        );
        const left = async () =>
          (await stage.asOwner("select 1 from pg_stat_activity where usename = 'g_test'")).rowCount;
        await until(async () => (await left()) === 0, 5000);
      }
    });

    it('a statement pipelined behind the one at which the grant ended', async () => {
      const { grant, wire } = await openSession();
      let intents = 0;
      stage.access.durable = async () => {
        intents += 1;
        if (intents === 2) grant.end.abort(revoked);
      };
      wire.send(Buffer.concat([typed('Q', 'select 1'), typed('Q', 'select 2'), typed('Q', 'select 3')]));
      await wire.end();
      expect(wire.types()).toMatch(/ZTDCZE$/);
      expect(intents).toBe(2);
    });

    it('the row that would exceed the budget, and every one after it', async () => {
      const { grant, wire } = await openSession({ rowsLeft: 10 });
      wire.send(typed('Q', 'select id from orders'));
      await wire.end();
      expect(wire.types().match(/D/g)?.length).toBe(10);
      expect(wire.error()).toMatchObject({ S: 'FATAL', C: '53400' });
      await until(() => stage.access.told.some((entry) => entry.kind === 'closed' && entry.grantId === grant.grantId));
      const mine = stage.access.told.flatMap((entry) =>
        entry.kind === 'outcome' && entry.grantId === grant.grantId ? [entry.outcome] : [],
      );
      expect(mine).toMatchObject([{ outcome: 'cut', rows: 10 }]);
    });

    it('errors of the source without DETAIL, HINT and CONTEXT, and values never repeated', async () => {
      const { wire } = await openSession();
      expect(await ask(wire, "select note::int from orders where id = 1 or 'canary'::int = 1")).toBe('EZ');
      const error = wire.error();
      expect(error['C']).toBe('22P02');
      expect(JSON.stringify(error)).not.toContain('canary');
      expect(await ask(wire, 'select nothing_here from orders')).toBe('EZ');
      expect(wire.error()).toMatchObject({ C: '42703', M: expect.stringContaining('nothing_here') });
      expect(Object.keys(wire.error()).sort()).toEqual(['C', 'M', 'P', 'S', 'V']);
      wire.socket.destroy();
    });
  });

  describe('cancel', () => {
    const slow = 'select count(*) from generate_series(1, 10000000000)';
    const keyOf = (wire: Wire): Buffer =>
      wire.messages().find((message) => message.type === 'K')?.body ?? Buffer.alloc(0);
    const cancel = async (body: Buffer): Promise<void> => {
      const wire = plain(stage.gateway).send(packet(80877102, body));
      await wire.end();
      expect(wire.bytes.length).toBe(0);
    };
    const isRunning = async (): Promise<boolean> =>
      ((await stage.asOwner("select 1 from pg_stat_activity where usename = 'g_test' and state = 'active'")).rowCount ??
        0) > 0;

    it.each([196608, 196610])(
      'stops the running query of its own client (protocol %d), and the session goes on',
      async (version) => {
        const { wire } = await openSession({}, version);
        const key = keyOf(wire);
        expect(key.length).toBe(version === 196610 ? 36 : 8);
        expect(key.readInt32BE(0)).toBeGreaterThan(0);
        wire.send(typed('Q', slow));
        await until(isRunning);
        await cancel(key);
        await wire.until(() => wire.types().endsWith('EZ'));
        expect(wire.error()).toMatchObject({ C: '57014' });
        expect(await ask(wire, 'select 1')).toBe('TDCZ');
        wire.socket.destroy();
      },
    );

    it('with a wrong key, or with the key of another client, stops nothing', async () => {
      const { wire } = await openSession();
      const { wire: other } = await openSession();
      wire.send(typed('Q', slow));
      await until(isRunning);
      const wrong = Buffer.from(keyOf(wire));
      wrong[7] = (wrong[7] ?? 0) ^ 1;
      const refusedBefore = stage.access.incidents.filter((incident) => incident.kind === 'cancel_refused').length;
      for (const body of [wrong, keyOf(other), keyOf(wire).subarray(0, 4), Buffer.alloc(300), Buffer.alloc(0)]) {
        const attempt = plain(stage.gateway).send(packet(80877102, body));
        await attempt.end();
      }
      const refused = stage.access.incidents.filter((incident) => incident.kind === 'cancel_refused').length;
      expect(refused - refusedBefore).toBe(4); // the key of the other client is a key, and its client runs nothing
      expect(await isRunning()).toBe(true);
      expect(wire.types()).toMatch(/Z$/);
      await cancel(keyOf(wire));
      await wire.until(() => wire.types().endsWith('EZ'));
      wire.socket.destroy();
      other.socket.destroy();
    });

    it('of an idle session stops nothing that comes later', async () => {
      const { wire } = await openSession();
      await cancel(keyOf(wire));
      expect(await ask(wire, 'select 1')).toBe('TDCZ');
      wire.socket.destroy();
    });
  });

  it('proves a token only once a login was begun', async () => {
    const wire = await secure(stage.gateway);
    wire.send(
      startup([
        ['user', stage.grant().grantId],
        ['database', 'nowhere'],
      ]),
    );
    await proveToken(wire, 'x');
    await wire.end();
    expect(wire.error()).toMatchObject({ C: '28P01' });
  });

  it('goes on with nobody once it stops: each session is told, and its role is given back', async () => {
    const { grant, wire } = await openSession();
    wire.send(typed('Q', 'select count(*) from generate_series(1, 10000000000)'));
    await until(() => stage.access.told.some((entry) => entry.kind === 'intent' && entry.grantId === grant.grantId));
    await stage.gateway.close();
    await wire.end();
    expect(wire.error()).toMatchObject({ S: 'FATAL', C: '57P01' });
    expect(stage.access.told.some((entry) => entry.kind === 'closed' && entry.grantId === grant.grantId)).toBe(true);
  });
});
