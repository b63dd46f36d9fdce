import type { GatewayLimits } from './limits.ts';
import type { AccessMode, IntentParameter, WireRefusal } from './ports.ts';
import { ProtocolViolation } from './protocol-violation.ts';
import type { StatementJudge } from './statement-cache.ts';
import type { StatementNames } from './statement-policy.ts';
import { type Denied, type Portal, type Prepared, type Step, newRun } from './step.ts';
import { BodyReader, message, messageType, refusal, zeroEnded } from './wire.ts';

/** PostgreSQL cuts names at 63 bytes, which would make two names one; so longer ones are refused. */
const longestName = 63;

/**
 * Turns the messages of one client into steps and keeps the names that it has made. It mirrors the backend under one
 * law: for every name, the backend has the text that is remembered here, or nothing. So a step carries how to undo what
 * it changed (the backend skips what follows an error), and SQL may not touch the names of the extended protocol, nor
 * the other way round. Otherwise "execute s" could run a text that no intent has named.
 */
export class ClientReader {
  readonly #mode: AccessMode;
  readonly #judge: StatementJudge;
  readonly #limits: GatewayLimits;
  readonly #poisonName: string;
  readonly #statements = new Map<string, Prepared>();
  readonly #portals = new Map<string, Portal>();
  #characters = 0;

  constructor(options: { mode: AccessMode; judge: StatementJudge; limits: GatewayLimits; nonce: Uint8Array }) {
    this.#mode = options.mode;
    this.#judge = options.judge;
    this.#limits = options.limits;
    this.#poisonName = `gatehouse-refused-${Buffer.from(options.nonce).toString('hex')}`;
  }

  /** Outside of a transaction the backend has no portal (WITH HOLD is denied), so none is remembered. */
  forgetPortals(): void {
    this.#portals.clear();
  }

  /** The step of one message. Throws `ProtocolViolation` for a body that is not well formed. */
  read(type: number, bytes: Buffer, start: number, end: number): Step {
    const reader = new BodyReader(bytes, start + 5, end);
    const plain = (kind: Step['kind'], more: Partial<Step> = {}): Step => ({
      kind,
      bytes,
      start,
      end,
      undo: null,
      run: null,
      prepared: null,
      refusal: null,
      denied: null,
      ...more,
    });
    switch (type) {
      case messageType.query:
        return this.#query(reader, plain);
      case messageType.parse:
        return this.#parse(reader, plain);
      case messageType.bind:
        return this.#bind(reader, plain);
      case messageType.execute:
        return this.#execute(reader, plain);
      case messageType.describe:
        return this.#describe(reader, plain);
      case messageType.close:
        return this.#close(reader, plain);
      case messageType.sync:
        return plain('sync');
      case messageType.flush:
        return plain('flush');
      default:
        throw new ProtocolViolation('A message of this type may not come here.');
    }
  }

