import type { Finding } from '@gatehouse/verifier';
import { CliFailure } from '../failure.ts';
import { type Answer, shown } from '../output.ts';
import { counted, plain } from '../words.ts';

/** Something that does not hold: the verifier's finding, or one that only a client can make. */
export type Fault = Omit<Finding, 'code'> & { readonly code: string };

/** What was checked, in sentences with their counts, and what does not hold. */
export class Report {
  readonly #checks: string[] = [];
  readonly #faults: Fault[] = [];

  /** True while nothing was found wrong. */
  get ok(): boolean {
    return this.#faults.length === 0;
  }

  /** Notes what was checked and held. */
  held(sentence: string): void {
    this.#checks.push(sentence);
  }

  /** Notes what does not hold. */
  found(...faults: readonly Fault[]): void {
    this.#faults.push(...faults);
  }

  /** The report in its two forms; a failure if anything was found wrong. */
  answer(what: string, more: object): Answer {
    const [checks, findings] = [this.#checks, this.#faults];
    const verdict = this.ok
      ? `OK: everything that was checked holds for ${plain(what)}.`
      : `NOT OK: ${counted(findings.length, 'finding')} for ${plain(what)}.`;
    const text = [
      ...checks.map((check) => `  ${check}`),
      ...findings.map(({ code, message }) => `  FOUND ${plain(message)} (${code})`),
      verdict,
    ].join('\n');
    const failure = this.ok
      ? undefined
      : new CliFailure('verification_failed', `${plain(what)} does not verify: ${plain(findings[0]?.message ?? '')}`);
    return shown({ ok: this.ok, ...more, checks, findings }, text, failure);
  }
}
