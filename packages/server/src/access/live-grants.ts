import type { Grant, Instant, Used } from '@gatehouse/terms';
import type { AccessOptions } from './context.ts';
import { grantOf } from './facts.ts';
import type { RequestRecord } from './record.ts';
import { addUse } from './store.ts';

/** A grant in use, with what it has used so far. One object for all its sessions, so that they share one budget. */
export class LiveGrant {
  readonly record: RequestRecord;
  readonly facts: Grant;
  notAfter: Instant;
  #rows: number;
  #unkeptRows = 0;
  #used: Omit<Used, 'rows'>;
  #unkept: Omit<Used, 'rows'> = nothing;

  constructor(record: RequestRecord, facts: Grant) {
    this.record = record;
    this.facts = facts;
    this.notAfter = facts.notAfter;
    this.#rows = record.rowsUsed;
    this.#used = { bytes: record.bytesUsed, statements: record.statementsUsed };
  }

  /** Rows, bytes and statements of all sessions so far. */
  get used(): Used {
    return { rows: this.#rows, ...this.#used };
  }

  /** What is left of the row budget. */
  get rowsLeft(): number {
    return Math.max(0, this.record.matter.budgets.rows - this.#rows);
  }

  /**
   * Counts rows before they leave, or refuses them all: however many sessions take, the budget is never exceeded by a row
   * (INV-41). Called for each row that passes the gateway, so it makes nothing.
   */
  takeRows(count: number): boolean {
    if (this.#rows + count > this.record.matter.budgets.rows) return false;
    this.#rows += count;
    this.#unkeptRows += count;
    return true;
  }

  /** Counts bytes and statements. */
  use(more: Omit<Used, 'rows'>): void {
    this.#used = plus(this.#used, more);
    this.#unkept = plus(this.#unkept, more);
  }

  /** What has not been written down yet; from now on it counts as written. */
  takeUnkept(): Used {
    const unkept = { rows: this.#unkeptRows, ...this.#unkept };
    this.#unkeptRows = 0;
    this.#unkept = nothing;
    return unkept;
  }

  /** Puts back what could not be written down. */
  putBack(unkept: Used): void {
    this.#unkeptRows += unkept.rows;
    this.#unkept = plus(this.#unkept, unkept);
  }
}

/** The grants in use in this process. Budgets survive a reconnect at once, and a crash up to the last `keepAll`. */
export class LiveGrants {
  readonly #options: AccessOptions;
  readonly #grants = new Map<string, LiveGrant>();

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /** The live grant of this request, the same object for every session. */
  take(record: RequestRecord): LiveGrant {
    const known = this.#grants.get(record.id);
    if (known !== undefined) return known;
    const facts = grantOf(record);
    if (facts === null) throw new Error(`The request ${record.id} has not been used; it is no grant yet.`);
    const grant = new LiveGrant(record, facts);
    this.#grants.set(record.id, grant);
    return grant;
  }

  /** The grant has more time. */
  extend(id: string, notAfter: Instant): void {
    const grant = this.#grants.get(id);
    if (grant !== undefined) grant.notAfter = notAfter;
  }

  /** Forgets an ended grant, after writing down what it used. */
  async drop(id: string): Promise<void> {
    const grant = this.#grants.get(id);
    if (grant === undefined) return;
    this.#grants.delete(id);
    await this.keepUse(grant);
  }

  /** Writes down what one grant used. */
  async keepUse(grant: LiveGrant): Promise<void> {
    const unkept = grant.takeUnkept();
    if (unkept.rows === 0 && unkept.bytes === 0 && unkept.statements === 0) return;
    try {
      await addUse(this.#options.database.pool, grant.record.id, unkept);
    } catch (cause) {
      grant.putBack(unkept);
      throw cause;
    }
  }

  /** Writes down what all grants used. */
  async keepAll(): Promise<void> {
    for (const grant of this.#grants.values()) await this.keepUse(grant);
  }
}

const nothing: Omit<Used, 'rows'> = { bytes: 0, statements: 0 };

function plus(a: Omit<Used, 'rows'>, b: Omit<Used, 'rows'>): Omit<Used, 'rows'> {
  return { bytes: a.bytes + b.bytes, statements: a.statements + b.statements };
}
