/**
 * Checks that an unknown JSON value has the form a type says, without throwing. Used on every set of facts, so that a
 * missing or mistyped fact is a refusal and never a permit. Unknown members are rejected: facts that were not weighed
 * must not look as if they had been.
 */
export interface Shape<T> {
  /** Null if `value` has the form; else one sentence that names the member. */
  (value: unknown, path: string): string | null;
  /** Only for the compiler: the type that the shape describes. */
  readonly describes?: T;
}

/** Any text that can be logged: at most 8,192 UTF-16 units, no lone surrogate (LOG-SPEC 1.4). */
export const text: Shape<string> = (value, path) =>
  typeof value === 'string' && value.length <= 8_192 && value.isWellFormed()
    ? null
    : `${path} is not a text of at most 8,192 characters`;

/** True or false. */
export const flag: Shape<boolean> = (value, path) =>
  typeof value === 'boolean' ? null : `${path} is not true or false`;

/** A whole number from 0 to 2^53 - 1 (LOG-SPEC 1.2). */
export const count: Shape<number> = (value, path) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? null : `${path} is not a whole number of at least 0`;

/** One of a closed list of words. */
export function oneOf<const Word extends string>(words: readonly Word[]): Shape<Word> {
  return (value, path) => (words.some((word) => word === value) ? null : `${path} is not one of ${words.join(', ')}`);
}

/** The form, or null. */
export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === null ? null : shape(value, path));
}

/** A list of at most 1,024 members of one form. */
export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > 1_024) return `${path} is not a list of at most 1,024 members`;
    for (const [index, member] of value.entries()) {
      const fault = shape(member, `${path}[${index}]`);
      if (fault !== null) return fault;
    }
    return null;
  };
}

/** An object with exactly these members. */
export function record<T extends object>(members: { readonly [Name in keyof T]-?: Shape<T[Name]> }): Shape<T> {
  const names = Object.keys(members) as (keyof T & string)[];
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${path} is not an object`;
    for (const name of names) {
      if (!Object.hasOwn(value, name)) return `${path}.${name} is missing`;
      const fault = members[name]((value as Record<string, unknown>)[name], `${path}.${name}`);
      if (fault !== null) return fault;
    }
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(members, name));
    return unknown === undefined ? null : `${path}.${unknown} is not a known member`;
  };
}
