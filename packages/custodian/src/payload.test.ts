import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decodeBase64, encodeBase64, type Entry, type Envelope, payloadBytesMost } from '@gatehouse/verifier';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CustodianError, openPayload, sealPayload } from './index.ts';

type Vector = { origin: string; entry: string; kek: string; envelope: Envelope; payload?: string; salt?: string };
type Invalid = { id: string; op: string; file: string; reason: string };

const vectors = new URL('../../verifier/testdata/log/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, vectors), 'utf8');
const bytes = (text: string): Uint8Array => decodeBase64(text) ?? new Uint8Array();

function open({ origin, entry, kek, envelope }: Vector) {
  const parsed = JSON.parse(Buffer.from(entry, 'base64').toString('utf8')) as Entry;
  return openPayload({ origin, entry: parsed, envelope }, bytes(kek));
}

describe('sealed payloads', () => {
  it('opens the sealed payload of the test vectors to its exact bytes and salt', () => {
    const vector = JSON.parse(read('payload/sealed.json')) as Vector;
    const opened = open(vector);
    expect(encodeBase64(opened.bytes)).toBe(vector.payload);
    expect(encodeBase64(opened.salt)).toBe(vector.salt);
  });

  it('opens every envelope of the test vectors whose key is given', () => {
    const keys = JSON.parse(read('payload/keys.json')) as Record<string, string>;
    const { origin, erasedByKid } = JSON.parse(read('payload/erased.json')) as {
      origin: string;
      erasedByKid: number[];
    };
    const entries = read('payload/entries-1-26.txt').trimEnd().split('\n');
    const envelopes = read('payload/envelopes.jsonl').trimEnd().split('\n');
    let opened = 0;
    for (const line of envelopes) {
      const { seq, envelope } = JSON.parse(line) as { seq: number; envelope: Envelope };
      const kek = keys[envelope.sk];
      if (kek === undefined) continue;
      const entry = Buffer.from(entries[seq - 1] ?? '', 'utf8').toString('base64');
      open({ origin, entry, kek, envelope });
      opened++;
    }
    expect(opened).toBe(envelopes.length - erasedByKid.length);
    expect(opened).toBeGreaterThan(15);
  });

  const invalid = (JSON.parse(read('invalid.json')) as Invalid[]).filter(({ op }) => op === 'payload');
  it.each(invalid)('refuses $id: $reason', ({ file }) => {
    expect(() => open(JSON.parse(read(file)) as Vector)).toThrow(CustodianError);
  });
  it('knows six such variants', () => expect(invalid.length).toBe(6));

  const sealing = { origin: 'cloud.example/log/t/operator', kid: 'ab'.repeat(16), sk: 'cd'.repeat(16) };
  const anEntry = (cmt: string): Entry => ({
    v: 1,
    seq: 7,
    time: '2026-03-02T09:00:00.000Z',
    type: 'access.refused',
    kid: sealing.kid,
    cmt,
  });
  const key = randomBytes(32);
  const random = (count: number): Uint8Array => randomBytes(count);

  it('opens whatever it sealed, any Unicode included', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (payload) => {
        const { cmt, envelope } = sealPayload(payload, { ...sealing, key }, random);
        expect(openPayload({ origin: sealing.origin, entry: anEntry(cmt), envelope }, key).payload).toEqual(payload);
      }),
      { numRuns: 200 },
    );
  });

  it('never repeats a salt, data key or nonce', () => {
    const seal = () => sealPayload({ a: 1 }, { ...sealing, key }, random);
    const [one, two] = [seal(), seal()];
    expect(one.cmt).not.toBe(two.cmt);
    expect(one.envelope.wrap).not.toBe(two.envelope.wrap);
    expect(one.envelope.nonce).not.toBe(two.envelope.nonce);
  });

  it('refuses a payload above the limit, and a wrap of another length than 40 bytes', () => {
    const text = 'x'.repeat(payloadBytesMost);
    expect(() => sealPayload({ text }, { ...sealing, key }, random)).toThrow(/at most 65536/);
    const { cmt, envelope } = sealPayload({ a: 1 }, { ...sealing, key }, random);
    for (const length of [0, 24, 32, 48]) {
      const wrap = encodeBase64(new Uint8Array(length));
      const changed = { origin: sealing.origin, entry: anEntry(cmt), envelope: { ...envelope, wrap } };
      expect(() => openPayload(changed, key)).toThrow(expect.objectContaining({ code: 'ENVELOPE_MALFORMED' }));
      expect(() => openPayload(changed, key)).toThrow(/wrap/);
    }
  });
});
