import { limits } from './clocks.ts';
import { refuse, type Refusal } from './refusal.ts';

/** Texts that fit every case and so say nothing about this one, in lower case without punctuation. */
const boilerplate = [
  'as discussed with the customer',
  'customer requested access to the data',
  'for troubleshooting purposes as usual',
  'i need access to do my job',
  'i need access to the database',
  'need access to fix the issue',
  'need access to investigate issue',
  'please approve this request asap',
  'see ticket for more details',
  'troubleshooting a customer issue',
] as const;

/** Fewer different words than this cannot say what is wrong and what will be looked at. */
const differentWordsMin = 4;

/**
 * Refuses a justification that is too short, or that could stand under any request. This keeps honest people from being
 * lazy; whether the text is true is what the sample audit finds out (promise S12).
 */
export function justificationFails(justification: string): Refusal | null {
  // No Unicode classes: an engine with newer tables must count the same words when it replays.
  const words = justification.toLowerCase().match(/[^\s.,;:!?()"']+/g) ?? [];
  const length = Array.from(justification.trim()).length;
  if (length < limits.justificationMinLength) {
    return refuse('justification_too_short', `${length} characters`, `at least ${limits.justificationMinLength}`);
  }
  if (new Set(words).size < differentWordsMin || boilerplate.some((text) => text === words.join(' '))) {
    return refuse('justification_boilerplate');
  }
  return null;
}