  /**
   * The step that takes the place of a refused one: a request that the backend is sure to reject, so that transaction,
   * pipeline and order are exactly as after any other error. The client sees `because` in place of the backend's words.
   */
  poison(kind: 'execute' | 'query', because: WireRefusal, what: Denied | null = null): Step {
    const bytes =
      kind === 'query'
        ? message(messageType.query, zeroEnded('refused by gatehouse'))
        : message(messageType.describe, 'P', zeroEnded(this.#poisonName));
    return {
      kind: kind === 'query' ? 'query' : 'poison',
      bytes,
      start: 0,
      end: bytes.length,
      undo: null,
      run: null,
      prepared: null,
      refusal: because,
      denied: what,
    };
  }

  #query(reader: BodyReader, plain: StepMaker): Step {
    const sql = reader.text();
    reader.done();
    if (sql.length > this.#limits.intentBytes) return this.#tooLong('query', sql);
    const judged = this.#judge(this.#mode, sql);
    const { verdict } = judged;
    if (!verdict.permit) return this.#deny('query', judged, verdict.why);
    const clash = this.#clash(verdict.names);
    if (clash !== null) return this.#deny('query', judged, clash);
    const intent = { class: verdict.class, sql, params: [], shape: judged.shape };
    return plain('query', { run: newRun(intent, verdict.copyHeaders, null) });
  }

  #parse(reader: BodyReader, plain: StepMaker): Step {
    const name = this.#name(reader);
    const sql = reader.text();
    reader.take(reader.uint16() * 4);
    reader.done();
    if (sql.length > this.#limits.intentBytes) return this.#tooLong('execute', sql);
    const judged = this.#judge(this.#mode, sql);
    if (!judged.verdict.permit) return this.#deny('execute', judged, judged.verdict.why);
    const before = this.#statements.get(name);
    const characters = this.#characters + sql.length - (before?.judged.sql.length ?? 0);
    if (
      characters > this.#limits.preparedCharacters ||
      (before === undefined && this.#statements.size >= this.#limits.preparedStatements)
    ) {
      return this.poison(
        'execute',
        refusal('53200', 'The session holds too many prepared statements; close some of them.'),
      );
    }
    return plain('parse', { undo: this.#setStatement(name, { judged, columns: [] }) });
  }

  #bind(reader: BodyReader, plain: StepMaker): Step {
    const name = this.#name(reader);
    const statement = this.#name(reader);
    const formats = Array.from({ length: reader.uint16() }, () => reader.uint16());
    const count = reader.uint16();
    if (formats.length > 1 && formats.length !== count)
      throw new ProtocolViolation('A Bind has another number of formats than of parameters.');
    const params: IntentParameter[] = [];
    let size = 0;
    for (let index = 0; index < count; index += 1) {
      const length = reader.int32();
      if (length < -1) throw new ProtocolViolation('A parameter has a negative length.');
      if (length === -1) {
        params.push(null);
        continue;
      }
      const value = reader.take(length);
      size += length;
      const format = formats.length === 1 ? formats[0] : (formats[index] ?? 0);
      if (format !== 0 && format !== 1)
        throw new ProtocolViolation('A parameter has a format that is neither text nor binary.');
      params.push(size > this.#limits.intentBytes ? null : parameter(format, value));
    }
    reader.take(reader.uint16() * 2);
    reader.done();
    const prepared = this.#statements.get(statement);
    if (prepared === undefined)
      return this.poison('execute', refusal('26000', 'There is no prepared statement of this name in the session.'));
    if (size + prepared.judged.sql.length > this.#limits.intentBytes)
      return this.#tooLong('execute', prepared.judged.sql);
    if (!this.#portals.has(name) && this.#portals.size >= this.#limits.portals) {
      return this.poison('execute', refusal('53200', 'The session holds too many portals; close some of them.'));
    }
    return plain('bind', { undo: setIn(this.#portals, name, { prepared, params, size }) });
  }

  #execute(reader: BodyReader, plain: StepMaker): Step {
    const name = this.#name(reader);
    reader.int32();
    reader.done();
    const portal = this.#portals.get(name);
    if (portal === undefined)
      return this.poison('execute', refusal('34000', 'There is no portal of this name in the session.'));
    const { judged } = portal.prepared;
    // A denied text was never prepared; a portal of one would be a bug, and is refused like one.
    const { verdict } = judged;
    if (!verdict.permit) return this.#deny('execute', judged, verdict.why);
    const clash = this.#clash(verdict.names);
    if (clash !== null) return this.#deny('execute', judged, clash, portal.params);
    const intent = { class: verdict.class, sql: judged.sql, params: portal.params, shape: judged.shape };
    return plain('execute', { run: newRun(intent, verdict.copyHeaders, portal.prepared) });
  }

  #deny(
    kind: 'execute' | 'query',
    { sql, shape }: { readonly sql: string; readonly shape: string },
    why: string,
    params: Portal['params'] = [],
  ): Step {
    const intent = { class: 'forbidden', sql, params, shape } as const;
    return this.poison(kind, denied(why), { intent, why, recorded: false });
  }

  /** Nobody parses a text of that length, so there is no shape of it to show. */
  #tooLong(kind: 'execute' | 'query', sql: string): Step {
    const because = tooLong(this.#limits.intentBytes);
    const intent = { class: 'forbidden', sql, params: [], shape: '' } as const;
    return this.poison(kind, because, { intent, why: because.message, recorded: false });
  }

  #describe(reader: BodyReader, plain: StepMaker): Step {
    const what = reader.byte();
    const name = this.#name(reader);
    reader.done();
    if (what === statementMark) return plain('describe', { prepared: this.#statements.get(name) ?? null });
    if (what === portalMark) return plain('describe', { prepared: this.#portals.get(name)?.prepared ?? null });
    throw new ProtocolViolation('A Describe is neither of a statement nor of a portal.');
  }

  #close(reader: BodyReader, plain: StepMaker): Step {
    const what = reader.byte();
    const name = this.#name(reader);
    reader.done();
    if (what === statementMark) return plain('close', { undo: this.#setStatement(name, undefined) });
    if (what === portalMark) return plain('close', { undo: setIn(this.#portals, name, undefined) });
    throw new ProtocolViolation('A Close is neither of a statement nor of a portal.');
  }

  #name(reader: BodyReader): string {
    const name = reader.text();
    if (name.length > longestName || Buffer.byteLength(name) > longestName) {
      throw new ProtocolViolation(`A name is longer than ${longestName} bytes.`);
    }
    return name;
  }

  #setStatement(name: string, prepared: Prepared | undefined): () => void {
    const before = this.#statements.get(name);
    const change = (prepared?.judged.sql.length ?? 0) - (before?.judged.sql.length ?? 0);
    this.#characters += change;
    const undo = setIn(this.#statements, name, prepared);
    return () => {
      this.#characters -= change;
      undo();
    };
  }

  #clash(names: StatementNames): string | null {
    const statement = [...names.prepares, ...names.executes].find((name) => this.#statements.has(name));
    if (statement !== undefined)
      return 'PREPARE and EXECUTE may not use the name of a statement that the driver has prepared.';
    const portal = [...names.declares, ...names.fetches].find((name) => this.#portals.has(name));
    if (portal !== undefined) return 'Cursor commands may not use the name of a portal that the driver has opened.';
    return null;
  }
}

type StepMaker = (kind: Step['kind'], more?: Partial<Step>) => Step;

const statementMark = 0x53;
const portalMark = 0x50;

function setIn<T>(map: Map<string, T>, name: string, value: T | undefined): () => void {
  const before = map.get(name);
  const put = (wanted: T | undefined): void => {
    if (wanted === undefined) map.delete(name);
    else map.set(name, wanted);
  };
  put(value);
  return () => put(before);
}

function parameter(format: 0 | 1, value: Buffer): IntentParameter {
  if (format === 1) return { format: 'binary', base64: value.toString('base64') };
  const reader = new BodyReader(Buffer.concat([value, Buffer.of(0)]), 0, value.length + 1);
  const text = reader.text();
  reader.done();
  return { format: 'text', value: text };
}

function denied(why: string): WireRefusal {
  return refusal('42501', `This grant does not allow the statement. ${why}`, {
    detail: 'Mode read allows statements that only read, of a fixed list.',
    hint: 'Nothing was run. Rewrite the statement, or ask for a grant of another mode.',
  });
}

function tooLong(most: number): WireRefusal {
  return refusal('54000', `A statement with its parameters may be ${most} bytes long here; this one is longer.`, {
    hint: 'Split it, or pass fewer values at once.',
  });
}
