import { createHash } from 'node:crypto';
import type { Principal } from '../identity/index.ts';
import type { Answer } from '../route.ts';
import { problem } from '../route.ts';

/** What is remembered of a POST that carried an Idempotency-Key. */
export type Remembered = { readonly bodyHash: string; readonly answer: Answer<unknown> | null };

/**
 * Where answers are remembered. `begin` takes the key for this caller and path, or says what is remembered of it;
 * `finish` keeps the answer; `forget` gives the key free when the work failed before it had an answer.
 */
export interface Idempotency {
  begin(
    name: string,
    bodyHash: string,
  ): Promise<{ readonly fresh: true } | { readonly fresh: false; readonly remembered: Remembered }>;
  finish(name: string, answer: Answer<unknown>): Promise<void>;
  forget(name: string): Promise<void>;
}

/** A POST as far as repeating it is concerned. */
export type Repeatable = {
  readonly key: string;
  readonly caller: Principal;
  readonly path: string;
  readonly body: unknown;
};

/**
 * Does the work of a POST once per (caller, path, key): a repeat with the same body gets the same answer, with another
 * body a refusal, and one that comes while the first is under way is asked to wait. So a client may always try again.
 */
export async function answerOnce(
  idempotency: Idempotency,
  { key, caller, path, body }: Repeatable,
  work: () => Promise<Answer<unknown>>,
): Promise<Answer<unknown>> {
  if (key.length < 8 || key.length > 200) {
    return problem('idempotency_key_invalid', 'The Idempotency-Key has to have 8 to 200 characters.', 400);
  }
  const name = hash(JSON.stringify([caller.person, path, key]));
  const bodyHash = hash(JSON.stringify(body ?? null));
  const begun = await idempotency.begin(name, bodyHash);
  if (!begun.fresh) {
    if (begun.remembered.bodyHash !== bodyHash) {
      return problem('idempotency_key_reused', 'This Idempotency-Key was used with another body. Use a new key.', 422);
    }
    return (
      begun.remembered.answer ??
      problem('still_working', 'The first request with this key is under way. Try again.', 409)
    );
  }
  try {
    const answered = await work();
    await idempotency.finish(name, answered);
    return answered;
  } catch (cause) {
    await idempotency.forget(name);
    throw cause;
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
