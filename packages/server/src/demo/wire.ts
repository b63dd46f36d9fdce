import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { tableOf } from './psql-table.ts';

/** Where the gateway is, as `start --json` says it. */
export type GatewayAddress = { readonly host: string; readonly port: number; readonly ca: string };

/** What a statement gave: its rows as the texts that came over the wire. */
export type WireRows = { readonly rows: readonly (readonly (string | null)[])[]; readonly printed: string };

/** An error of the wire protocol as its client sees it. */
export type WireError = {
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
  readonly printed: string;
};

/** What a connection or a statement came to: never an exception for what the other side says. */
export type WireOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: WireError };

/** One connection to the gateway, TLS verified against its certificate authority (`sslmode=verify-full`). */
export class Wire {
  readonly #client: pg.Client;
  #ended = false;

  private constructor(client: pg.Client) {
    this.#client = client;
    client.on('end', () => {
      this.#ended = true;
    });
  }

  /** Connects with a user and a password. Without a password an empty one is offered. */
  static async connect(
    gateway: GatewayAddress,
    login: { readonly user: string; readonly password?: string; readonly database: string },
  ): Promise<WireOutcome<Wire>> {
    const client = new pg.Client({
      host: gateway.host,
      port: gateway.port,
      user: login.user,
      password: login.password ?? 'none',
      database: login.database,
      application_name: 'gatehouse demo',
      connectionTimeoutMillis: 20_000,
      ssl: { ca: await readFile(gateway.ca, 'utf8'), minVersion: 'TLSv1.2' },
    });
    const wire = new Wire(client);
    // A session that is cut while nothing runs tells its client so; the next statement fails.
    client.on('error', () => {
      wire.#ended = true;
    });
    try {
      await client.connect();
      return { ok: true, value: wire };
    } catch (cause) {
      return {
        ok: false,
        error: wireError(
          cause,
          `psql: error: connection to server at "${gateway.host}", port ${gateway.port} failed: `,
        ),
      };
    }
  }

  /** Holds once the other side has closed the connection. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Runs one statement with the simple protocol and prints what psql prints. */
  async query(sql: string): Promise<WireOutcome<WireRows>> {
    try {
      const { fields, rows } = await this.#client.query<(string | null)[]>({
        text: sql,
        rowMode: 'array',
        types: { getTypeParser: () => (text: string) => text },
      });
      return { ok: true, value: { rows, printed: tableOf(fields, rows) } };
    } catch (cause) {
      return { ok: false, error: wireError(cause, '') };
    }
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    if (!this.#ended) await this.#client.end();
  }
}

function wireError(cause: unknown, before: string): WireError {
  if (!(cause instanceof pg.DatabaseError)) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return { severity: 'FATAL', sqlstate: '08006', message, detail: '', hint: '', printed: `${before}${message}` };
  }
  const { severity = 'ERROR', code = '', message, detail = '', hint = '' } = cause;
  const lines = [`${before}${severity}:  ${message}`, detail && `DETAIL:  ${detail}`, hint && `HINT:  ${hint}`];
  return { severity, sqlstate: code, message, detail, hint, printed: lines.filter(Boolean).join('\n') };
}
