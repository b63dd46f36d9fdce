import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, canonicalJson, parseCanonical } from './index.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('canonical JSON (RFC 8785)', () => {
  it('sorts members by UTF-16 code units, escapes only what must be, and writes ECMAScript numbers', () => {
    const value = {
      numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 1e-27, -0],
      text: '€$\u000f\nA\'B"\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0],"text":"€$\\u000f\\nA\'B\\"\\\\\\"/"}',
    );
    const names = { '€': 1, '\r': 2, '\ufb33': 3, '1': 4, '😀': 5, '\u0080': 6, ö: 7 };
    expect(Object.values(JSON.parse(canonicalJson(names)) as object)).toHaveLength(7);
    expect(canonicalJson(names)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  });

  it('reads back what it writes, whatever the order of members', () => {
    const value = fc.jsonValue({ noUnicodeString: false }).filter((json) => wholeNumbersOnly(json));
    fc.assert(
      fc.property(value, (json) => {
        const parsed = parseCanonical(canonicalBytes(json));
        expect(parsed).toMatchObject({ ok: true });
        if (parsed.ok) expect(canonicalJson(parsed.value)).toBe(canonicalJson(json));
        expect(canonicalJson(shuffled(json))).toBe(canonicalJson(json));
      }),
    );
  });

  it.each([
    ['duplicate members', '{"a":1,"a":1}'],
    ['members out of order', '{"b":1,"a":1}'],
    ['white space', '{"a": 1}'],
    ['a final newline', '{"a":1}\n'],
    ['a number in another form', '{"a":7.0}'],
    ['a negative zero', '{"a":-0}'],
    ['an escape that need not be', '{"a":"\\u0041"}'],
    ['a slash that is escaped', '{"a":"\\/"}'],
    ['a hex digit in the wrong case', '{"a":"\\u000F"}'],
    ['a byte-order mark', '\ufeff{"a":1}'],
    ['two values', '{}{}'],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(parseCanonical(bytes(text)).ok).toBe(false);
  });

  it.each([
    ['a fraction', '{"a":0.5}'],
    ['a number beyond 2^53-1', '{"a":9007199254740992}'],
    ['a negative number', '{"a":-1}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
  ])('refuses %s, which no record may hold', (_, text) => {
    expect(parseCanonical(bytes(text))).toMatchObject({ ok: false, finding: { code: 'NUMBER_OR_TEXT_OUT_OF_BOUNDS' } });
    if (!text.includes('ud800')) expect(() => canonicalBytes(JSON.parse(text))).toThrow(TypeError);
  });

  it('refuses bytes that are not UTF-8, and depth that is only there to exhaust the reader', () => {
    expect(parseCanonical(Uint8Array.of(0x22, 0xff, 0x22))).toMatchObject({ finding: { code: 'NOT_UTF8' } });
    expect(parseCanonical(bytes('['.repeat(100_000) + ']'.repeat(100_000))).ok).toBe(false);
  });

  it('keeps members with the names of object machinery', () => {
    const text = '{"__proto__":1,"constructor":2}';
    expect(parseCanonical(bytes(text))).toMatchObject({ ok: true });
    expect(canonicalJson(JSON.parse(text))).toBe(text);
  });

  it.each([[undefined], [Number.NaN], [() => 1], [{ a: undefined }], [1n]])(
    'throws for what JSON cannot say',
    (value) => {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    },
  );
});

function wholeNumbersOnly(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0;
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, member]) => name.isWellFormed() && wholeNumbersOnly(member));
}

function shuffled(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(shuffled);
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([name, member]) => [name, shuffled(member)]));
}
