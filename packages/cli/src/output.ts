import { CliFailure } from './failure.ts';
import type { Surroundings } from './surroundings.ts';
import { plain } from './words.ts';

/** What a verb has to show, in its two forms; or that a child has shown everything itself. */
export type Answer =
  | {
      readonly kind: 'shown';
      /** The one JSON document of `--json`. */
      readonly document: unknown;
      /** The same for people. */
      readonly text: string;
      /** What was shown is a no: a check that does not hold, a request that was denied. */
      readonly failure?: CliFailure;
    }
  | { readonly kind: 'ran'; readonly exitCode: number };

/** An answer in its two forms. */
export function shown(document: unknown, text: string, failure?: CliFailure): Answer {
  return failure === undefined ? { kind: 'shown', document, text } : { kind: 'shown', document, text, failure };
}

/** Prints an answer: with `--json` exactly one document on stdout, else the text. Returns the exit code. */
export function printAnswer(answer: Answer, json: boolean, surroundings: Surroundings): number {
  if (answer.kind === 'ran') return answer.exitCode;
  const text = json ? JSON.stringify(answer.document) : answer.text;
  if (text !== '') surroundings.print(text.endsWith('\n') ? text : `${text}\n`);
  return answer.failure === undefined ? 0 : printFailure(answer.failure, json, surroundings);
}

/** Prints why nothing came of it, on stderr: a sentence with its code, or with `--json` `{code, message}`. Returns the exit code. */
export function printFailure(
  { code, message, exitCode }: CliFailure,
  json: boolean,
  surroundings: Surroundings,
): number {
  surroundings.tell(
    json ? `${JSON.stringify({ code, message })}\n` : `gatehouse: ${plain(message)} (${plain(code)})\n`,
  );
  return exitCode;
}

/** Whatever was thrown as a failure; what is none of ours is a bug, and says so without hiding its cause. */
export function failureFrom(thrown: unknown): CliFailure {
  if (thrown instanceof CliFailure) return thrown;
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  return new CliFailure(
    'cli_fault',
    `The command failed unexpectedly: ${said}. Please report this as a fault of gatehouse.`,
  );
}
