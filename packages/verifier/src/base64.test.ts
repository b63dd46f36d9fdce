import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBase64Hash } from './base64.ts';
import { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from './index.ts';

describe('strict base64', () => {
  it('writes what the platform writes and reads it back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(encodeBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
        expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(bytes);
      }),
    );
  });

  it('reads only the one encoding of some bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AQgw159+/=-_ \n'), maxLength: 12 }), (text) => {
        const bytes = decodeBase64(text);
        if (bytes !== null) expect(encodeBase64(bytes)).toBe(text);
        const other = decodeBase64Url(text);
        if (other !== null) expect(encodeBase64Url(other)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['AB==', 'AA=', 'AAA', 'A===', '====', 'AA==AA==', 'AAAA\n', 'AA-_', 'ÄAAA'])('refuses %j', (text) => {
    expect(decodeBase64(text)).toBeNull();
  });

  it('knows a hash by its form alone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 31, maxLength: 33 }), (bytes) => {
        expect(isBase64Hash(encodeBase64(bytes))).toBe(bytes.length === 32);
      }),
    );
    expect(isBase64Hash(`${'A'.repeat(42)}B=`)).toBe(false);
    expect(isBase64Hash(null)).toBe(false);
  });
});
