import { textOf, utf8 } from './bytes.ts';
import { type Checked, fails, holds, show } from './finding.ts';

/** A JSON value (RFC 8259). */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue };

/** A JSON object. */
export type JsonObject = { readonly [member: string]: JsonValue };

/** Deeper values are refused: our own records need 4 levels, and hostile depth costs stack. */
const depthMost = 32;

/**
 * The RFC 8785 form of `value`: members sorted by UTF-16 code units, ECMAScript numbers, no white space.
 * Throws a TypeError for what JSON cannot say (undefined, NaN, functions, lone surrogates, cycles): that is our bug,
 * never a property of data that came in as JSON.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

/**
 * The bytes that are hashed, signed or sealed: RFC 8785 within the limits of LOG-SPEC 1.4 (whole numbers from 0 to
 * 2^53-1). Throws a TypeError for any other number, so that no record is written that a verifier must reject.
 */
export function canonicalBytes(value: unknown): Uint8Array {
  const text = write(value, 0);
  const problem = outsideLimits(value, '$', 0);
  if (problem !== null) throw new TypeError(`This value has no place in a record: ${problem}.`);
  return utf8(text);
}

/**
 * Parses bytes that must be in RFC 8785 form and within the limits of LOG-SPEC 1.4. Fails for anything that does not
 * serialise to the same bytes: duplicate members, other order, white space, `7.0`, escapes that need not be.
 */
export function parseCanonical(bytes: Uint8Array): Checked<JsonValue> {
  const text = textOf(bytes);
  if (text === null) return fails('NOT_UTF8', 'The bytes are not UTF-8; a record is UTF-8 JSON.');
  return parseCanonicalText(text);
}

/** {@link parseCanonical} for text that is already decoded. */
export function parseCanonicalText(text: string): Checked<JsonValue> {
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  const problem = outsideLimits(parsed.value, '$', 0);
  if (problem !== null) return fails('NUMBER_OR_TEXT_OUT_OF_BOUNDS', `Found ${problem}.`);
  if (write(parsed.value, 0) !== text) {
    return fails(
      'NOT_CANONICAL',
      'The bytes are JSON, but not in RFC 8785 form (member order, duplicates, white space, number or escape form); expected the one canonical form.',
    );
  }
  return holds(parsed.value);
}

/** Parses any JSON text; white space and member order are free. Of duplicate members the last one counts. */
export function parseJson(text: string): Checked<JsonValue> {
  try {
    return holds(JSON.parse(text) as JsonValue);
  } catch (cause) {
    return fails(
      'NOT_JSON',
      `The text is not JSON (${cause instanceof Error ? cause.message.slice(0, 120) : 'no reason'}).`,
    );
  }
}

/** Whether `value` is a JSON object, not null and not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether `value` is a whole number of LOG-SPEC 1.2: from 0 to 2^53-1. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeText(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`JSON has no number ${value}.`);
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      break;
    default:
      throw new TypeError(`JSON has no ${typeof value}.`);
  }
  if (value === null) return 'null';
  if (depth >= depthMost) throw new TypeError(`The value is nested deeper than ${depthMost} levels.`);
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(',')}]`;
  let text = '';
  for (const name of namesInOrder(value)) {
    const separator = text === '' ? '{' : ',';
    text += `${separator}${writeText(name)}:${write((value as { [name: string]: unknown })[name], depth + 1)}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

/** The member names in order of UTF-16 code units (RFC 8785, 3.2.3); what was canonical is in order already. */
function namesInOrder(value: object): readonly string[] {
  const names = Object.keys(value);
  for (let at = 1; at < names.length; at++) if ((names[at - 1] ?? '') > (names[at] ?? '')) return names.sort();
  return names;
}

function writeText(text: string): string {
  // Printable ASCII without quote and backslash, nearly every text of a leaf, is its own escaped form.
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError('A text has a lone surrogate; JSON text must be valid Unicode.');
  return JSON.stringify(text);
}

/** What in `value` LOG-SPEC 1.4 forbids, in words, or null. */
function outsideLimits(value: unknown, path: string, depth: number): string | null {
  if (typeof value === 'number') {
    if (isCount(value) || (value === -1 && path.endsWith('.prev'))) return null;
    return `the number ${value} at ${path}; expected a whole number from 0 to 2^53-1`;
  }
  if (typeof value === 'string') {
    return value.isWellFormed() ? null : `a text with a lone surrogate at ${path}; expected valid Unicode`;
  }
  if (typeof value !== 'object' || value === null) return null;
  if (depth >= depthMost) return `more than ${depthMost} levels of nesting; expected fewer`;
  if (Array.isArray(value)) {
    for (const item of value) {
      const problem = outsideLimits(item, path, depth + 1);
      if (problem !== null) return problem;
    }
    return null;
  }
  for (const [name, member] of Object.entries(value)) {
    if (!name.isWellFormed()) return `the member name ${show(name)} with a lone surrogate; expected valid Unicode`;
    const simple = typeof member === 'boolean' || isCount(member);
    const problem = simple ? null : outsideLimits(member, `${path}.${name}`, depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}
