import type { StatementClass } from '@gatehouse/terms';
import type { UpstreamTls } from '../upstream-tls.ts';

/**
 * What the gateway needs from the rest of the program, declared beside its only consumer (STYLE: a port is the
 * smallest thing its consumer needs). `access/` implements `AccessPort`; the gateway imports nothing of it.
 */

/**
 * A refusal as a PostgreSQL client shows it: one ErrorResponse with SQLSTATE, message, DETAIL and HINT
 * (INTERFACE, "PostgreSQL"). `hint` holds the link or the command that leads on. All four are plain text without NUL;
 * an empty `detail` or `hint` is left out of the message. Never put customer data or secrets in any of them.
 */
export type WireRefusal = {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
};

/**
 * What the gateway keeps of a one-time token: enough to check it over SCRAM-SHA-256, not enough to use it
 * (RFC 5802 section 3: StoredKey and ServerKey). `credentialId` names the credential in `openSession`, which spends it.
 * At least 4096 iterations are expected; the token carries 256 random bits, so more buys nothing.
 */
export type ScramVerifier = {
  readonly credentialId: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
};

/** Who is on the other end of the socket, as far as the socket tells. `tlsVersion` is for example `TLSv1.3`. */
export type WireClient = {
  readonly address: string;
  readonly port: number;
  readonly applicationName: string;
  readonly tlsVersion: string;
  readonly channelBound: boolean;
};

/** Where the ephemeral role of a grant logs in. `host` that begins with `/` is the folder of a Unix socket; without `tls` only on this machine. */
export type BackendAddress = {
  readonly host: string;
  readonly port: number;
  readonly tls: UpstreamTls | null;
  readonly database: string;
  readonly user: string;
  readonly password: string;
};

/** What a session may do to the source; the statement policy has one allow-list per mode. */
export type AccessMode = 'read' | 'write';

/**
 * One authenticated connection under one live grant: one client socket, one backend socket, never shared (DESIGN 5).
 * `rowsLeft` is what is left of the grant's row budget now, over all its sessions. `takeRows` counts rows before they are
 * passed on; false means that they would exceed the budget, nothing was counted, and the gateway cuts before them. It is
 * called for each row, so it does nothing else. `signal` aborts at the grant's end, whatever the end is, and its `reason` is a `WireRefusal`.
 * `notAfter` is in epoch milliseconds and is checked at every release as well.
 */
export type OpenSession = {
  readonly id: string;
  readonly grantId: string;
  readonly tenant: string;
  readonly source: string;
  readonly mode: AccessMode;
  readonly notAfter: number;
  readonly backend: BackendAddress;
  readonly rowsLeft: number;
  takeRows(count: number): boolean;
  readonly signal: AbortSignal;
};

/** The answer to `openSession`. A refusal is shown to the client after its password was proven, never before. */
export type SessionOpening =
  | { readonly permit: true; readonly session: OpenSession }
  | { readonly permit: false; readonly refusal: WireRefusal };

/** One bind parameter as it goes into the sealed intent: text as it came, binary as base64, or null. */
export type IntentParameter =
  | null
  | { readonly format: 'text'; readonly value: string }
  | { readonly format: 'binary'; readonly base64: string };

/**
 * What is about to run. `sql` is the exact text, `params` the bound values of the extended protocol (empty for a simple
 * query), `shape` the text with every literal replaced by `?`, safe to show without opening the parameters.
 */
export type Intent = {
  /** What it does, as the statement policy classified it. */
  readonly class: StatementClass;
  readonly sql: string;
  readonly params: readonly IntentParameter[];
  readonly shape: string;
};

/** Proof that an intent is durable: its number in the tenant's log, and when it was committed (epoch milliseconds). */
export type IntentReceipt = { readonly seq: number; readonly at: number };

/** The answer to `recordIntent`. After a refusal the statement is not run and the client is told why. */
export type IntentRecording =
  | { readonly permit: true; readonly receipt: IntentReceipt }
  | { readonly permit: false; readonly refusal: WireRefusal };

/**
 * How a statement ended. `ok`: the backend completed it. `error`: the backend refused it. `cut`: the gateway stopped it
 * (budget, end of grant, lost client). `unknown`: the backend went away. `rows` and `bytes` count what was sent on to the
 * client (DataRow and CopyData payloads), `columns` the names of the result's columns where they were described,
 * `tag` the command tag, `sqlstate` the error's class. A portal that is fetched in parts has one intent per part.
 */
export type StatementOutcome = {
  readonly outcome: 'ok' | 'error' | 'cut' | 'unknown';
  readonly rows: number;
  readonly bytes: number;
  readonly columns: readonly string[];
  readonly tag: string | null;
  readonly sqlstate: string | null;
  readonly durationMs: number;
};

/** Something security-relevant that happened before or outside of a session, to be logged without content. */
export type WireIncident = {
  readonly kind:
    | 'plaintext_refused'
    | 'protocol_violation'
    | 'authentication_failed'
    | 'startup_refused'
    | 'cancel_refused';
  readonly client: { readonly address: string; readonly port: number };
  readonly grantId: string | null;
  readonly tenant: string | null;
  readonly reason: string;
};

/** What asks to open a session: the startup packet's user is the grant, its database the source (INTERFACE). */
export type SessionRequest = {
  readonly grantId: string;
  readonly source: string;
  readonly credentialId: string;
  readonly client: WireClient;
};

/**
 * The access module as the gateway sees it. Every method may reject: a rejection means "not known, so no"
 * (DESIGN 1.5), and the gateway then executes nothing and stops what is running.
 */
export interface AccessPort {
  /**
   * The verifier of a credential that may still be used, or null. Null and a wrong password look the same to a client.
   * A spent, expired or ended credential may still be returned, so that its holder is told why by `openSession`.
   */
  credentialFor(user: string, database: string): Promise<ScramVerifier | null>;
  /**
   * Spends the credential once, checks the grant and its statements, opens the ephemeral role. Called only after the
   * client has proven the token; a second call with the same credential is refused.
   */
  openSession(request: SessionRequest): Promise<SessionOpening>;
  /** Resolves only when the intent is durable in the tenant's log (promise S1, log before access), or refused. */
  recordIntent(session: OpenSession, intent: Intent): Promise<IntentRecording>;
  /**
   * Resolves when it is durable that the statement policy denied this statement, with the terms' own decision and `why` in
   * words. The class of such an intent is `forbidden`. The client hears of the denial only after that.
   */
  recordDenial(session: OpenSession, intent: Intent, why: string): Promise<void>;
  /** Resolves when the outcome of intent `seq` is durable. Called once for each intent that was released. */
  recordOutcome(session: OpenSession, seq: number, outcome: StatementOutcome): Promise<void>;
  /** Called exactly once for each permitted session, after its last outcome; closes the role if the session was the last. */
  closeSession(session: OpenSession): Promise<void>;
  /** Tells of an incident. Must not reject for reasons of content; the gateway does not wait for it to answer a client. */
  recordIncident(incident: WireIncident): Promise<void>;
}
