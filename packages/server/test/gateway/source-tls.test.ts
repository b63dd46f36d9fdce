import 'reflect-metadata';
import { chownSync, writeFileSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountFor } from '../../src/db/account.ts';
import { cancelBackend, connectBackend } from '../../src/gateway/backend.ts';
import type { BackendAddress } from '../../src/gateway/index.ts';
import { withAdmin, parseSourceUrl } from '../../src/sources/connection.ts';
import { type Debian15, debian15Missing, startDebian15, temporaryFolder, until } from '../cluster.ts';
import { randomBytes, webcrypto } from 'node:crypto';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;
const hour = 3_600_000;

/** An authority of these tests, and a server certificate that it signs for the given names. */
async function authority(name: string) {
  x509.cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const own = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(8).toString('hex'),
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - hour),
    notAfter: new Date(Date.now() + hour),
    signingAlgorithm: signing,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const sign = async (names: { type: 'dns' | 'ip'; value: string }[], notAfter = Date.now() + hour) => {
    const serverKeys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: randomBytes(8).toString('hex'),
      subject: 'CN=a database server',
      issuer: own.subject,
      notBefore: new Date(Date.now() - 2 * hour),
      notAfter: new Date(notAfter),
      signingAlgorithm: signing,
      publicKey: serverKeys.publicKey,
      signingKey: keys.privateKey,
      extensions: [new x509.SubjectAlternativeNameExtension(names)],
    });
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', serverKeys.privateKey)).toString('base64');
    return {
      certificate: certificate.toString('pem'),
      key: `-----BEGIN PRIVATE KEY-----\n${der.replace(/(.{64})/g, '$1\n').trimEnd()}\n-----END PRIVATE KEY-----\n`,
    };
  };
  return { pem: own.toString('pem'), sign };
}

