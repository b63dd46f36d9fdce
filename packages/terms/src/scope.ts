import type { Transform } from './purpose.ts';

/** What of the tenant's data is asked for. A null list means "all that the classification grants", never more. */
export type Scope = {
  readonly tables: readonly string[] | null;
  /** `table.column` names. */
  readonly columns: readonly string[] | null;
  /** The one statement that may run, verbatim; null for any statement of the mode. */
  readonly statement: string | null;
  readonly transform: Transform;
};

/** What may be used up under a grant. `durationMs` runs from the first use; the signed statements carry all four. */
export type Budgets = {
  readonly rows: number;
  readonly bytes: number;
  readonly statements: number;
  readonly durationMs: number;
};

/** What has been used up so far, counted from the log's outcomes. */
export type Used = { readonly rows: number; readonly bytes: number; readonly statements: number };

/** Holds if `asked` lies within `granted`, so that nothing was widened (INV-35). */
export function scopeWithin(asked: Scope, granted: Scope): boolean {
  return (
    listWithin(asked.tables, granted.tables) &&
    listWithin(asked.columns, granted.columns) &&
    (granted.statement === null || asked.statement === granted.statement) &&
    (granted.transform === 'raw' || granted.transform === asked.transform)
  );
}

/** Holds if no budget of `asked` other than time exceeds that of `granted` (INV-35; time has its own rule, the extension). */
export function budgetsWithin(asked: Budgets, granted: Budgets): boolean {
  return asked.rows <= granted.rows && asked.bytes <= granted.bytes && asked.statements <= granted.statements;
}

function listWithin(asked: readonly string[] | null, granted: readonly string[] | null): boolean {
  if (granted === null) return true;
  return asked !== null && asked.every((name) => granted.includes(name));
}
