import type { Pool } from 'pg';

/** How long a repeat is recognised; then the key is free again. */
const keptFor = '24 hours';
/** A request that has not answered by then died with its process; the key is free again. */
const abandonedAfter = '60 seconds';

/** What is remembered of a request; the answer is null while the work is under way. */
export type RememberedAnswer<Answer> = { readonly bodyHash: string; readonly answer: Answer | null };

/** Remembers answers to repeatable requests by name, in the product database, so that a restart keeps them (P5: no double effect). */
export class Answers<Answer> {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Takes the name, or says what is remembered under it. Of many callers exactly one is `fresh`. */
  async begin(
    name: string,
    bodyHash: string,
  ): Promise<{ fresh: true } | { fresh: false; remembered: RememberedAnswer<Answer> }> {
    await this.#pool.query(
      `delete from http.answers
        where begun_at < now() - $1::interval
           or (answer is null and name = $2 and begun_at < now() - $3::interval)`,
      [keptFor, name, abandonedAfter],
    );
    const { rowCount } = await this.#pool.query(
      'insert into http.answers (name, body_hash) values ($1, $2) on conflict (name) do nothing',
      [name, bodyHash],
    );
    if (rowCount === 1) return { fresh: true };
    const { rows } = await this.#pool.query<{ body_hash: string; answer: Answer | null }>(
      'select body_hash, answer from http.answers where name = $1',
      [name],
    );
    const row = rows[0];
    // Forgotten between the two statements: the first request failed, so this one may do the work.
    if (row === undefined) return this.begin(name, bodyHash);
    return { fresh: false, remembered: { bodyHash: row.body_hash, answer: row.answer } };
  }

  /** Keeps the answer. */
  async finish(name: string, answer: Answer): Promise<void> {
    await this.#pool.query('update http.answers set answer = $2 where name = $1', [name, JSON.stringify(answer)]);
  }

  /** Gives the name free: the work failed before it had an answer. */
  async forget(name: string): Promise<void> {
    await this.#pool.query('delete from http.answers where name = $1 and answer is null', [name]);
  }
}