if (debian15Missing !== null) console.warn(debian15Missing);
describe.skipIf(debian15Missing !== null)('S13: the way from the gateway to a source', () => {
  const folder = temporaryFolder();
  const caFile = join(folder.path, 'ca.pem');
  const otherFile = join(folder.path, 'other.pem');
  let postgres: Debian15;
  let ca = '';
  let otherCa = '';

  const asAdmin = async (sql: string): Promise<readonly (readonly unknown[])[]> => {
    const client = new Client({ connectionString: postgres.url });
    client.on('error', () => undefined); // only the statement's own error counts here
    await client.connect();
    try {
      return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows;
    } finally {
      await client.end();
    }
  };
  /** Puts the server's certificate in place, or takes TLS away. */
  const serve = async (pair: { certificate: string; key: string } | null): Promise<void> => {
    if (pair !== null) {
      const { uid, gid } = accountFor(null);
      for (const [name, text] of [
        ['server.pem', pair.certificate],
        ['server.key', pair.key],
      ] as const) {
        const path = join(folder.path, name);
        writeFileSync(path, text, { mode: 0o600 });
        if (process.getuid?.() === 0) chownSync(path, uid, gid);
        await asAdmin(`alter system set ${name === 'server.pem' ? 'ssl_cert_file' : 'ssl_key_file'} = '${path}'`);
      }
    }
    await asAdmin(`alter system set ssl = ${pair === null ? 'off' : 'on'}`);
    await asAdmin('select pg_reload_conf()');
    await until(async () => (await asAdmin('show ssl'))[0]?.[0] === (pair === null ? 'off' : 'on'));
  };
  const roots = new Map<string, Awaited<ReturnType<typeof authority>>>();
  const pairFor = async (root: string, names: { type: 'dns' | 'ip'; value: string }[], notAfter?: number) =>
    await (roots.get(root) as Awaited<ReturnType<typeof authority>>).sign(names, notAfter);

  beforeAll(async () => {
    postgres = await startDebian15();
    for (const name of ['right', 'other']) roots.set(name, await authority(name));
    ca = roots.get('right')?.pem ?? '';
    otherCa = roots.get('other')?.pem ?? '';
    writeFileSync(caFile, ca);
    writeFileSync(otherFile, otherCa);
    await asAdmin("create role g_test login password 'role password'");
    await serve(await pairFor('right', [{ type: 'ip', value: '127.0.0.1' }]));
  });
  afterAll(async () => {
    await postgres.close();
    folder.remove();
  });

  const address = (more: Partial<BackendAddress> = {}): BackendAddress => ({
    host: '127.0.0.1',
    port: postgres.port,
    tls: { ca, name: 'checked' },
    database: 'postgres',
    user: 'g_test',
    password: 'role password',
    ...more,
  });
  const reach = async (to: BackendAddress) =>
    await connectBackend({
      address: to,
      applicationName: 'test',
      settings: new Map(),
      random: (length) => randomBytes(length),
      signal: new AbortController().signal,
    });
  const logins = async (): Promise<number> =>
    (await asAdmin("select 1 from pg_stat_activity where usename = 'g_test'")).length;
  const url = (query: string, host = '127.0.0.1'): string =>
    `postgresql://admin:${encodeURIComponent(postgres.password)}@${host}:${postgres.port}/postgres${query}`;
  const overAdmin = async (query: string) =>
    await withAdmin(parseSourceUrl(url(query)), async (client) => {
      const { rows } = await client.query('select ssl from pg_catalog.pg_stat_ssl where pid = pg_backend_pid()');
      return rows[0] as { ssl: boolean };
    });

  it('is under TLS with the right authority, for the role of a grant, its cancel and the administrator', async () => {
    const backend = await reach(address());
    expect(
      await asAdmin(
        "select ssl, version >= 'TLSv1.2' from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'g_test'",
      ),
    ).toEqual([[true, true]]);
    const sleep = Buffer.from('Qxxxxselect pg_sleep(60)\0', 'latin1');
    sleep.writeInt32BE(sleep.length - 1, 1);
    let answer = '';
    backend.socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    backend.socket.resume();
    backend.socket.write(sleep);
    await until(
      async () => (await asAdmin("select 1 from pg_stat_activity where query ~ '^select pg_sleep'")).length > 0,
    );
    await cancelBackend(address(), backend.cancelKey);
    await until(() => answer.includes('C57014'));
    backend.socket.destroy();
    expect(await overAdmin(`?sslmode=verify-full&sslrootcert=${caFile}`)).toEqual({ ssl: true });
    expect(await overAdmin(`?sslrootcert=${caFile}`)).toEqual({ ssl: true });
    expect(await overAdmin(`?sslmode=verify-ca&sslrootcert=${caFile}`)).toEqual({ ssl: true });
    expect(await overAdmin('')).toEqual({ ssl: false });
  });

  it('is not taken when another authority has signed the certificate of the server', async () => {
    await until(async () => (await logins()) === 0);
    for (const tls of [
      { ca: otherCa, name: 'checked' },
      { ca: otherCa, name: 'any' },
      { ca: null, name: 'checked' },
    ] as const) {
      await expect(reach(address({ tls }))).rejects.toThrow(/not proven over TLS .* check its certificate/);
      await cancelBackend(address({ tls }), { pid: 1, secret: Buffer.alloc(4) });
    }
    await expect(overAdmin(`?sslmode=verify-full&sslrootcert=${otherFile}`)).rejects.toMatchObject({
      code: 'SOURCE_TLS_REFUSED',
      message: expect.stringContaining('sslrootcert is the authority that signed it'),
    });
    await expect(overAdmin('?sslmode=verify-full')).rejects.toMatchObject({ code: 'SOURCE_TLS_REFUSED' });
    await until(async () => (await logins()) === 0);
  });

  it('is not taken when the certificate is for another host, or out of date; verify-ca asks only for the authority', async () => {
    await serve(await pairFor('right', [{ type: 'dns', value: 'db.example' }]));
    await expect(reach(address())).rejects.toThrow(/ERR_TLS_CERT_ALTNAME_INVALID/);
    await expect(overAdmin(`?sslmode=verify-full&sslrootcert=${caFile}`)).rejects.toMatchObject({
      code: 'SOURCE_TLS_REFUSED',
    });
    const backend = await reach(address({ tls: { ca, name: 'any' } }));
    backend.socket.destroy();
    await serve(await pairFor('right', [{ type: 'ip', value: '127.0.0.1' }], Date.now() - hour));
    await expect(reach(address())).rejects.toThrow(/CERT_HAS_EXPIRED/);
    await serve(await pairFor('right', [{ type: 'dns', value: 'localhost' }]));
    (await reach(address({ host: 'localhost' }))).socket.destroy();
    await expect(reach(address())).rejects.toThrow(/ERR_TLS_CERT_ALTNAME_INVALID/);
  });

  it('is not taken when the server has no TLS, and nothing is sent in its place', async () => {
    await serve(null);
    await expect(reach(address())).rejects.toThrow(/offers no TLS: set ssl = on/);
    await expect(overAdmin(`?sslmode=verify-full&sslrootcert=${caFile}`)).rejects.toMatchObject({
      code: 'SOURCE_TLS_REFUSED',
    });
    await until(async () => (await logins()) === 0);
  });
});

