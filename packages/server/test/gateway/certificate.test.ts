import { X509Certificate, randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { steeredClock } from '../../src/clock.ts';
import { type GatewayCertificate, loadCertificate } from '../../src/gateway/certificate.ts';
import { temporaryFolder } from '../cluster.ts';

const day = 24 * 60 * 60 * 1000;

async function withFolder(
  work: (dataDir: string, load: (now: number) => Promise<GatewayCertificate>) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  try {
    await work(folder.path, (now) =>
      loadCertificate({ dataDir: folder.path, clock: steeredClock(now), random: (length) => randomBytes(length) }),
    );
  } finally {
    folder.remove();
  }
}

describe("the gateway's certificate", () => {
  it('is for localhost and the loopback addresses, and signed by the authority that clients are given', () =>
    withFolder(async (dataDir, load) => {
      const loaded = await load(Date.now());
      const certificate = new X509Certificate(loaded.certificate);
      const authority = new X509Certificate(readFileSync(join(dataDir, 'gateway-ca.pem')));
      expect(certificate.verify(authority.publicKey)).toBe(true);
      expect(certificate.checkIssued(authority)).toBe(true);
      expect(authority.ca).toBe(true);
      expect(certificate.ca).toBe(false);
      for (const ip of ['127.0.0.1', '::1']) expect(certificate.checkIP(ip)).toBe(ip);
      expect(certificate.checkHost('localhost')).toBe('localhost');
      expect(Buffer.from(loaded.endPoint).toString('hex')).toBe(
        certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
      );
    }));

  it('has keys that only the program may read', () =>
    withFolder(async (dataDir, load) => {
      await load(Date.now());
      for (const name of ['gateway-ca.key', 'gateway-server.key']) {
        expect(statSync(join(dataDir, 'keys', name)).mode & 0o777).toBe(0o600);
      }
    }));

  it('stays the same until 30 days before its end, and its authority stays when it is renewed', () =>
    withFolder(async (dataDir, load) => {
      const start = Date.now();
      const first = await load(start);
      const authority = readFileSync(join(dataDir, 'gateway-ca.pem'), 'utf8');
      expect((await load(first.renewAt - day)).certificate).toBe(first.certificate);
      const renewed = await load(first.renewAt + day);
      expect(renewed.certificate).not.toBe(first.certificate);
      expect(renewed.renewAt).toBeGreaterThan(first.renewAt);
      expect(readFileSync(join(dataDir, 'gateway-ca.pem'), 'utf8')).toBe(authority);
      await load(start + 3650 * day);
      expect(readFileSync(join(dataDir, 'gateway-ca.pem'), 'utf8')).not.toBe(authority);
    }));
});
