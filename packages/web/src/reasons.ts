import { explain, isRefusalReason, purposeOf } from '@gatehouse/terms';
import { at, text } from './words.ts';

/** What the gateway turned away before the terms were asked. */
const atTheDoor: { readonly [reason: string]: string } = {
  plaintext_refused: 'The connection was not encrypted.',
  protocol_violation: 'What was sent is not the PostgreSQL protocol.',
  authentication_failed: 'The password or token was wrong, used or expired.',
  startup_refused: 'The connection asked for something that the gateway does not do.',
  statement_denied: 'The statement is not of the kinds that this access allows.',
  cancel_refused: 'A cancellation came from somebody who may not cancel.',
};

/** A refusal in words, with its code at the end so that it can be looked up. Null if no reason was given. */
export function reasonInWords(reason: unknown, found: unknown = null, expected: unknown = null): string | null {
  const code = text(reason);
  if (code === null) return null;
  if (isRefusalReason(code)) {
    const said = explain({ reason: code, found: text(found), expected: text(expected) });
    return `${[said.found, said.expected].filter((part) => part !== null).join(' ')} [${code}]`;
  }
  return Object.hasOwn(atTheDoor, code) ? `${atTheDoor[code]} [${code}]` : `[${code}]`;
}

/** The reason of a logged decision that said no. */
export function refusalInWords(decision: unknown): string | null {
  return reasonInWords(at(decision, 'reason'), at(decision, 'found'), at(decision, 'expected'));
}

/** A purpose as a customer reads it, for the middle of a sentence: "repair a problem that has happened". */
export function purposeInWords(value: unknown): string {
  const code = text(value);
  const purpose = code === null ? null : purposeOf(code);
  if (purpose === null) return code ?? 'a purpose that was not said';
  const sentence = purpose.sentence.replace(/\.$/, '');
  return `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;
}

/** A code of a closed list as words: customer_support is "customer support". */
export function codeInWords(value: unknown): string | null {
  return text(value)?.replaceAll('_', ' ') ?? null;
}
