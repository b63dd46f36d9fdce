import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import { isIP } from 'node:net';

/**
 * How a connection to a database server is protected (promise S13, INV-124: plain text refused, upstream verified). Plain
 * data, so that it can be stored and handed on. `ca` is one or more PEM certificates; null means the authorities that
 * Node.js ships. The server's certificate is always verified; `name` says whether it must be for the host as well.
 */
export type UpstreamTls = { readonly ca: string | null; readonly name: 'checked' | 'any' };

/** The options of a TLS connection to `host`, at least TLS 1.2. There is no way to leave the verification out. */
export function upstreamTlsOptions({ ca, name }: UpstreamTls, host: string): ConnectionOptions {
  return {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(ca === null ? {} : { ca }),
    // RFC 6066 section 3: an address is no server name. It is checked all the same, against the certificate's addresses.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    checkServerIdentity: (_name, certificate) =>
      name === 'checked' ? checkServerIdentity(host, certificate) : undefined,
  };
}

/** Whether bytes to this host stay on this machine: a Unix socket (`/…`), or a loopback address. Nothing else may go without TLS. */
export function staysOnThisMachine(host: string): boolean {
  if (host.startsWith('/') || host.toLowerCase() === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
