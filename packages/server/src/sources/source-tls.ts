import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { staysOnThisMachine, type UpstreamTls } from '../upstream-tls.ts';
import { SourceError } from './source.ts';

/** A bundle of every public authority has about 250 KiB. */
const caBytesMost = 1024 * 1024;

/**
 * Reads libpq's `sslmode` and `sslrootcert` for a host. Without `sslmode` a host on a network means verify-full, and this
 * machine means no TLS. The certificate of the server is always verified: `require` means what libpq makes of it when a root
 * certificate is there (verify-ca), and is refused without one; `prefer` and `allow` are refused, because a server that says
 * no to TLS would get everything in plain text (promise S13, INV-124). The root certificates are read once, here.
 */
export function readSourceTls(
  host: string,
  { sslmode, sslrootcert }: { readonly sslmode: string | null; readonly sslrootcert: string | null },
): UpstreamTls | null {
  const local = staysOnThisMachine(host);
  switch (sslmode ?? (local && sslrootcert === null ? 'disable' : 'verify-full')) {
    case 'disable':
      if (!local) throw plainText(host);
      return null;
    case 'verify-full':
      checkOverTcp(host);
      return { ca: sslrootcert === null || sslrootcert === 'system' ? null : readCa(sslrootcert), name: 'checked' };
    case 'verify-ca':
    case 'require':
      checkOverTcp(host);
      if (sslrootcert === null || sslrootcert === 'system') {
        throw refused(
          `sslmode=${sslmode} does not check the name of the server, so anybody with a certificate of a public authority could answer: give sslrootcert=/path/to/ca.pem, or use sslmode=verify-full.`,
        );
      }
      return { ca: readCa(sslrootcert), name: 'any' };
    default:
      throw refused(
        'The sslmode of the source is not disable, require, verify-ca or verify-full: use verify-full; prefer and allow would fall back to plain text.',
      );
  }
}

/** Refuses a connection that would leave this machine in plain text, wherever it came from. */
export function checkProtected({ host, tls }: { readonly host: string; readonly tls: UpstreamTls | null }): void {
  if (!tls && !staysOnThisMachine(host)) throw plainText(host);
}

function checkOverTcp(host: string): void {
  if (host.startsWith('/')) throw refused('PostgreSQL speaks no TLS over a Unix socket: leave sslmode out.');
}

function plainText(host: string): SourceError {
  return refused(
    `The source at ${host} is on another machine, and nothing goes there in plain text: use sslmode=verify-full, with sslrootcert=/path/to/ca.pem if a private authority signed its certificate.`,
  );
}

function readCa(path: string): string {
  const wrong = (found: string, cause?: unknown): SourceError =>
    refused(
      `The sslrootcert of the source ${found}: give the absolute path of a PEM file on the server's machine.`,
      cause,
    );
  if (!isAbsolute(path)) throw wrong('is not an absolute path');
  let text: string;
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > caBytesMost) throw wrong('is no file of at most 1 MiB');
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    throw wrong('cannot be read', cause);
  }
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) throw wrong('holds no certificate');
  try {
    for (const certificate of certificates) void new X509Certificate(certificate);
  } catch (cause) {
    throw wrong('holds a certificate that cannot be read', cause);
  }
  // Only the certificates: whatever else the file holds (a key, by mistake) is not stored with the source.
  return `${certificates.join('\n')}\n`;
}

function refused(sentence: string, cause?: unknown): SourceError {
  return new SourceError('SOURCE_TLS_REFUSED', sentence, cause === undefined ? {} : { cause });
}
