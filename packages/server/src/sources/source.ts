import type { JsonObject, Mode } from '@gatehouse/terms';
import type { ConnectionParameters } from '../db/index.ts';
import type { UpstreamTls } from '../upstream-tls.ts';

/** Everything that a command on a source can be refused with or fail by, one stable code each. */
export type SourceErrorCode =
  | 'SOURCE_NAME_INVALID'
  | 'SOURCE_URL_INVALID'
  | 'SOURCE_TLS_REFUSED'
  | 'SOURCE_EXISTS'
  | 'SOURCE_REGISTERED_TWICE'
  | 'SOURCE_UNKNOWN'
  | 'SOURCE_UNREACHABLE'
  | 'SOURCE_NOT_THE_SAME'
  | 'SOURCE_VERSION_UNSUPPORTED'
  | 'SOURCE_ADMIN_TOO_WEAK'
  | 'SOURCE_TENANT_TABLE_UNKNOWN'
  | 'SOURCE_TENANT_KEY_INVALID'
  | 'SOURCE_TABLE_UNKNOWN'
  | 'SOURCE_COLUMN_UNKNOWN'
  | 'SOURCE_CLASSIFICATION_INVALID'
  | 'SOURCE_CLASSIFICATION_MISSING'
  | 'SOURCE_CLASSIFICATION_LOOSENED'
  | 'SOURCE_CLASSIFICATION_DIFFERS'
  | 'SOURCE_PLAN_REFUSED'
  | 'SOURCE_PLAN_CHANGED'
  | 'SOURCE_APP_CHANGES'
  | 'SOURCE_APPLIED'
  | 'SOURCE_NOT_APPLIED'
  | 'SOURCE_SCHEMA_CHANGED'
  | 'SOURCE_GRANTS_OPEN'
  | 'SOURCE_STATEMENT_FAILED'
  | 'TENANT_NOT_IN_SOURCE'
  | 'SCOPE_INVALID'
  | 'GRANT_ROLE_NOT_OPEN'
  | 'GRANT_ROLE_ENDED';

/**
 * A refusal or fault of the sources. `message` is one plain sentence for the caller (found, expected, what to do); `detail`
 * is for the operator only. Neither holds a secret or a value of customer data.
 */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code: SourceErrorCode;
  readonly detail: string | null;

  constructor(code: SourceErrorCode, sentence: string, more: { detail?: string; cause?: unknown } = {}) {
    super(sentence, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.detail = more.detail ?? null;
  }
}

/** A table by its exact names, never folded, never quoted. */
export type TableName = { readonly schema: string; readonly table: string };

/** How to reach a source as its administrator. Without `tls` only on this machine. */
export type SourceConnection = Pick<ConnectionParameters, 'host' | 'port' | 'database' | 'user'> & {
  readonly tls: UpstreamTls | null;
  readonly password?: string;
};

/** A database to protect, as the product knows it. The identity never changes (DESIGN.md section 5). */
export type Source = {
  readonly name: string;
  /** `pg_control_system().system_identifier` and the OID of the database: registered once. */
  readonly systemIdentifier: string;
  readonly databaseOid: number;
  readonly database: string;
  readonly serverVersion: number;
  readonly tenantTable: TableName | null;
  readonly registeredAt: number;
  /** Hash of the newest classification, and of the one that is applied. */
  readonly classificationHash: string | null;
  readonly appliedClassificationHash: string | null;
};

/** What a grant may touch: null lists mean all that the classification grants. Names as the requester wrote them. */
export type GrantScope = { readonly tables: readonly string[] | null; readonly columns: readonly string[] | null };

/** What is needed to open the role of a grant. `notAfter` in epoch milliseconds. */
export type GrantRoleRequest = {
  readonly source: string;
  readonly tenantKey: string;
  readonly grantId: string;
  readonly mode: Mode;
  readonly notAfter: number;
  /** Absent: everything that the classification grants in this mode. */
  readonly scope?: GrantScope;
  /** The hash that the signed statements name. If given and not the applied one, the role is refused. */
  readonly classificationHash?: string | null;
};

/** Where and as whom a grant's sessions log in. The password is known to this process only and never stored. */
export type GrantRoleCredential = {
  readonly host: string;
  readonly port: number;
  readonly tls: UpstreamTls | null;
  readonly database: string;
  readonly user: string;
  readonly password: string;
};

/** How the closing of a role ended. `close_failed` is an alarm: the role may still exist, its rows are gone (map expired). */
export type GrantRoleClosing =
  | { readonly kind: 'closed'; readonly role: string | null }
  | { readonly kind: 'close_failed'; readonly role: string; readonly fault: string };

/** A fact for a log. `logId` is `operator` or the log of an affected tenant. */
export type SourceEvent = {
  readonly logId: string;
  readonly type: 'source.registered' | 'source.classified' | 'source.mapped' | 'source.applied' | 'source.undone';
  readonly payload: JsonObject;
};

/** Appends to the log and resolves when it is durable. Given by main, so that this module needs no door of the log. */
export type RecordEvent = (event: SourceEvent) => Promise<void>;

/** The tenant of a key found in a source, opened if it is new. Given by main (`Tenants.ensure`). */
export type EnsureTenant = (key: string) => Promise<{ readonly id: string; readonly logId: string }>;
