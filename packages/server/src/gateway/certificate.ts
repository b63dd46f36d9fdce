import 'reflect-metadata';
import { createHash, createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import type { Clock } from '../clock.ts';

/** The certificate that the gateway shows, and what SCRAM-SHA-256-PLUS binds to. */
export type GatewayCertificate = {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
  /** SHA-256 of the certificate (RFC 5929 tls-server-end-point; the certificate is signed with ecdsa-with-SHA256). */
  readonly endPoint: Uint8Array;
  /** After this instant (epoch milliseconds) a new certificate is due. */
  readonly renewAt: number;
};

const day = 24 * 60 * 60 * 1000;
const authorityLife = 3650 * day;
const serverLife = 397 * day; // the longest that common clients accept
const renewBefore = 30 * day;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;

/**
 * Loads the gateway's certificate from the data directory, or makes it: an own authority (written for clients to
 * `gateway-ca.pem`) and a server certificate for localhost and this host's name, both ECDSA P-256. Keys are 0600 in a
 * 0700 folder. A certificate with less than 30 days left is replaced; the authority only when it is near its own end.
 */
export async function loadCertificate(options: {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
}): Promise<GatewayCertificate> {
  x509.cryptoProvider.set(webcrypto);
  const paths = {
    authority: join(options.dataDir, 'gateway-ca.pem'),
    authorityKey: join(options.dataDir, 'keys', 'gateway-ca.key'),
    certificate: join(options.dataDir, 'keys', 'gateway-server.pem'),
    key: join(options.dataDir, 'keys', 'gateway-server.key'),
  };
  await mkdir(join(options.dataDir, 'keys'), { recursive: true, mode: 0o700 });
  const now = options.clock.now();
  const serial = () => Buffer.from(options.random(16)).toString('hex');

  let authority = await readPair(paths.authority, paths.authorityKey);
  let server = await readPair(paths.certificate, paths.key);
  if (authority === null || expiresSoon(authority.certificate, now + serverLife)) {
    authority = await makeAuthority(now, serial());
    await writeSecret(paths.authorityKey, authority.key);
    await writeWhole(paths.authority, authority.certificate.toString('pem'), 0o644);
    server = null;
  }
  if (
    server === null ||
    expiresSoon(server.certificate, now) ||
    !(await issuedBy(server.certificate, authority.certificate))
  ) {
    server = await makeServer(authority, now, serial());
    await writeSecret(paths.key, server.key);
    await writeWhole(paths.certificate, server.certificate.toString('pem'), 0o644);
  }
  return {
    certificate: `${server.certificate.toString('pem')}\n${authority.certificate.toString('pem')}\n`,
    key: server.key,
    authority: paths.authority,
    endPoint: createHash('sha256').update(new Uint8Array(server.certificate.rawData)).digest(),
    renewAt: server.certificate.notAfter.getTime() - renewBefore,
  };
}

type Pair = { readonly certificate: x509.X509Certificate; readonly key: string };

async function readPair(certificatePath: string, keyPath: string): Promise<Pair | null> {
  try {
    const [certificate, key] = await Promise.all([readFile(certificatePath, 'utf8'), readFile(keyPath, 'utf8')]);
    // A key of another certificate would start a gateway that nobody can log in to.
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) throw new Error('another key');
    return { certificate: new x509.X509Certificate(certificate), key };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(
      `The gateway's certificate ${certificatePath} and its key ${keyPath} cannot be read or do not belong together; remove both to make new ones.`,
      {
        cause,
      },
    );
  }
}

function expiresSoon(certificate: x509.X509Certificate, now: number): boolean {
  return certificate.notAfter.getTime() - now < renewBefore || certificate.notBefore.getTime() > now;
}

async function issuedBy(certificate: x509.X509Certificate, authority: x509.X509Certificate): Promise<boolean> {
  return certificate.verify({ publicKey: authority.publicKey, signatureOnly: true });
}

async function makeAuthority(now: number, serialNumber: string): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    name: `CN=Gatehouse gateway authority ${serialNumber.slice(0, 8)}`,
    notBefore: new Date(now - day),
    notAfter: new Date(now + authorityLife),
    signingAlgorithm: signing,
    keys: keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, key: await exportKey(keys.privateKey) };
}

async function makeServer(authority: Pair, now: number, serialNumber: string): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const authorityKey = await webcrypto.subtle.importKey('pkcs8', derOf(authority.key), algorithm, false, ['sign']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber,
    subject: 'CN=localhost',
    issuer: authority.certificate.subject,
    notBefore: new Date(now - day),
    notAfter: new Date(Math.min(now + serverLife, authority.certificate.notAfter.getTime())),
    signingAlgorithm: signing,
    publicKey: keys.publicKey,
    signingKey: authorityKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(alternativeNames()),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
    ],
  });
  return { certificate, key: await exportKey(keys.privateKey) };
}

function alternativeNames(): { type: 'dns' | 'ip'; value: string }[] {
  const names = new Set(['localhost']);
  if (/^[A-Za-z0-9.-]{1,253}$/.test(hostname())) names.add(hostname());
  return [
    ...[...names].map((value) => ({ type: 'dns' as const, value })),
    { type: 'ip', value: '127.0.0.1' },
    { type: 'ip', value: '::1' },
  ];
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/(.{64})/g, '$1\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

function derOf(pem: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
}

async function writeSecret(path: string, text: string): Promise<void> {
  await writeWhole(path, text, 0o600);
}

/** Writes beside the file and renames, so that a crash leaves the old file or the new one. */
async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, text, { mode });
  await rename(`${path}.new`, path);
}
