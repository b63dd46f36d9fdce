import type { GatewayAddress } from './wire.ts';
import type { Person } from './person.ts';

/** What one step of the story found out, for the summary. */
export type Figures = { readonly [name: string]: string | number | boolean };

/** Says one sentence to whoever watches. */
export type Tell = (sentence: string) => void;

/** The people of the story, each with a key of their own. */
export type People = {
  readonly emil: Person;
  readonly maria: Person;
  readonly arno: Person;
  readonly ada: Person;
};

/** The administrator's hand on the machine: SQL in the product's own database or in the sample's. */
export type Administrator = (database: 'gatehouse' | 'sample', sql: string) => Promise<readonly (readonly unknown[])[]>;

/** What every step of the story stands on. */
export type Stage = {
  readonly http: string;
  readonly gateway: GatewayAddress;
  readonly rootVkey: string;
  /** A folder of the customer's own machine: what the verifier needs is saved here and nowhere else. */
  readonly customerFolder: string;
  readonly people: People;
  readonly administrator: Administrator;
  /** Milliseconds of a clock that only runs forward. */
  readonly stopwatch: () => number;
  readonly tell: Tell;
};

/** A step did not show what it says. The demo ends with its name and this sentence. */
export class NotShown extends Error {
  override readonly name = 'NotShown';
}

/** Asserts what a step is about to say. */
export function shows(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new NotShown(sentence);
}

/** The rows, or the failure of the step with what the wire said instead. */
export function given<T>(outcome: { ok: true; value: T } | { ok: false; error: { printed: string } }, what: string): T {
  if (!outcome.ok) throw new NotShown(`${what}, but: ${outcome.error.printed}`);
  return outcome.value;
}

/** Asks again until `look` finds something; a step that waits for nothing fails by its deadline. */
export async function found<T>(
  stage: Pick<Stage, 'stopwatch'>,
  what: string,
  look: () => Promise<T | null>,
): Promise<T> {
  const until = stage.stopwatch() + 20_000;
  for (;;) {
    const seen = await look();
    if (seen !== null) return seen;
    if (stage.stopwatch() > until) throw new NotShown(`waited 20 s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Milliseconds as a figure. */
export function ms(duration: number): number {
  return Math.round(duration * 10) / 10;
}
