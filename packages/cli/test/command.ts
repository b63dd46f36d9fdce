import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin/gatehouse.js', import.meta.url));

/** What a run of the installed command left behind. */
export type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

/** Starts the installed command as a shell would. */
export function startGatehouse(args: readonly string[], environment: Record<string, string> = {}) {
  return spawn(process.execPath, [bin, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Runs the installed command to its end. */
export function gatehouse(args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = startGatehouse(args, environment);
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
    child.stdin.end();
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }),
    );
  });
}
