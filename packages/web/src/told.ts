import type { ShownEntry } from './entry.ts';
import { at, text } from './words.ts';

/** How much attention an entry asks for. Never shown by colour alone: each has a word beside it. */
export type Weight = 'access' | 'refused' | 'end' | 'plain';

/** An entry in the words of somebody who was not there. */
export type Told = {
  /** One or two words for the margin. */
  readonly word: string;
  readonly weight: Weight;
  readonly sentence: string;
  /** What somebody wrote, word for word: a statement, a reason, a justification. */
  readonly quote?: string | null;
};

/** The names that the log itself gives to people, by their id. */
export type Names = ReadonlyMap<string, string>;

/** What a teller has in hand. */
export type Telling = {
  readonly entry: ShownEntry;
  readonly payload: unknown;
  /** The facts that the decision used; undefined where nothing was decided. */
  readonly facts: unknown;
  /** The person of that id, with the name if the log gives one. */
  readonly person: (id: unknown, otherwise?: string) => string;
};

/** Tells one type of entry. Must bear any payload. */
export type Teller = (telling: Telling) => Told;

/** An entry that asks for no attention. */
export function plain(word: string, sentence: string, quote: string | null = null): Told {
  return { word, weight: 'plain', sentence, quote };
}

/** An entry with which something is over. */
export function end(word: string, sentence: string, quote: string | null = null): Told {
  return { word, weight: 'end', sentence, quote };
}

/** An entry that says no. */
export function refused(word: string, sentence: string, quote: string | null = null): Told {
  return { word, weight: 'refused', sentence, quote };
}

/** The person of that id as the page names people everywhere: the name, if the log gives one, and the address. */
export function personOf(names: Names, id: unknown, otherwise = 'Somebody'): string {
  const address = text(id);
  if (address === null) return otherwise;
  const name = names.get(address);
  return name === undefined ? address : `${name} (${address})`;
}

/** The names that enrolments in the log give to people. */
export function namesIn(entries: readonly ShownEntry[]): Names {
  const names = new Map<string, string>();
  for (const { type, payload } of entries) {
    if (type !== 'person.enrolled' && type !== 'person.changed') continue;
    const id = text(at(payload, 'person'));
    const name = text(at(payload, 'name'));
    if (id !== null && name !== null) names.set(id, name);
  }
  return names;
}
