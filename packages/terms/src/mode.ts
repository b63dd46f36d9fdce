/** What a grant lets its holder do to rows: look, or also change. Nothing else is grantable (INV-42). */
export const modes = ['read', 'write'] as const;

/** One of `modes`. */
export type Mode = (typeof modes)[number];

/**
 * What one statement does, as the gateway classified it. `session` has no effect on data (BEGIN, SHOW, an allowed SET);
 * `copy_out` is a bulk read; `forbidden` is everything no grant ever allows (DDL, roles, policies, functions with effects).
 */
export const statementClasses = ['session', 'read', 'copy_out', 'write', 'copy_in', 'forbidden'] as const;

/** One of `statementClasses`. */
export type StatementClass = (typeof statementClasses)[number];

/** Holds if a grant of this mode covers a statement of this class. Bulk is a matter of the purpose, not of the mode. */
export function modeCovers(mode: Mode, statement: StatementClass): boolean {
  switch (statement) {
    case 'session':
    case 'read':
    case 'copy_out':
      return true;
    case 'write':
    case 'copy_in':
      return mode === 'write';
    case 'forbidden':
      return false;
  }
}
