import { describe, expect, it } from 'vitest';
import { type Answer, answer } from '../route.ts';
import { answerOnce, type Idempotency, type Remembered } from './idempotency.ts';

const caller = { kind: 'personnel', person: 'a@b', keyId: 'k', via: 'key_proof', roles: [] } as const;
const call = (over: Partial<{ key: string; path: string; body: unknown }> = {}) => ({
  key: 'key-number-1',
  path: '/api/v1/requests',
  body: { a: 1 },
  caller,
  ...over,
});

/** The port over a map; the one over PostgreSQL is tested through the running server. */
function memory(): Idempotency {
  const known = new Map<string, Remembered>();
  return {
    begin: async (name, bodyHash) => {
      const remembered = known.get(name);
      if (remembered !== undefined) return { fresh: false, remembered };
      known.set(name, { bodyHash, answer: null });
      return { fresh: true };
    },
    finish: async (name, given) => {
      known.set(name, { bodyHash: known.get(name)?.bodyHash ?? '', answer: given });
    },
    forget: async (name) => void known.delete(name),
  };
}

describe('a POST with an Idempotency-Key', () => {
  it('is done once, and a repeat gets the same answer', async () => {
    const store = memory();
    let done = 0;
    const work = async (): Promise<Answer<number>> => answer((done += 1));
    expect(await answerOnce(store, call(), work)).toEqual(answer(1));
    expect(await answerOnce(store, call(), work)).toEqual(answer(1));
    expect(done).toBe(1);
  });

  it('is refused with another body under the same key', async () => {
    const store = memory();
    await answerOnce(store, call(), async () => answer(1));
    const again = await answerOnce(store, call({ body: { a: 2 } }), async () => answer(2));
    expect(again).toMatchObject({ ok: false, problem: { code: 'idempotency_key_reused', status: 422 } });
  });

  it('is another one on another path or by another person', async () => {
    const store = memory();
    await answerOnce(store, call(), async () => answer(1));
    expect(await answerOnce(store, call({ path: '/other' }), async () => answer(2))).toEqual(answer(2));
    const other = { ...call(), caller: { ...caller, person: 'c@d' } };
    expect(await answerOnce(store, other, async () => answer(3))).toEqual(answer(3));
  });

  it('is told to wait while the first is under way, and may be repeated when the first failed', async () => {
    const store = memory();
    const failing = answerOnce(store, call(), async () => {
      expect(await answerOnce(store, call(), async () => answer(2))).toMatchObject({ problem: { status: 409 } });
      throw new Error('lost');
    });
    await expect(failing).rejects.toThrow('lost');
    expect(await answerOnce(store, call(), async () => answer(3))).toEqual(answer(3));
  });

  it.each(['short', 'x'.repeat(201)])('is refused with a key of the wrong length', async (key) => {
    expect(await answerOnce(memory(), call({ key }), async () => answer(1))).toMatchObject({
      problem: { code: 'idempotency_key_invalid' },
    });
  });
});
