import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decisionKinds, refusals, replayRecord, type DecisionKind } from '../src/index.ts';
import { goldenCases } from './golden-cases.ts';

type Vector = {
  readonly name: string;
  readonly kind: DecisionKind;
  readonly facts: unknown;
  readonly decision: { permit: boolean; reason?: string };
};

const vectors = JSON.parse(
  readFileSync(new URL('../testdata/terms-v1.json', import.meta.url), 'utf8'),
) as readonly Vector[];

describe('version 1 of the terms', () => {
  it.each(vectors)('still decides as released: $name', (vector) => {
    expect(replayRecord(vector)).toEqual({ kind: 'same' });
  });

  it('has a frozen case for every kind of decision, permitted and refused', () => {
    for (const kind of decisionKinds) {
      const outcomes = vectors.filter((vector) => vector.kind === kind).map((vector) => vector.decision.permit);
      expect([kind, ...new Set(outcomes)].toSorted()).toEqual([kind, false, true].toSorted());
    }
  });

  it('has a frozen case for every refusal', () => {
    const seen = new Set(vectors.map((vector) => vector.decision.reason));
    expect(Object.keys(refusals).filter((reason) => !seen.has(reason))).toEqual([]);
  });

  it('keeps every case that the list names', () => {
    expect(vectors.map(({ name }) => name)).toEqual(goldenCases.map(({ name }) => name));
  });

  it('notices a single changed member of a recorded decision', () => {
    for (const vector of vectors) {
      const flipped = { ...vector, decision: { ...vector.decision, permit: !vector.decision.permit } };
      expect(replayRecord(flipped).kind, vector.name).not.toBe('same');
    }
  });
});
