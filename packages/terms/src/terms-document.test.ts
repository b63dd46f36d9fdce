import { describe, expect, it } from 'vitest';
import { termsDocument } from './terms-document.ts';
import { termsVersion } from './version.ts';

describe('the terms as a document', () => {
  it('is JSON, with integers only, so that its hash is the same everywhere', () => {
    const numbers: number[] = [];
    const text = JSON.stringify(termsDocument, (_name, value: unknown) => {
      if (typeof value === 'number') numbers.push(value);
      return value;
    });
    expect(JSON.parse(text)).toEqual(termsDocument);
    expect(numbers.every(Number.isSafeInteger)).toBe(true);
  });

  it('names the version in force', () => {
    expect(termsDocument.version).toBe(termsVersion);
  });
});
