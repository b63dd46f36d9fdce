import type { Duplex } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { type Backend, cancelBackend } from './backend.ts';
import { cleanError, columnNames, lexingChange, readError, readParameter } from './backend-message.ts';
import type { Cancellable } from './cancel.ts';
import { ClientReader } from './client-reader.ts';
import { DenialPace } from './denial-pace.ts';
import { longestFromBackend, longestFromClient } from './frame-rules.ts';
import { Framer } from './framer.ts';
import type { GatewayLimits } from './limits.ts';
import { OutcomeBook } from './outcome-book.ts';
import { Outlet } from './outlet.ts';
import type { AccessPort, OpenSession, StatementOutcome, WireIncident, WireRefusal } from './ports.ts';
import { ProtocolViolation } from './protocol-violation.ts';
import { backendGone, budgetUsed, endOf, grantOver, logIsDown } from './session-ends.ts';
import type { StatementJudge } from './statement-cache.ts';
import { type Denied, type Run, type Step, beginCopy, isBoundary, isCopiedRow, outcomeOf } from './step.ts';
import { errorResponse, messageType as m, message, refusal } from './wire.ts';

/** What a session is made of. The client's socket has been authenticated, the backend is ready for a query. */
export type SessionParts = {
  readonly client: Duplex;
  readonly backend: Backend;
  readonly session: OpenSession;
  readonly access: AccessPort;
  readonly judge: StatementJudge;
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly logger: Logger;
  readonly nonce: Uint8Array;
  readonly report: (kind: WireIncident['kind'], reason: string) => void;
};

type Message = { readonly type: number; readonly bytes: Buffer; readonly start: number; readonly end: number };

/**
 * One client and one backend under one grant. Everything of the client goes through one queue in its order: it is
 * judged, its intent is recorded, and only with a fresh receipt is it let go to the backend (promise: log before
 * access). Answers are matched to what was sent; an answer that nobody asked for ends the session, because then the
 * source is not what it says. Pipelining is kept; a message after a Sync or Query waits for its ReadyForQuery, so that
 * it is judged against the names that really exist.
 */
