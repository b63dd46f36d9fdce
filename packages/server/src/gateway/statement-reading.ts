/** One object of the parsed tree. What it may hold is checked where it is read, never assumed. */
export type Tree = { readonly [field: string]: unknown };

/** Why a statement is not run. Thrown inside the policy only, so that a walk can end at any depth. */
export class Denial extends Error {
  override readonly name = 'Denial';
}

/** An object of the tree, or a denial: a tree that is not as expected is not understood. */
export function struct(value: unknown): Tree {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Tree;
  throw new Denial('The statement has a form that the policy does not know.');
}

/** A list of the tree; an absent one is empty. */
export function list(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new Denial('The statement has a form that the policy does not know.');
}

/** A text of the tree. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Denial('The statement has a form that the policy does not know.');
}

/** The names in a dotted name. */
export function nameOf(value: unknown): string[] {
  return list(value).map((part) => text(struct(struct(part)['String'])['sval']));
}
