import type { End } from '@gatehouse/terms';
import type { PoolClient } from 'pg';
import type { WireRefusal } from '../gateway/ports.ts';
import type { AccessOptions } from './context.ts';
import type { RequestChange, RequestRecord } from './record.ts';
import { type Durable, type Recorded, recordEntry } from './recording.ts';
import { changeRequest } from './store.ts';

/** How a grant ends: the entry that says so, what changes in the index, and the word for it. */
export type Ending = Recorded & {
  readonly change: RequestChange;
  readonly end: Extract<End, 'expired' | 'revoked' | 'completed'>;
};

const words: { readonly [end in Ending['end']]: string } = {
  expired: 'Its time is over.',
  revoked: 'It was revoked.',
  completed: 'Its holder said that the work is done.',
};

/**
 * Ends grants so that the end bites (INV-36, INV-40): the entry is durable first, which makes the sequencer refuse every
 * later intent; then open sessions are told and cut; then the ephemeral role goes. A role that cannot be dropped is an
 * alarm and an entry, not a silence (`close_failed`).
 */
export class Ends {
  readonly #options: AccessOptions;
  readonly #open = new Map<string, Set<AbortController>>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  readonly #onEnd: (grantId: string) => Promise<void>;

  constructor(options: AccessOptions, onEnd: (grantId: string) => Promise<void>) {
    this.#options = options;
    this.#onEnd = onEnd;
  }

  /** A session begins under the grant. Its signal aborts at the grant's end; the reason is what its client is told. */
  watch(grantId: string): AbortController {
    const session = new AbortController();
    const sessions = this.#open.get(grantId) ?? new Set();
    this.#open.set(grantId, sessions.add(session));
    return session;
  }

  /** A session is over. */
  forget(grantId: string, session: AbortController): void {
    const sessions = this.#open.get(grantId);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#open.delete(grantId);
  }

  /** How many sessions are open under all grants. */
  get sessions(): number {
    let count = 0;
    for (const sessions of this.#open.values()) count += sessions.size;
    return count;
  }

  /** Calls `expire` at `at`. Only makes the end prompt: the end itself is checked at every use. */
  schedule(grantId: string, at: number, expire: () => Promise<void>): void {
    this.#cancel(grantId);
    // Timers above 2^31-1 ms fire at once; the sweep sees to grants that end later than that.
    const wait = Math.min(Math.max(0, at - this.#options.clock.now()), 2 ** 31 - 1);
    const timer = setTimeout(() => {
      expire().catch((cause: unknown) =>
        this.#options.logger.error({ grantId, cause: String(cause) }, 'A grant could not be ended at its time.'),
      );
    }, wait);
    timer.unref();
    this.#timers.set(grantId, timer);
  }

  /** Records the end, cuts the sessions, drops the role. Throws RequestChangedMeanwhile if it had ended already. */
  async end(
    record: RequestRecord,
    ending: Ending,
    write: (client: PoolClient, durable: Durable) => Promise<void> = async () => {},
  ): Promise<void> {
    await recordEntry(this.#options, record, ending, async (client, durable) => {
      await changeRequest(client, record.id, record.state, ending.change);
      await write(client, durable);
    });
    this.#cancel(record.id);
    this.#cut(record.id, {
      sqlstate: '57P01',
      message: `The grant ${record.id} has ended. ${words[ending.end]}`,
      detail: `Nothing more is read under it since its ${ending.type} entry in the customer's log.`,
      hint: `Ask anew if you still need it: ${this.#options.askUrl()}`,
    });
    await this.#onEnd(record.id);
    if (record.activatedAt !== null) await this.closeRole(record, ending.end);
  }

  /** Drops the role of an ended grant and says so in the log; used again at start for roles that a crash left behind. */
  async closeRole(record: RequestRecord, end: Ending['end']): Promise<void> {
    const closed = await this.#options.roles.close(record.id).catch((cause: unknown) => ({
      closed: false as const,
      fault: cause instanceof Error ? cause.message : String(cause),
    }));
    if (closed.closed) return;
    this.#options.logger.error(
      { grantId: record.id, fault: closed.fault },
      'The role of an ended grant could not be dropped.',
    );
    await recordEntry(
      this.#options,
      record,
      { type: 'access.close_failed', payload: { end, role: record.id, fault: closed.fault } },
      (client) => changeRequest(client, record.id, end, { state: 'close_failed' }),
    );
  }

  /** Cuts every session, for a program that stops or whose log has failed. Nothing is recorded. */
  cutAll(reason: WireRefusal): void {
    for (const grantId of this.#open.keys()) this.#cut(grantId, reason);
    for (const grantId of this.#timers.keys()) this.#cancel(grantId);
  }

  #cut(grantId: string, reason: WireRefusal): void {
    for (const session of this.#open.get(grantId) ?? []) session.abort(reason);
    this.#open.delete(grantId);
  }

  #cancel(grantId: string): void {
    clearTimeout(this.#timers.get(grantId));
    this.#timers.delete(grantId);
  }
}