describe('S13: a source that wants plain text', () => {
  const folder = temporaryFolder();
  const sockets = new Set<Socket>();
  let server: Server;
  let port = 0;
  let heard = '';
  let answer: (socket: Socket) => void = () => undefined;
  beforeAll(async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()); // the gateway hangs up
      let first = true;
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.toString('latin1');
        if (first) answer(socket);
        first = false;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const at = server.address();
    port = typeof at === 'object' && at !== null ? at.port : 0;
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    folder.remove();
  });
  const reach = async (over: AbortSignal = new AbortController().signal, host = '127.0.0.1', tls = true) =>
    await connectBackend({
      address: {
        host,
        port,
        tls: tls ? { ca: null, name: 'checked' } : null,
        database: 'd',
        user: 'secret-role',
        password: 'secret',
      },
      applicationName: 'test',
      settings: new Map(),
      random: (length) => randomBytes(length),
      signal: over,
    });
  const welcome = Buffer.from('R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\0\0\x01\0\0\0\x01Z\0\0\0\x05I', 'latin1');

  it.each<[string, (socket: Socket) => void, RegExp]>([
    [
      'stuffs bytes behind its yes',
      (socket) => socket.write(Buffer.concat([Buffer.from('S'), welcome])),
      /behind its answer/,
    ],
    [
      'sends a plain welcome after its yes',
      (socket) => void socket.write('S', () => setImmediate(() => socket.write(welcome))),
      /not proven over TLS|behind its answer/,
    ],
    ['says no', (socket) => socket.write('N'), /offers no TLS/],
    ['answers with an error', (socket) => socket.write(Buffer.from('E\0\0\0\x05\0', 'latin1')), /offers no TLS/],
    ['welcomes at once', (socket) => socket.write(welcome), /offers no TLS/],
    ['hangs up', (socket) => void socket.destroy(), /cannot be reached/],
    ['hangs up after its yes', (socket) => void socket.end('S'), /not proven over TLS/],
  ])(
    'is left with a sentence where it %s, and hears neither the role nor the password',
    async (_what, act, sentence) => {
      heard = '';
      answer = act;
      await expect(reach()).rejects.toThrow(sentence);
      expect(heard.slice(0, 8)).toBe('\0\0\0\x08\x04\xd2\x16\x2f');
      expect(heard).not.toContain('secret');
    },
  );

  it('is left at the end of the grant while it says nothing', async () => {
    const over = new AbortController();
    answer = () => over.abort();
    await expect(reach(over.signal)).rejects.toThrow(/before the deadline, or the grant ended/);
    await expect(reach(over.signal)).rejects.toThrow(/before the deadline, or the grant ended/);
  });

  it('is never reached without a TLS setting on another machine', async () => {
    for (const host of ['192.0.2.1', 'db.example', '2001:db8::1', '128.0.0.1', '127.evil.example', '0.0.0.0']) {
      await expect(reach(undefined, host, false), host).rejects.toThrow(/nothing goes there in plain text/);
      const to = { host, port, tls: null, database: 'd', user: 'u' };
      await expect(
        withAdmin(to, () => Promise.resolve()),
        host,
      ).rejects.toMatchObject({ code: 'SOURCE_TLS_REFUSED' });
    }
  });

  it('is refused by its URL: no TLS only on this machine, no TLS that verifies nothing, no file that is no certificate', () => {
    const notPem = join(folder.path, 'not.pem');
    writeFileSync(notPem, 'secret');
    const parse = (host: string, query: string) => () => parseSourceUrl(`postgresql://u:p@${host}:5432/d${query}`);
    for (const host of ['127.0.0.1', '127.8.9.1', 'localhost', '[::1]']) {
      expect(parse(host, '')().tls, host).toBeNull();
      expect(parse(host, '?sslmode=disable')().tls, host).toBeNull();
    }
    expect(parse('x', '?host=/var/run/postgresql')().tls).toBeNull();
    for (const host of ['db.example', '192.0.2.1', '[2001:db8::1]']) {
      expect(parse(host, '')().tls, host).toEqual({ ca: null, name: 'checked' });
      expect(parse(host, '?sslmode=verify-full&sslrootcert=system')().tls).toEqual({ ca: null, name: 'checked' });
      expect(parse(host, '?sslmode=disable'), host).toThrow(/nothing goes there in plain text/);
    }
    for (const query of [
      '?sslmode=prefer',
      '?sslmode=allow',
      '?sslmode=REQUIRE',
      '?sslmode=require',
      '?sslmode=verify-ca',
      '?sslmode=require&sslrootcert=system',
      `?sslrootcert=${notPem}`,
      '?sslrootcert=ca.pem',
      '?sslrootcert=/nowhere/ca.pem',
      '?sslrootcert=/dev/zero',
      '?host=/tmp&sslmode=verify-full',
    ]) {
      expect(parse('db.example', query), query).toThrow(expect.objectContaining({ code: 'SOURCE_TLS_REFUSED' }));
    }
  });
});
