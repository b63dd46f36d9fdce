import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEntryBundle,
  decodeTile,
  formatVkey,
  openCheckpoint,
  parseBundle,
  parseDelta,
  parseEntry,
  parseEnvelopes,
  parseEpochRecord,
  parseNote,
  parseOpenings,
  parsePolicy,
  parsePublicJwk,
  parseSlotLeaf,
  parseTlogProof,
  parseVkey,
  type Vkey,
} from './index.ts';
import { valueOf, vector, vectorJson, vectorText } from '../test/vectors.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('a signed note', () => {
  it('knows the key of the example in the signed-note specification by its id', () => {
    const text = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
    const key = valueOf(parseVkey(text));
    expect(key).toMatchObject({ name: 'example.com/foo', keyId: '530d903a', type: 1 });
    expect(formatVkey(key)).toBe(text);
    expect(parseVkey(text.replace('530d903a', '530d903b')).ok).toBe(false);
    expect(parseVkey(text.replace('foo', 'bar')).ok).toBe(false);
    expect(parseVkey(text.replace('530d903a', '530D903A')).ok).toBe(false);
  });

  it('is split at its last empty line', () => {
    const note = valueOf(parseNote(bytes('a\n\nb\n\n— name AAAAAAA=\n')));
    expect(note).toMatchObject({ text: 'a\n\nb\n', signatures: [{ name: 'name', keyId: '00000000' }] });
  });

  it.each([
    ['no final newline', 'a\n\n— name AAAAAAA='],
    ['no signature lines', 'a\n\n'],
    ['a hyphen for the dash', 'a\n\n- name AAAAAAA=\n'],
    ['a plus in the name', 'a\n\n— na+me AAAAAAA=\n'],
    ['two spaces', 'a\n\n—  name AAAAAAA=\n'],
    ['a key id and nothing else', 'a\n\n— name AAAAAA==\n'],
    ['unpadded base64', 'a\n\n— name AAAAAAA\n'],
    ['a tab', 'a\tb\n\n— name AAAAAAA=\n'],
    ['101 signature lines', `a\n\n${'— name AAAAAAA=\n'.repeat(101)}`],
    ['more than a million bytes', `${'a'.repeat(1_000_000)}\n\n— name AAAAAAA=\n`],
  ])('is refused with %s', (_, text) => {
    expect(parseNote(bytes(text)).ok).toBe(false);
  });

  it('may have 16 signatures of 5,000 bytes', () => {
    const line = `— name ${Buffer.alloc(5004).toString('base64')}\n`;
    expect(valueOf(parseNote(bytes(`a\n\n${line.repeat(16)}`))).signatures).toHaveLength(16);
  });
});

describe('every parser', () => {
  const vkeys = vectorText('keys/vkeys').trim();
  const key: Vkey = valueOf(parseVkey(vkeys));
  const real = [
    vectorText('root/checkpoint'),
    vectorText('proofs/root-6.tlog-proof'),
    vectorText('bundles/acme-7.bundle.json'),
    vectorText('keys/policy.txt'),
    vectorText('root/delta/1'),
    vectorText('payload/envelopes.jsonl').slice(0, 2000),
    vectorText('invalid/leaf-erasure-both.entry'),
    Buffer.from(vectorJson<{ epoch: string }>('epochs/3.json').epoch, 'base64').toString(),
    new TextDecoder().decode(vector('invalid/leaf-counter-signature.entry')),
  ];
  const mutated = fc
    .tuple(fc.constantFrom(...real), fc.nat(), fc.nat(40), fc.string({ unit: 'binary', maxLength: 6 }))
    .map(([text, at, cut, put]) => text.slice(0, at % text.length) + put + text.slice((at % text.length) + cut));

  it('answers hostile input with a value, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(mutated, fc.string({ unit: 'binary' }), fc.json()),
        fc.uint8Array({ maxLength: 600 }),
        async (text, raw) => {
          const parsers = [
            parseBundle,
            parseDelta,
            parseEnvelopes,
            parseOpenings,
            parsePolicy,
            parseVkey,
            parsePublicJwk,
          ];
          for (const parse of parsers) expect(parse(text)).toHaveProperty('ok');
          for (const input of [bytes(text), raw]) {
            for (const parse of [parseNote, parseTlogProof, parseSlotLeaf, parseEpochRecord])
              expect(parse(input)).toHaveProperty('ok');
            expect(parseEntry(input, 7)).toHaveProperty('ok');
            expect(decodeEntryBundle(input, 3)).toHaveProperty('ok');
            expect(decodeTile(input, 3)).toHaveProperty('ok');
            expect(await openCheckpoint(input, { logs: [key] })).toHaveProperty('ok');
          }
        },
      ),
      { numRuns: 1500 },
    );
  });
});
