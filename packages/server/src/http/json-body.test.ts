import { describe, expect, it } from 'vitest';
import { parseJson } from './json-body.ts';

describe('a JSON body', () => {
  it('is taken as it is when it is plain', () => {
    expect(parseJson('{"a":[1,{"b":"[[[["}]}')).toEqual({ ok: true, value: { a: [1, { b: '[[[[' }] } });
  });

  it('is refused when it nests deeper than 64, before anything parses it', () => {
    expect(parseJson(`${'['.repeat(64)}${']'.repeat(64)}`).ok).toBe(true);
    expect(parseJson(`${'['.repeat(65)}${']'.repeat(65)}`)).toMatchObject({ ok: false });
    expect(parseJson('['.repeat(1_000_000))).toMatchObject({ ok: false });
  });

  it('does not count brackets inside strings, escaped quotes included', () => {
    expect(parseJson(JSON.stringify({ text: `\\"${'['.repeat(200)}` })).ok).toBe(true);
  });

  it.each(['', '{', 'nul', '{"a":1}x', '{"a":1,}', '\u0000'])('is refused when it is not JSON: %j', (text) => {
    expect(parseJson(text)).toMatchObject({ ok: false });
  });

  it('is refused when it names __proto__ at any depth, however it is written', () => {
    expect(parseJson('{"a":{"__proto__":{"admin":true}}}')).toMatchObject({ ok: false });
    expect(parseJson('{"\\u005f_proto__":1}')).toMatchObject({ ok: false });
  });
});
