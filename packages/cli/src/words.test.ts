import { describe, expect, it } from 'vitest';
import { columns, counted, plain, plainLines, time } from './words.ts';

describe('texts from elsewhere in a terminal', () => {
  it('makes escape sequences, line breaks and direction marks visible instead of obeying them', () => {
    expect(plain('fine\u001b[2Kforged\r\nline\u202Egnp')).toBe('fine\\u001b[2Kforged\\u000d\\u000aline\\u202egnp');
  });

  it('leaves ordinary text of any script alone', () => {
    expect(plain('Größe 尺寸 🙂 "quoted"')).toBe('Größe 尺寸 🙂 "quoted"');
  });

  it('keeps the lines of SQL but none of its control characters', () => {
    expect(plainLines('select 1\n\tfrom x\u0007')).toBe('select 1\n\tfrom x\\u0007');
  });

  it('gives every time its zone, and shows what is no time as it is', () => {
    expect(time('2026-03-02T09:00:00.500Z')).toBe('2026-03-02 09:00:00 UTC');
    expect(time(0)).toBe('1970-01-01 00:00:00 UTC');
    expect(time('soon\u0000')).toBe('soon\\u0000');
  });

  it('counts in words and sets columns under each other', () => {
    expect(counted(1, 'entry', 'entries')).toBe('1 entry');
    expect(counted(12_345, 'entry', 'entries')).toBe('12,345 entries');
    expect(
      columns([
        ['a', 'bb', 'c'],
        ['ddd', 'e', ''],
      ]),
    ).toBe('a    bb  c\nddd  e');
  });
});