export class Session implements Cancellable {
  readonly #parts: SessionParts;
  readonly #reader: ClientReader;
  readonly #outcomes: OutcomeBook;
  readonly #denials: DenialPace;
  readonly #over = new AbortController();
  readonly #toClient: Outlet;
  readonly #toBackend: Outlet;
  readonly #clientFramer: Framer;
  readonly #backendFramer: Framer;
  readonly #unread: Message[] = [];
  readonly #waiting: Step[] = [];
  readonly #sent: Step[] = [];
  readonly #closed: Promise<void>;
  #resolveClosed: () => void = () => undefined;
  #unreadBytes = 0;
  #boundaries = 0;
  #asking = 0;
  #skipping = false;
  #cancelling = false;
  #clientPaused = false;
  #ended = false;
  #lastDescription: Buffer = Buffer.alloc(0);
  #lastColumns: readonly string[] = [];

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#reader = new ClientReader({
      mode: parts.session.mode,
      judge: parts.judge,
      limits: parts.limits,
      nonce: parts.nonce,
    });
    this.#outcomes = new OutcomeBook({
      access: parts.access,
      session: parts.session,
      clock: parts.clock,
      logger: parts.logger,
      retryMs: parts.limits.outcomeRetryMs,
      onFault: (fault) => this.#logIsDown(fault),
      onRoom: () => {
        if (this.#unread.length > 0) this.#guard(() => this.#advance());
      },
    });
    this.#denials = new DenialPace({
      clock: parts.clock,
      atOnce: parts.limits.denialsAtOnce,
      everyMs: parts.limits.denialEveryMs,
    });
    this.#toClient = new Outlet(parts.client);
    this.#toBackend = new Outlet(parts.backend.socket);
    this.#clientFramer = new Framer(
      {
        longest: (type) => longestFromClient(type, parts.limits.messageBytes),
        streamed: (type) => type === m.copyData,
      },
      {
        message: (type, bytes, start, end) => this.#fromClient({ type, bytes, start, end }),
        piece: () => undefined, // CopyData where no COPY FROM runs is passed over, as PostgreSQL does.
      },
    );
    this.#backendFramer = new Framer(
      { longest: longestFromBackend, streamed: (type) => type === m.dataRow || type === m.copyData },
      {
        message: (type, bytes, start, end) => this.#fromBackend(type, bytes, start, end),
        piece: (type, bytes, start, end, place) => {
          if (place.first && !this.#countRow(type, place.length)) return;
          this.#toClient.pass(bytes, start, end);
        },
      },
    );
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** Runs until the session is over and its last outcome is recorded. `early` is what the client has sent already. */
  async run(early: Buffer): Promise<void> {
    const { client, backend, session, access, logger } = this.#parts;
    const aborted = (): void => this.#end({ because: endOf(session.signal), runs: 'cut' });
    session.signal.addEventListener('abort', aborted);
    client.on('data', (chunk: Buffer) => this.#take(this.#clientFramer, chunk));
    backend.socket.on('data', (chunk: Buffer) => this.#take(this.#backendFramer, chunk));
    client.on('drain', () => backend.socket.resume());
    backend.socket.on('drain', () => this.#resumeClient());
    client.on('error', () => this.#end({ because: null, runs: 'cut' }));
    client.on('close', () => this.#end({ because: null, runs: 'cut' }));
    backend.socket.on('close', () => this.#end({ because: backendGone, runs: 'unknown' }));
    if (session.signal.aborted) aborted();
    // A socket that closed while the source was reached has told so already, and tells it no second time.
    if (client.destroyed) this.#end({ because: null, runs: 'cut' });
    if (backend.socket.destroyed) this.#end({ because: backendGone, runs: 'unknown' });
    if (backend.rest.length > 0) this.#take(this.#backendFramer, backend.rest);
    if (early.length > 0) this.#take(this.#clientFramer, early);
    client.resume();
    backend.socket.resume();

    await this.#closed;
    session.signal.removeEventListener('abort', aborted);
    await this.#outcomes.settled();
    try {
      await access.closeSession(session);
    } catch (fault) {
      logger.error({ session: session.id, fault: String(fault) }, 'A session could not be closed; the reaper has to.');
    }
  }

  /** See `Cancellable`. Statements wait until the cancel has arrived, so that it never hits a later one. */
  cancelRunning(): void {
    if (this.#ended || this.#cancelling || !this.#sent.some((step) => step.run !== null)) return;
    this.#cancelling = true;
    const { session, backend } = this.#parts;
    const cancelled = cancelBackend(session.backend, backend.cancelKey).then(() => {
      this.#cancelling = false;
      this.#guard(() => this.#advance());
    });
    this.#outcomes.follow(cancelled);
  }

  /** Ends the session because the gateway stops. */
  stop(): void {
    this.#end({ because: refusal('57P01', 'The gateway is shutting down; connect again later.'), runs: 'cut' });
  }

  #take(framer: Framer, chunk: Buffer): void {
    this.#guard(() => {
      framer.push(chunk);
      this.#advance();
    });
  }

  /** Runs a step of the state machine; whatever is wrong with the bytes ends the session, nothing carries on. */
  #guard(work: () => void): void {
    if (this.#ended) return;
    try {
      work();
    } catch (fault) {
      if (!(fault instanceof ProtocolViolation))
        this.#parts.logger.error({ fault: String(fault) }, 'A session ended by a fault.');
      const sentence =
        fault instanceof ProtocolViolation ? fault.message : 'The gateway has met a fault and ends the session.';
      this.#parts.report('protocol_violation', sentence);
      const sqlstate = fault instanceof ProtocolViolation ? fault.sqlstate : 'XX000';
      this.#end({ because: refusal(sqlstate, sentence), runs: 'cut' });
    }
    this.#flush();
  }

  #flush(): void {
    if (this.#ended) return;
    if (!this.#toClient.send()) this.#parts.backend.socket.pause();
    if (!this.#toBackend.send()) this.#pauseClient();
    const full =
      this.#unreadBytes > this.#parts.limits.queuedBytes || this.#unread.length > this.#parts.limits.queuedMessages;
    if (full) this.#pauseClient();
    else if (this.#clientPaused && !this.#parts.backend.socket.writableNeedDrain) this.#resumeClient();
  }

  #pauseClient(): void {
    this.#clientPaused = true;
    this.#parts.client.pause();
  }

  #resumeClient(): void {
    if (!this.#clientPaused || this.#ended) return;
    this.#clientPaused = false;
    this.#parts.client.resume();
  }

  // ---- what the client sends

  #fromClient(message: Message): void {
    if (message.type === m.copyData || message.type === m.copyDone || message.type === m.copyFail) return;
    if (this.#unread.length === 0 && !this.#blocked()) return this.#judgeMessage(message);
    this.#unread.push(message);
    this.#unreadBytes += message.end - message.start;
  }

  #blocked(): boolean {
    const { limits } = this.#parts;
    return (
      this.#boundaries > 0 || this.#asking >= limits.pendingIntents || this.#outcomes.pending >= limits.pendingOutcomes
    );
  }

  #judgeMessage(message: Message): void {
    if (this.#ended) return;
    if (message.type === m.terminate) return this.#end({ because: null, runs: 'cut' });
    if (message.type === m.functionCall) {
      throw new ProtocolViolation(
        'FunctionCall runs a function by its number, past every check; use a SELECT.',
        '0A000',
      );
    }
    if (this.#skipping && message.type !== m.sync) return;
    const step = this.#reader.read(message.type, message.bytes, message.start, message.end);
    this.#skipping = step.kind === 'poison';
    if (isBoundary(step)) this.#boundaries += 1;
    this.#waiting.push(step);
    if (step.run !== null) this.#ask(step.run);
    if (step.denied !== null) this.#recordDenial(step.denied);
  }

  // ---- log before access

  #ask(run: Run): void {
    const { access, session, clock, limits } = this.#parts;
    run.state = 'asking';
    run.asked += 1;
    this.#asking += 1;
    const answered = async (): Promise<void> => {
      try {
        const answer = await access.recordIntent(session, run.intent);
        if (!answer.permit) await this.#denials.turn(this.#over.signal);
        this.#asking -= 1;
        if (answer.permit) {
          run.receipt = answer.receipt;
          run.grantedAt = clock.now();
        } else run.refusal = answer.refusal;
        if (run.state === 'ended' || this.#ended) return this.#abandon(run);
        run.state = answer.permit ? 'granted' : 'refused';
      } catch (fault) {
        this.#asking -= 1;
        return this.#logIsDown(fault);
      }
      if (run.asked > mostAsked) return this.#logIsDown(new Error(`No receipt was fresh for ${limits.receiptMs} ms.`));
      this.#guard(() => this.#advance());
    };
    this.#outcomes.follow(answered());
  }

  /** A denial goes into the log before the client hears of it; a log that does not take it ends the session. */
  #recordDenial(denied: Denied): void {
    const { access, session } = this.#parts;
    const recording = async (): Promise<void> => {
      await this.#denials.turn(this.#over.signal);
      await access.recordDenial(session, denied.intent, denied.why);
      denied.recorded = true;
      this.#guard(() => this.#advance());
    };
    this.#outcomes.follow(recording().catch((fault: unknown) => this.#logIsDown(fault)));
  }

  #logIsDown(fault: unknown): void {
    if (!this.#ended)
      this.#parts.logger.error(
        { session: this.#parts.session.id, fault: String(fault) },
        'A session ended because the log did not answer.',
      );
    this.#end({ because: logIsDown, runs: 'cut' });
  }

  /** A receipt that will not be used: the customer sees that the statement was announced and did not run. */
  #abandon(run: Run): void {
    run.state = 'ended';
    if (run.receipt === null) return;
    const { seq } = run.receipt;
    run.receipt = null;
    this.#outcomes.record(seq, outcomeOf(run, 'cut', this.#parts.clock.now()));
  }

  #advance(): void {
    while (this.#unread.length > 0 && !this.#blocked() && !this.#ended) {
      const next = this.#unread.shift();
      if (next === undefined) break;
      this.#unreadBytes -= next.end - next.start;
      this.#judgeMessage(next);
    }
    if (this.#ended || this.#cancelling) return;
    for (let left = this.#releasable(); left > 0 && !this.#ended; left -= 1) this.#release();
  }

  /** How many waiting steps may go. What leads up to a held statement goes together with it, in one write. */
  #releasable(): number {
    const now = this.#parts.clock.now();
    let answered = 0;
    for (let index = 0; index < this.#waiting.length; index += 1) {
      const step = this.#waiting[index];
      if (step === undefined) break;
      if (step.run?.state === 'refused') this.#refuse(index, step.run);
      else if (step.run?.state === 'granted' && this.#isStale(step.run, now)) this.#askAgain(step.run);
      if (step.run?.state === 'asking' || step.denied?.recorded === false) return answered;
      if (isBoundary(step) || step.kind === 'flush') answered = index + 1;
    }
    return this.#waiting.length;
  }

  #isStale(run: Run, now: number): boolean {
    const { receiptMs } = this.#parts.limits;
    return now - run.grantedAt > receiptMs || now - (run.receipt?.at ?? 0) > receiptMs;
  }

  #askAgain(run: Run): void {
    this.#abandon(run);
    this.#ask(run);
  }

  /** Puts a certain error in the place of a statement whose intent was refused; in a pipeline the rest is skipped. */
  #refuse(index: number, run: Run): void {
    const step = this.#waiting[index];
    if (step === undefined) return;
    run.state = 'ended';
    const poison = this.#reader.poison(step.kind === 'query' ? 'query' : 'execute', run.refusal ?? logIsDown);
    this.#waiting[index] = poison;
    if (step.kind !== 'query') this.#skipRest(this.#waiting, index + 1);
  }

  #release(): void {
    const step = this.#waiting.shift();
    if (step === undefined) return;
    const { run } = step;
    if (run !== null) {
      const { session, clock } = this.#parts;
      const now = clock.now();
      if (session.signal.aborted) return this.#end({ because: endOf(session.signal), runs: 'cut' }, run);
      if (now >= session.notAfter) return this.#end({ because: grantOver, runs: 'cut' }, run);
      run.state = 'running';
      run.startedAt = now;
    }
    this.#toBackend.pass(step.bytes, step.start, step.end);
    if (step.kind !== 'flush') this.#sent.push(step);
  }

  // ---- what the backend answers

  #fromBackend(type: number, bytes: Buffer, start: number, end: number): void {
    if (this.#ended) return;
    const head = this.#sent[0];
    switch (type) {
      case m.dataRow:
      case m.copyData:
        if (this.#countRow(type, end - start)) this.#toClient.pass(bytes, start, end);
        return;
      case m.parseComplete:
        return this.#answer(head, 'parse', bytes, start, end);
      case m.bindComplete:
        return this.#answer(head, 'bind', bytes, start, end);
      case m.closeComplete:
        return this.#answer(head, 'close', bytes, start, end);
      case m.noData:
        return this.#answer(head, 'describe', bytes, start, end);
      case m.rowDescription:
        return this.#described(head, bytes, start, end);
      case m.parameterDescription:
        if (head?.kind !== 'describe') throw unasked(type);
        return this.#toClient.pass(bytes, start, end);
      case m.commandComplete:
      case m.emptyQueryResponse:
      case m.portalSuspended:
        return this.#completed(head, type, bytes, start, end);
      case m.copyOutResponse:
        if (head?.run?.state !== 'running') throw unasked(type);
        beginCopy(head.run, bytes[start + 5] === binaryFormat);
        return this.#toClient.pass(bytes, start, end);
      case m.copyDone:
        if (head?.run?.state !== 'running') throw unasked(type);
        return this.#toClient.pass(bytes, start, end);
      case m.readyForQuery:
        return this.#ready(head, bytes, start, end);
      case m.errorResponse:
        return this.#failed(head, bytes, start, end);
      case m.noticeResponse:
        return this.#toClient.add(cleanError(readError(bytes, start, end), true));
      case m.parameterStatus:
        return this.#parameter(bytes, start, end);
      case m.notificationResponse:
        return; // a channel between tenants
      default:
        throw unasked(type);
    }
  }

  /** Counts a row before it is passed on; false when it would exceed the budget, and then nothing more goes out. */
  #countRow(type: number, length: number): boolean {
    const run = this.#sent[0]?.run;
    if (run?.state !== 'running') throw unasked(type);
    const isRow = type === m.dataRow || isCopiedRow(run, length - 5);
    if (isRow && !this.#parts.session.takeRows(1)) {
      this.#end({ because: budgetUsed, runs: 'cut' });
      return false;
    }
    if (isRow) run.rows += 1;
    run.bytes += length - 5;
    return true;
  }

  #answer(head: Step | undefined, kind: Step['kind'], bytes: Buffer, start: number, end: number): void {
    if (head?.kind !== kind) throw unasked(bytes[start] ?? 0);
    this.#sent.shift();
    this.#toClient.pass(bytes, start, end);
  }

  #described(head: Step | undefined, bytes: Buffer, start: number, end: number): void {
    const known =
      this.#lastDescription.length === end - start &&
      bytes.compare(this.#lastDescription, 0, end - start, start, end) === 0;
    if (!known) {
      this.#lastColumns = columnNames(bytes, start, end);
      this.#lastDescription = Buffer.from(bytes.subarray(start, end));
    }
    if (head?.kind === 'describe') {
      if (head.prepared !== null) head.prepared.columns = this.#lastColumns;
      this.#sent.shift();
    } else if (head?.run?.state === 'running') head.run.columns = this.#lastColumns;
    else throw unasked(m.rowDescription);
    this.#toClient.pass(bytes, start, end);
  }

  #completed(head: Step | undefined, type: number, bytes: Buffer, start: number, end: number): void {
    if (head?.run?.state !== 'running') throw unasked(type);
    if (type === m.commandComplete) head.run.tag = bytes.toString('latin1', start + 5, Math.min(end - 1, start + 69));
    this.#toClient.pass(bytes, start, end);
    if (head.kind !== 'execute') return;
    this.#sent.shift();
    this.#finish(head.run, 'ok');
  }

  #ready(head: Step | undefined, bytes: Buffer, start: number, end: number): void {
    if (head === undefined || !isBoundary(head) || end - start !== 6) throw unasked(m.readyForQuery);
    this.#sent.shift();
    this.#boundaries -= 1;
    this.#toClient.pass(bytes, start, end);
    if (bytes[start + 5] === idleStatus) this.#reader.forgetPortals();
    if (head.run !== null) this.#finish(head.run, head.run.sqlstate === null ? 'ok' : 'error');
  }

  #failed(head: Step | undefined, bytes: Buffer, start: number, end: number): void {
    const error = readError(bytes, start, end);
    const fatal = /^(FATAL|PANIC)$/.test(error.severity);
    if (head === undefined && !fatal) throw unasked(m.errorResponse);
    const mine = head?.refusal ?? null;
    this.#toClient.add(mine !== null && !fatal ? errorResponse(mine) : cleanError(error, false));
    if (fatal) {
      if (head?.run) head.run.sqlstate = error.sqlstate;
      return this.#end({ because: null, runs: head?.run?.state === 'running' ? 'error' : 'cut' });
    }
    if (head?.run) head.run.sqlstate = error.sqlstate;
    if (head === undefined || isBoundary(head)) return;
    this.#skipRest(this.#sent, 0, error.sqlstate);
    if (this.#sent.length === 0) this.#skipRest(this.#waiting, 0, error.sqlstate);
  }

  /** The backend skips everything up to the next Sync: takes it out of the queue and undoes what it had changed. */
  #skipRest(queue: Step[], from: number, sqlstate: string | null = null): void {
    let until = from;
    while (until < queue.length && queue[until]?.kind !== 'sync') until += 1;
    if (until === queue.length && (queue === this.#waiting || this.#waiting.length === 0)) this.#skipping = true;
    const skipped = queue.splice(from, until - from);
    for (const step of skipped.reverse()) {
      step.undo?.();
      if (isBoundary(step)) this.#boundaries -= 1;
      if (step.run === null) continue;
      if (step.run.state === 'running') {
        step.run.sqlstate ??= sqlstate;
        this.#finish(step.run, 'error');
      } else this.#abandon(step.run);
    }
  }

  #parameter(bytes: Buffer, start: number, end: number): void {
    const { name, value } = readParameter(bytes, start, end);
    const change = lexingChange(name, value);
    if (change !== null) return this.#end({ because: refusal('55000', `${change} The session ends.`), runs: 'cut' });
    this.#toClient.pass(bytes, start, end);
  }

  #finish(run: Run, outcome: StatementOutcome['outcome']): void {
    if (run.state === 'ended' || run.receipt === null) return;
    run.state = 'ended';
    this.#outcomes.record(run.receipt.seq, outcomeOf(run, outcome, this.#parts.clock.now()));
  }

  // ---- the end

  #end(how: { because: WireRefusal | null; runs: StatementOutcome['outcome'] }, held: Run | null = null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#over.abort();
    const { client, backend, session, limits } = this.#parts;
    this.#clientFramer.stop();
    this.#backendFramer.stop();
    const running = this.#sent.some((step) => step.run?.state === 'running');
    for (const { run } of this.#sent) if (run !== null) this.#finish(run, how.runs);
    for (const run of [held, ...this.#waiting.map((step) => step.run)]) if (run !== null) this.#abandon(run);
    this.#unread.length = 0;

    if (running && !backend.socket.destroyed) {
      this.#outcomes.follow(cancelBackend(session.backend, backend.cancelKey));
      backend.socket.destroy();
    } else {
      backend.socket.end(message(m.terminate));
      closeAfter(backend.socket, limits.lingerMs);
    }
    if (how.because !== null && !this.#backendFramer.inPieces) this.#toClient.add(errorResponse(how.because, 'FATAL'));
    this.#toClient.send();
    client.end();
    closeAfter(client, limits.lingerMs);
    this.#resolveClosed();
  }
}

const idleStatus = 0x49;
const binaryFormat = 1;
/** How often a receipt may go stale before the log counts as too slow to be relied on. */
const mostAsked = 5;

function closeAfter(socket: Duplex, ms: number): void {
  const timer = setTimeout(() => socket.destroy(), ms);
  socket.once('close', () => clearTimeout(timer));
}

function unasked(type: number): ProtocolViolation {
  return new ProtocolViolation(
    `The source sent a message of type 0x${type.toString(16).padStart(2, '0')} that nothing asked for.`,
  );
}
