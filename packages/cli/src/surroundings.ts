/** Everything around a run of the command that is not its arguments. An argument, so that tests can stand in for the terminal. */
export type Surroundings = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly random: (size: number) => Uint8Array;
  /** Writes to stdout. */
  readonly print: (text: string) => void;
  /** Writes to stderr. */
  readonly tell: (text: string) => void;
  readonly pause: (milliseconds: number) => Promise<void>;
  /** All of stdin. */
  readonly readInput: () => Promise<string>;
  /** True where a person sits before the terminal, which then hands Ctrl-C to children itself. */
  readonly interactive: boolean;
};
