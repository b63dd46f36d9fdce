import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CliFailure } from './failure.ts';

/** A program to run in front of the person: it has the terminal, and its exit code becomes ours. */
export type Child = {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What to do where the program is not installed. */
  readonly missing: string;
  /** True where the terminal hands Ctrl-C to the child itself. */
  readonly interactive: boolean;
};

/** Runs a child to its end, hands our signals on, and returns its exit code (128 + n where signal n ended it, as shells say). */
export function run({ command, args, environment, missing, interactive }: Child): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', env: environment as NodeJS.ProcessEnv });
    const passOn = (signal: NodeJS.Signals): void =>
      void (signal === 'SIGINT' && interactive ? false : child.kill(signal));
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    for (const signal of signals) process.on(signal, passOn);
    const done = (): void => {
      for (const signal of signals) process.off(signal, passOn);
    };
    child.on('error', (cause) => {
      done();
      const absent = 'code' in cause && cause.code === 'ENOENT';
      const message = absent ? missing : `${command} could not be run: ${cause.message}.`;
      reject(new CliFailure(absent ? 'program_missing' : 'program_failed', message, absent ? 2 : 1));
    });
    child.on('exit', (code, signal) => {
      done();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
