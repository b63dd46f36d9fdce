/** One step of a plan: what it is for, the statements, and the statements that undo them. */
export type Step = { readonly title: string; readonly sql: readonly string[]; readonly undo: readonly string[] };
