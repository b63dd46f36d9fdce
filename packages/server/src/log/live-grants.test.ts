import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveGrants } from './live-grants.ts';

describe('live grants', () => {
  it('take an intent exactly while the grant is open and its end is in the future', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: -1, max: 1 }),
        fc.boolean(),
        (notAfter, off, ended) => {
          const grants = new LiveGrants();
          grants.open('ref', notAfter);
          if (ended) grants.end('ref');
          const expected = ended ? 'grant_unknown' : off < 0 ? null : 'not_after';
          expect(grants.refusalOf('ref', notAfter + off)).toBe(expected);
        },
      ),
    );
  });

  it('do not open a grant by extending it', () => {
    const grants = new LiveGrants();
    grants.extend('ref', 10);
    expect(grants.has('ref')).toBe(false);
    expect(grants.refusalOf('ref', 0)).toBe('grant_unknown');
  });
});
