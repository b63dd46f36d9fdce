import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteIdentifier, quoteLiteral, shortHash, showName, showText } from './names.ts';

describe('names of database objects', () => {
  it('come out of the quotes as they went in, whatever they hold', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
        (name) => {
          const quoted = quoteIdentifier(name);
          expect(quoted.slice(1, -1).replaceAll('""', '"')).toBe(name);
          expect(quoted.slice(1, -1).replaceAll('""', '')).not.toContain('"');
        },
      ),
    );
  });

  it('are refused with a NUL, which PostgreSQL would cut them at', () => {
    expect(() => quoteIdentifier('a\0b')).toThrow(TypeError);
    expect(() => quoteLiteral('a\0b')).toThrow(TypeError);
  });

  it('cannot end a line or turn the direction in a sentence or a comment', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(showName(name)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
        expect(showText(name)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
      }),
    );
    expect(showName('a\n\\! id')).toBe(String.raw`"a\n\\! id"`);
    expect(showName('order_details')).toBe('order_details');
  });

  it('have hashes that no other split of the same letters has', () => {
    expect(shortHash(['a', 'bc'])).not.toBe(shortHash(['ab', 'c']));
  });
});
