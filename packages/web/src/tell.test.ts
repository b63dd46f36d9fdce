import { isRefusalReason, type JsonObject, loggedTypes, refusals } from '@gatehouse/terms';
import { describe, expect, it } from 'vitest';
import type { ShownEntry } from './entry.ts';
import { tell } from './tell.ts';
import { namesIn } from './told.ts';
import { quote, text } from './words.ts';

const ownTypes = ['log.open', 'log.key', 'log.prune', 'log.keep', 'log.close', 'erasure', 'counter'];

function anEntry(given: Partial<ShownEntry> = {}): ShownEntry {
  return {
    seq: 7,
    time: '2026-03-02T09:00:00.000Z',
    type: 'access.intent',
    ref: 'gAAAAAAAAAAAAAAAAAAAAA',
    intent: null,
    outcome: null,
    state: 'open',
    payload: {},
    stored: {},
    faults: [],
    ...given,
  };
}

function wordsOf(entry: ShownEntry): string {
  const { word, sentence, quote: quoted } = tell(entry);
  return `${word} ${sentence} ${quoted ?? ''}`;
}

describe('a sentence for every type of entry', () => {
  for (const type of [...loggedTypes, ...ownTypes]) {
    it(`tells ${type}, with its content and without`, () => {
      for (const payload of [{}, null]) {
        const { word, sentence } = tell(anEntry({ type, payload }));
        expect(word).toMatch(/^[a-z]/);
        expect(sentence).toMatch(/^[A-Z].{10,}[.:]$/s);
        expect(`${word} ${sentence}`).not.toMatch(/undefined|null|NaN|\[object|does not know/);
      }
    });
  }

  it('says of a type that it does not know that it does not know it', () => {
    expect(tell(anEntry({ type: 'moon.landed' })).sentence).toBe(
      'An entry of the type moon.landed, which this page does not know.',
    );
    expect(tell(anEntry({ type: 'constructor' })).sentence).toContain('does not know');
  });

  it('says who asked to do what, why, for how long and for which ticket', () => {
    const request = {
      requester: 'maria@operator.example',
      employer: 'Example Operator Ltd',
      mode: 'read',
      source: 'shop',
      purpose: 'troubleshoot.repair',
      ticket: '4711',
      justification: 'Orders appear twice.',
      budgets: { durationMs: 7_200_000 },
    };
    const told = tell(anEntry({ type: 'access.requested', payload: { request } }));
    expect(told.sentence).toBe(
      'maria@operator.example of Example Operator Ltd asked to read data in shop for 2 hours from the first use, to repair a problem that has happened (ticket 4711).',
    );
    expect(told.quote).toBe('Orders appear twice.');
  });

  it('says each reason for a refusal in words, with its code', () => {
    for (const [reason, row] of Object.entries(refusals)) {
      expect(isRefusalReason(reason)).toBe(true);
      const decision = { permit: false, reason, found: null, expected: null };
      const payload = { decided: { kind: 'request', facts: { request: { requester: 'm@x.example' } }, decision } };
      expect(tell(anEntry({ type: 'access.refused', payload })).sentence).toBe(
        `m@x.example asked for access and was refused. ${row.found} [${reason}]`,
      );
    }
  });

  it('calls people by the names that the log itself enrolled', () => {
    const names = namesIn([
      anEntry({ type: 'person.enrolled', payload: { person: 'arno@acme.example', name: 'Arno Acker' } }),
    ]);
    const payload = { decided: { facts: { approver: { id: 'arno@acme.example' } } } };
    expect(tell(anEntry({ type: 'access.customer_approved', payload }), names).sentence).toBe(
      'Arno Acker (arno@acme.example), for you, approved.',
    );
  });
});

/** Every member that any sentence looks at, each with the same value. */
function filledWith(value: unknown): JsonObject {
  const flat = (names: string): Record<string, unknown> =>
    Object.fromEntries(names.split(' ').map((name) => [name, value]));
  const request = flat('requester employer mode source purpose ticket justification budgets scope reasonCode');
  const facts = {
    ...flat('by asked cause tenant requester'),
    manager: flat('id'),
    approver: flat('id'),
    request,
  };
  const decision = flat('reason found expected as next approvals permit');
  return {
    ...flat('by question answer approvers windowEndsAt notAfter sql params shape rows bytes columns sqlstate fault'),
    ...flat('reason detail source map policy person roles subscription regressedMs from to name end role'),
    request,
    decided: { kind: value, facts, decision },
    statement: { document: { scope: flat('person roles') } },
  } as unknown as JsonObject;
}

describe('a content that somebody made to do harm', () => {
  const strange: readonly unknown[] = [
    null,
    true,
    -1,
    1e300,
    Number.NaN,
    '',
    'x'.repeat(100_000),
    [],
    [[['deep']], null, {}],
    Array.from({ length: 10_000 }, () => 'item'),
    {},
    { toString: 'no function', valueOf: 1, length: 3 },
    JSON.parse('{"__proto__":{"polluted":true},"constructor":"c"}'),
  ];

  it('never stops a sentence from being told, and never makes it long', () => {
    for (const type of [...loggedTypes, ...ownTypes]) {
      for (const value of strange) {
        const told = tell(anEntry({ type, payload: filledWith(value), stored: filledWith(value) }));
        expect(told.sentence.length).toBeLessThan(6000);
        expect((told.quote ?? '').length).toBeLessThan(9000);
        expect(told.sentence).not.toMatch(/undefined|\[object|NaN/);
      }
      expect(() => tell(anEntry({ type, payload: 'text' as unknown as JsonObject }))).not.toThrow();
    }
  });

  it('cannot turn the direction of writing, break a line or hide a character', () => {
    expect(text('approved\u202Eyb\nroot\u0000')).toBe('approved\ufffdyb root\ufffd');
    expect(quote('a\u2066b\tc\nd')).toBe('a\ufffdb\tc\nd');
    for (const type of loggedTypes) {
      expect(wordsOf(anEntry({ type, payload: filledWith('a\u202Eb') }))).not.toContain('\u202e');
    }
  });

  it('says that a long text was cut, and by how much', () => {
    expect(quote('x'.repeat(5000))).toMatch(/x\n… cut here: 1,000 more characters$/);
    expect(text('y'.repeat(300))).toBe(`${'y'.repeat(200)}…`);
  });
});
