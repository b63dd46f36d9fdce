import { type Instant, instant } from '@gatehouse/terms';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineAt, type Link, oversightAt } from './line.ts';

describe('the line of managers', () => {
  const links = [
    link('engineer', 1, 100, 'lead'),
    link('lead', 1, 90, 'head'),
    link('other', 1, 90, 'head'),
    link('head', 1, 80, null),
    link('engineer', 2, 500, 'other'),
  ];

  it('names everybody above, nearest first, as it was at the time asked about', () => {
    expect(lineAt(links, 'engineer', instant(499))).toEqual(['lead', 'head']);
    expect(lineAt(links, 'engineer', instant(500))).toEqual(['other', 'head']);
    expect(lineAt(links, 'engineer', instant(99))).toEqual([]);
  });

  it('dates a new manager from the reorganisation and keeps who stayed above through it', () => {
    expect(oversightAt(links, 'engineer', instant(499))).toEqual([
      { person: 'lead', since: 100 },
      { person: 'head', since: 100 },
    ]);
    expect(oversightAt(links, 'engineer', instant(501))).toEqual([
      { person: 'other', since: 500 },
      { person: 'head', since: 100 },
    ]);
  });

  it('does not count an earlier time in the line once there was a break', () => {
    const back = [...links, link('engineer', 3, 700, 'lead')];
    expect(oversightAt(back, 'engineer', instant(701))).toEqual([
      { person: 'lead', since: 700 },
      { person: 'head', since: 100 },
    ]);
  });

  it('ends where edited rows close a loop, and never names the person as their own manager', () => {
    const loop = [link('a', 1, 1, 'b'), link('b', 1, 1, 'c'), link('c', 1, 1, 'b')];
    expect(lineAt(loop, 'a', instant(5))).toEqual(['b', 'c']);
    expect(lineAt(loop, 'b', instant(5))).toEqual(['c']);
  });

  it('agrees with looking at every instant one by one, whatever the reorganisations', () => {
    const people = ['a', 'b', 'c', 'd'];
    const change = fc.record({
      person: fc.constantFrom(...people),
      at: fc.integer({ min: 0, max: 12 }),
      manager: fc.constantFrom(...people, null),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.integer({ min: 0, max: 14 }), (changes, at) => {
        const made = [...changes]
          .sort((x, y) => x.at - y.at)
          .map((one, index) => link(one.person, index + 1, one.at, one.manager));
        for (const { person, since } of oversightAt(made, 'a', instant(at))) {
          for (let t = since; t <= at; t = instant(t + 1)) expect(lineAt(made, 'a', t)).toContain(person);
          expect(lineAt(made, 'a', instant(since - 1))).not.toContain(person);
        }
        expect(oversightAt(made, 'a', instant(at)).map(({ person }) => person)).toEqual(lineAt(made, 'a', instant(at)));
      }),
    );
  });
});

function link(person: string, version: number, validFrom: number, manager: string | null): Link {
  return { person, version, validFrom: validFrom as Instant, manager };
}
