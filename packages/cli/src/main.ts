import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { systemNow } from './clock.ts';
import { runCommand } from './program.ts';
import type { Surroundings } from './surroundings.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** Runs the `gatehouse` command with the real terminal around it, and returns the exit code. */
export function main(args: readonly string[]): Promise<number> {
  process.stdout.on('error', endWithReader);
  const surroundings: Surroundings = {
    environment: process.env,
    now: systemNow,
    random: (size) => randomBytes(size),
    print: (said) => void process.stdout.write(said),
    tell: (said) => void process.stderr.write(said),
    pause: (milliseconds) => setTimeout(milliseconds),
    readInput: () => text(process.stdin),
    interactive: process.stdin.isTTY,
  };
  return runCommand(args, version, surroundings);
}

/** `gatehouse log list | head` closes our stdout early; that is the reader's right and no fault. */
function endWithReader(cause: Error): void {
  if ('code' in cause && cause.code === 'EPIPE') process.exit(0);
  throw cause;
}
