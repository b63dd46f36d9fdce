import { createHash } from 'node:crypto';
import { escapeIdentifier, escapeLiteral } from 'pg';
import type { TableName } from './source.ts';

/**
 * Quotes a name for SQL, always: names with quotes, newlines, upper case or Unicode come out as they are. A name with NUL
 * cannot exist in PostgreSQL and is refused here as a bug.
 */
export function quoteIdentifier(name: string): string {
  if (name.includes('\0')) throw new TypeError('A name of a database object holds a NUL character.');
  return escapeIdentifier(name);
}

/** Quotes a text for SQL; a backslash makes it an E'' string, so the setting of standard_conforming_strings is irrelevant. */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new TypeError('A text for the database holds a NUL character.');
  return escapeLiteral(text).trimStart();
}

/** `"schema"."table"`. */
export function quoteTable(name: TableName): string {
  return `${quoteIdentifier(name.schema)}.${quoteIdentifier(name.table)}`;
}

/** A table for a sentence: `schema.table`, control characters made visible so that a name cannot forge a line. */
export function showTable(name: TableName): string {
  return `${showName(name.schema)}.${showName(name.table)}`;
}

/** A name for a sentence or a comment: plain names as they are, others as JSON, without control or direction characters. */
export function showName(name: string): string {
  return /^[\p{L}\p{N}_$-]+$/u.test(name) ? name : showText(JSON.stringify(name));
}

/** A text for a sentence or a comment: characters that end a line, are invisible or turn the direction become visible. */
export function showText(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (found) => `\\u${(found.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** Twelve hex characters that stand for `parts`, unambiguously. */
export function shortHash(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
}
