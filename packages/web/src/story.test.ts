import type { JsonObject } from '@gatehouse/terms';
import { describe, expect, it } from 'vitest';
import type { ShownEntry } from './entry.ts';
import { storiesOf } from './story.ts';

const ref = 'gAAAAAAAAAAAAAAAAAAAAA';

function entriesOf(...given: readonly (readonly [type: string, payload: JsonObject | null, ref?: string | null])[]) {
  return given.map(
    ([type, payload, own = ref], seq): ShownEntry => ({
      seq,
      time: `2026-03-02T09:00:0${seq % 10}.000Z`,
      type,
      ref: own,
      intent: null,
      outcome: null,
      state: payload === null ? 'sealed' : 'open',
      payload,
      stored: {},
      faults: [],
    }),
  );
}

const request = {
  requester: 'maria@operator.example',
  employer: 'Operator',
  mode: 'read',
  source: 'shop',
  purpose: 'x',
};

function onlyStory(entries: readonly ShownEntry[]) {
  const [story] = storiesOf(entries, new Map());
  if (story === undefined) throw new Error('no story was told');
  return story;
}

describe('the story of an access', () => {
  it('adds up what went out, and says what is still running and what was turned away', () => {
    const story = onlyStory(
      entriesOf(
        ['access.requested', { request }],
        ['access.activated', { notAfter: '2026-03-02T10:00:00.000Z' }],
        ['access.intent', {}],
        ['access.outcome', { rows: 1200, bytes: 5000 }],
        ['access.intent', {}],
        ['access.connection_refused', {}],
      ),
    );
    expect(story.read).toBe(
      '2 statements; 1,200 rows (5,000 bytes) went out. 1 statement has no recorded end yet. 1 attempt was turned away.',
    );
    expect(story.state.word).toBe('in use');
    expect(story.ended).toBe('Not yet: it ends by itself at 2026-03-02 10:00:00 UTC.');
  });

  it('does not speak of attempts that were turned away where there were none', () => {
    const story = onlyStory(
      entriesOf(
        ['access.requested', { request }],
        ['access.activated', { notAfter: '2026-03-02T10:00:00.000Z' }],
        ['access.intent', {}],
        ['access.outcome', { rows: 1, bytes: 8 }],
      ),
    );
    expect(story.read).toBe('1 statement; 1 row (8 bytes) went out.');
  });

  it('goes on waiting when one yes of two has come', () => {
    const decided = { decision: { next: 'awaiting_customer' } };
    const story = onlyStory(entriesOf(['access.requested', { request }], ['access.customer_approved', { decided }]));
    expect(story.state.word).toBe('waits for your approvers');
  });

  it('says who ended it', () => {
    const decided = { facts: { cause: { by: { id: 'arno@acme.example' } } } };
    const story = onlyStory(entriesOf(['access.activated', {}], ['access.revoked', { decided }]));
    expect(story.ended).toBe('Revoked by arno@acme.example at 2026-03-02 09:00:01 UTC.');
  });

  it('is told of a request that was refused at once', () => {
    const decided = { kind: 'request', facts: { request }, decision: { permit: false, reason: 'purpose_unknown' } };
    const story = onlyStory(entriesOf(['access.refused', { decided }]));
    expect(story.state.word).toBe('refused');
    expect(story.title).toBe('maria@operator.example of Operator: read your data in shop');
  });

  it('is told as far as possible when its contents are closed', () => {
    const story = onlyStory(entriesOf(['access.requested', null], ['access.intent', null], ['access.outcome', null]));
    expect(story.title).toBe('An access whose request is not opened here');
    expect(story.read).toContain('not counting 1 statement whose content is not opened here');
  });

  it('keeps what belongs to no access out, and puts the newest access first', () => {
    const other = 'hBBBBBBBBBBBBBBBBBBBBB';
    const told = storiesOf(
      entriesOf(['access.requested', null], ['log.read', {}, null], ['access.requested', null, other]),
      new Map(),
    );
    expect(told.map((story) => story.ref)).toEqual([other, ref]);
  });
});
