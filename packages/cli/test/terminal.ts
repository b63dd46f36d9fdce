import type { Surroundings } from '../src/surroundings.ts';

/** A terminal that remembers what was written to it. */
export function aTerminal() {
  const [out, err]: [string[], string[]] = [[], []];
  const surroundings: Surroundings = {
    environment: {},
    now: () => 0,
    random: (size) => new Uint8Array(size),
    print: (text) => void out.push(text),
    tell: (text) => void err.push(text),
    pause: async () => undefined,
    readInput: async () => '',
    interactive: false,
  };
  return { surroundings, out: () => out.join(''), err: () => err.join('') };
}
