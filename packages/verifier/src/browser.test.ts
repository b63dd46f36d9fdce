import fc from 'fast-check';
import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as browser from './browser.ts';
import * as node from './index.ts';
import { browserPrimitives } from './browser-primitives.ts';
import { nodePrimitives } from './node-primitives.ts';
import type { PublicJwk } from './primitives.ts';

const bundle = readFileSync(new URL('../testdata/log/bundles/acme-7.bundle.json', import.meta.url), 'utf8');
const rootVkey = readFileSync(new URL('../testdata/log/keys/vkeys', import.meta.url), 'utf8').trim();

describe('the browser entry point', () => {
  it('hashes as node does, at every length around the block size and on random input', () => {
    for (let length = 0; length <= 200; length++) {
      const bytes = new Uint8Array(length).fill(length);
      expect(browser.sha256(bytes)).toEqual(new Uint8Array(hash('sha256', bytes, 'buffer')));
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        expect(browser.sha256(bytes)).toEqual(new Uint8Array(hash('sha256', bytes, 'buffer')));
      }),
    );
  });

  it('names the same functions as the entry point of node, save those that need AES or files', () => {
    const only = Object.keys(node).filter((name) => !Object.hasOwn(browser, name));
    expect(only.toSorted()).toEqual(['openEnvelope', 'readFolder']);
  });

  it('verifies a bundle, and refuses it when a bit is changed', async () => {
    const key = browser.parseVkey(rootVkey);
    if (!key.ok) throw new Error(key.finding.message);
    const policy = browser.policyOf({ logs: [key.value] });
    expect(await browser.verifyBundle(bundle, { policy })).toMatchObject({ ok: true, value: { entry: { seq: 7 } } });
    expect(await browser.verifyBundle(bundle.replace('/gU=', '/gA='), { policy })).toMatchObject({ ok: false });
  });

  it.each(['ed25519', 'P-256'])('verifies %s signatures as node does', async (kind) => {
    const pair = kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: kind });
    const key = node.parsePublicJwk(pair.publicKey.export({ format: 'jwk' }));
    if (!key.ok) throw new Error(key.finding.message);
    const message = new TextEncoder().encode('a message');
    const signature = sign(kind === 'ed25519' ? null : 'sha256', message, {
      key: pair.privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    for (const { verifySignature } of [browserPrimitives, nodePrimitives]) {
      expect(await verifySignature(key.value, message, signature)).toBe(true);
      expect(await verifySignature(key.value, message.slice(1), signature)).toBe(false);
      expect(await verifySignature(key.value, message, signature.subarray(1))).toBe(false);
      const offCurve: PublicJwk = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) };
      expect(await verifySignature(offCurve, message, signature)).toBe(false);
    }
  });
});
