/** Everything that can be wrong with the database, one stable code each. */
export type DbErrorCode =
  | 'DATA_DIR_IN_USE'
  | 'DATA_DIR_UNUSABLE'
  | 'BINARIES_MISSING'
  | 'NO_UNPRIVILEGED_USER'
  | 'CLUSTER_SURVIVOR'
  | 'CLUSTER_VERSION'
  | 'CLUSTER_CORRUPT'
  | 'CLUSTER_DISK_FULL'
  | 'CLUSTER_START_FAILED'
  | 'CLUSTER_EXITED'
  | 'DATABASE_URL_INVALID'
  | 'DATABASE_DOWN'
  | 'DATABASE_LOGIN_REFUSED'
  | 'DATABASE_MISSING'
  | 'DATABASE_TOO_OLD'
  | 'DATABASE_TOO_NEW'
  | 'DATABASE_FAILED'
  | 'SCHEMA_NEWER'
  | 'MIGRATION_CHANGED'
  | 'MIGRATION_OUT_OF_ORDER'
  | 'MIGRATION_FAILED';

/**
 * A fault of the database engine. `message` is one plain sentence for whoever started the program: what was found, what
 * was expected, what to do. `detail` is for the operator only (server messages, log lines). Neither holds a secret.
 */
export class DbError extends Error {
  readonly code: DbErrorCode;
  readonly detail: string | null;

  constructor(code: DbErrorCode, sentence: string, more: { detail?: string; cause?: unknown } = {}) {
    super(sentence, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'DbError';
    this.code = code;
    this.detail = more.detail ?? null;
  }
}

/** The `code` of a system or PostgreSQL error (`ENOENT`, `28P01`), or null where there is none. */
export function codeOf(error: unknown): string | null {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (error === null || typeof error !== 'object' || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
