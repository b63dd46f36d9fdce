import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ends } from './grant.ts';
import { requestStates, type RequestState } from './request.ts';
import { isInUse, isOver, requestEvents, transition, transitions, type RequestEvent } from './transitions.ts';

const walks = fc.array(fc.constantFrom(...requestEvents), { maxLength: 40 });

/** Follows the events that the table accepts, and stays where it does not. */
function walk(events: readonly RequestEvent[]): RequestState[] {
  const path: RequestState[] = ['raised'];
  for (const event of events) path.push(transition(path.at(-1) ?? 'raised', event) ?? path.at(-1) ?? 'raised');
  return path;
}

describe('the life of a request', () => {
  it('only ever reaches declared states, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(walks, (events) => {
        for (const state of walk(events)) expect(requestStates).toContain(state);
      }),
    );
  });

  it('can reach each of its fifteen states', () => {
    const reached = new Set<RequestState>(['raised']);
    for (const state of reached) for (const next of Object.values(transitions[state])) reached.add(next);
    expect([...reached].toSorted()).toEqual([...requestStates].toSorted());
    expect(requestStates).toHaveLength(15);
  });

  it('is in use only after the manager approved and the customer approved or was not needed', () => {
    fc.assert(
      fc.property(walks, (events) => {
        const path = walk(events);
        const used = path.findIndex(isInUse);
        if (used === -1) return;
        expect(path.slice(0, used)).toEqual(expect.arrayContaining(['operator_approved', 'approved_future']));
        expect(path.slice(0, used)).not.toContain('denied');
      }),
      { numRuns: 2_000 },
    );
  });

  it('never leaves an end again, save to report that closing failed', () => {
    for (const end of ends) {
      expect(isOver(end)).toBe(true);
      for (const event of requestEvents) expect([null, 'close_failed']).toContain(transition(end, event));
    }
  });

  it('cannot resurrect what a manager denied', () => {
    for (const event of requestEvents) expect(transition('denied', event)).toBeNull();
  });

  it('can be revoked from every state that is not an end', () => {
    for (const state of requestStates) expect(transition(state, 'revoked')).toBe(isOver(state) ? null : 'revoked');
  });

  it('uses every event that is declared', () => {
    const used = requestStates.flatMap((state) => Object.keys(transitions[state]));
    expect([...new Set(used)].toSorted()).toEqual([...requestEvents].toSorted());
  });
});
