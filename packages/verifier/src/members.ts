import { decodeBase64, decodeBase64Url, isBase64Hash } from './base64.ts';
import { isCount, type JsonObject, type JsonValue } from './canonical-json.ts';
import type { FindingCode } from './finding-codes.ts';
import { type Checked, fails, holds, show } from './finding.ts';
import { parseTime } from './time.ts';

/** What a member may hold: a test, and the words for a person whose value fails it. */
export type Form = { readonly test: (value: JsonValue) => boolean; readonly expected: string };

/** The members of a record: those it must have, and those it may have. Others are refused when `closed`. */
export type Members = {
  readonly required: Readonly<Record<string, Form>>;
  readonly optional?: Readonly<Record<string, Form>>;
};

/** A text of 1 to `most` printable ASCII characters. */
export function printable(most: number): Form {
  return {
    test: (value) =>
      typeof value === 'string' && value.length >= 1 && value.length <= most && /^[\x20-\x7e]*$/.test(value),
    expected: `a text of 1 to ${most} printable ASCII characters`,
  };
}

/** A text that matches `pattern`. */
export function matching(pattern: RegExp, expected: string): Form {
  return { test: (value) => typeof value === 'string' && pattern.test(value), expected };
}

/** Either null or what `form` allows. */
export function nullable(form: Form): Form {
  return { test: (value) => value === null || form.test(value), expected: `${form.expected}, or null` };
}

/** Exactly this value. */
export function exactly(only: string | number | boolean): Form {
  return { test: (value) => value === only, expected: JSON.stringify(only) };
}

/** Strict base64 of exactly `length` bytes. */
export function base64Of(length: number): Form {
  return {
    test: (value) => typeof value === 'string' && decodeBase64(value)?.length === length,
    expected: `strict base64 of ${length} bytes`,
  };
}

/** A whole number from 0 to 2^53-1 (LOG-SPEC 1.2). */
export const count: Form = { test: isCount, expected: 'a whole number from 0 to 2^53-1' };
/** Strict base64 of a SHA-256 hash. */
export const base64Hash: Form = { test: isBase64Hash, expected: 'strict base64 of 32 bytes' };
/** A time as LOG-SPEC 1.3 writes it. */
export const time: Form = {
  test: (value) => parseTime(value) !== null,
  expected: 'a time such as 2026-03-02T09:00:00.000Z',
};
/** 16 random bytes in hex: compartments, sealing keys. */
export const hexId: Form = matching(/^[0-9a-f]{32}$/, '32 lower-case hex digits');
/** 16 random bytes in base64url: requests, grants, cases. */
export const ref: Form = {
  test: (value) => typeof value === 'string' && value.length === 22 && decodeBase64Url(value) !== null,
  expected: '22 characters of base64url (16 bytes)',
};

/** The form of a member by its name; hostile names such as `constructor` find nothing. */
export function formOf(forms: Readonly<Record<string, Form>>, name: string): Form | undefined {
  return Object.hasOwn(forms, name) ? forms[name] : undefined;
}

/** Checks that `value` has exactly the members of `members`, each in its form; the finding names the first that has not. */
export function checkMembers(
  value: JsonObject,
  { required, optional = {} }: Members,
  code: FindingCode,
  what: string,
): Checked<JsonObject> {
  for (const name of Object.keys(required)) {
    if (!Object.hasOwn(value, name)) return fails(code, `${what} lacks the member "${name}".`);
  }
  for (const [name, member] of Object.entries(value)) {
    const form = formOf(required, name) ?? formOf(optional, name);
    if (form === undefined) return fails(code, `${what} has the member ${show(name)}, which is not defined for it.`);
    if (!form.test(member)) return fails(code, `In ${what}, "${name}" is ${show(member)}; expected ${form.expected}.`);
  }
  return holds(value);
}
