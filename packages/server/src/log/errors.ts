/** Everything that can be wrong with the log, one stable code each. */
export type LogErrorCode =
  | 'LOG_UNAVAILABLE'
  | 'LOG_OUTCOME_UNKNOWN'
  | 'LOG_QUEUE_FULL'
  | 'LOG_STOPPED'
  | 'LOG_DRAFT_INVALID'
  | 'LOG_UNKNOWN'
  | 'LOG_ALREADY_OPEN'
  | 'LOG_BEHIND_LOCK'
  | 'LOG_LOCK_MISSING'
  | 'LOG_LOCK_UNUSABLE'
  | 'LOG_KEY_UNUSABLE'
  | 'LOG_NAME_INVALID'
  | 'LOG_NAME_MISMATCH'
  | 'LOG_DAMAGED';

/**
 * A fault of the log. `message` is one plain sentence: what was found, what was expected, what to do; no secrets. With
 * every code but `LOG_OUTCOME_UNKNOWN` nothing was appended.
 */
export class LogError extends Error {
  readonly code: LogErrorCode;

  constructor(code: LogErrorCode, sentence: string, more: { cause?: unknown } = {}) {
    super(sentence, more);
    this.name = 'LogError';
    this.code = code;
  }
}

/** The `code` of a system or PostgreSQL error, or null. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
