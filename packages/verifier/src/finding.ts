import type { FindingCode } from './finding-codes.ts';

/**
 * Something that a check found wrong in data that others wrote: a stable code for programs and one sentence for people
 * that says what was found and what was expected. Hostile data leads to findings, never to exceptions.
 */
export type Finding = {
  readonly code: FindingCode;
  readonly message: string;
  /** The file, by its path below the log's prefix, when the data came from one. */
  readonly file?: string;
  /** The index of the entry, epoch or statement that is wrong. */
  readonly index?: number;
};

/** The outcome of a check: the value in the type that the inside uses, or what was found wrong. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly finding: Finding };

/** Where a finding was made. */
export type Place = { readonly file?: string; readonly index?: number };

/** A check that held. */
export function holds<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** A check that failed. */
export function fails(
  code: FindingCode,
  message: string,
  place: Place = {},
): { readonly ok: false; readonly finding: Finding } {
  return { ok: false, finding: { code, message, ...place } };
}

/** A value from outside as it may be shown in a sentence: JSON, at most 80 characters. */
export function show(value: unknown): string {
  const text =
    typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
