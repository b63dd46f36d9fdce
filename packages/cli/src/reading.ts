import { CliFailure } from './failure.ts';

/** The members of an answer, nothing about them believed yet. */
export type Fields = { readonly [name: string]: unknown };

/** An object of an answer; a server that sends something else is told so in a sentence, not in a stack. */
export function fieldsOf(value: unknown, what = 'the answer'): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw unexpected(what, 'an object');
}

/** A member that is a text. */
export function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw unexpected(name, 'a text');
}

/** A member that is a text or null. */
export function textOrNullOf(fields: Fields, name: string): string | null {
  return fields[name] === null || fields[name] === undefined ? null : textOf(fields, name);
}

/** A member that is a whole number. */
export function countOf(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw unexpected(name, 'a whole number');
}

/** A member that is a list of objects. */
export function listOf(fields: Fields, name: string): readonly Fields[] {
  const value = fields[name];
  if (Array.isArray(value)) return value.map((item) => fieldsOf(item, name));
  throw unexpected(name, 'a list');
}

/** A member that is a list of texts. */
export function textsOf(fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw unexpected(name, 'a list of texts');
}

function unexpected(what: string, expected: string): CliFailure {
  return new CliFailure(
    'server_answer',
    `The server's answer is not of the form that this program knows: ${what} is not ${expected}. Do both have the same version?`,
  );
}
