/** Every bound of the gateway in one place. Each one leans to refusing: a bound met ends the one who met it. */
export type GatewayLimits = {
  /** Time from accept to a proven token. */
  readonly handshakeMs: number;
  /** Sockets that have proven nothing yet; above it the oldest is closed, so that half-open ones cannot shut others out. */
  readonly unauthenticated: number;
  /** Sessions at one time. */
  readonly sessions: number;
  /** The longest message of a client (PostgreSQL would take 1 GiB). */
  readonly messageBytes: number;
  /** The longest statement with its parameters that an intent may hold. */
  readonly intentBytes: number;
  /** What one session may have sent that was not looked at yet; reading stops above it. */
  readonly queuedBytes: number;
  readonly queuedMessages: number;
  /** Intents that one session may be waiting for, and outcomes that it may owe. */
  readonly pendingIntents: number;
  readonly pendingOutcomes: number;
  /** Prepared statements and portals that one session may hold, and the characters of their texts. */
  readonly preparedStatements: number;
  readonly portals: number;
  readonly preparedCharacters: number;
  /** How old a receipt may be when its statement is let go (DESIGN section 3, 5). */
  readonly receiptMs: number;
  /** How long a closing socket may take its last bytes. */
  readonly lingerMs: number;
  /** Denied statements that a session may send at once, and the pace afterwards: each is an entry in the customer's log. */
  readonly denialsAtOnce: number;
  readonly denialEveryMs: number;
  /** How long an outcome is tried again before it is left to the log's own "unknown". */
  readonly outcomeRetryMs: number;
};

/** The bounds in use where nothing else is said. */
export const defaultLimits: GatewayLimits = {
  handshakeMs: 10_000,
  unauthenticated: 1_000,
  sessions: 2_000,
  messageBytes: 64 * 1024 * 1024,
  intentBytes: 1024 * 1024,
  queuedBytes: 1024 * 1024,
  queuedMessages: 4_096,
  pendingIntents: 64,
  pendingOutcomes: 64,
  preparedStatements: 2_000,
  portals: 2_000,
  preparedCharacters: 16 * 1024 * 1024,
  receiptMs: 1_000,
  lingerMs: 500,
  denialsAtOnce: 20,
  denialEveryMs: 200,
  outcomeRetryMs: 5_000,
};
