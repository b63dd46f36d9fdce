import { CliFailure } from './failure.ts';
import type { Command } from 'commander';
import type { Caller, Settings } from './caller.ts';
import type { Answer } from './output.ts';
import type { Surroundings } from './surroundings.ts';

/** Where a verb hands in its work: the program opens the caller, prints the answer and turns failures into sentences. */
export type Desk = {
  /** Work as somebody with a profile, against a server. */
  readonly asCaller: (work: (caller: Caller) => Promise<Answer>) => Promise<void>;
  /** Work that needs neither. */
  readonly alone: (work: (settings: Settings, surroundings: Surroundings) => Promise<Answer>) => Promise<void>;
};

/** Adds a family of verbs to the program. */
export type Family = (program: Command, desk: Desk) => void;

/** Adds an example to the help of a verb. */
export function example(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExample:\n${lines.map((line) => `  gatehouse ${line}`).join('\n')}`);
}

/** Reads a whole number from a flag; refuses what is none, naming the flag. */
export function wholeNumber(flag: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new CliFailure(
      'flag_invalid',
      `${flag} is ${JSON.stringify(text)}; expected a whole number from ${least} to ${most}.`,
      2,
    );
  };
}
