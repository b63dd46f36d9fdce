import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from './clock.ts';
import { readConfig, readDemoConfig } from './config.ts';
import { runDemo } from './demo-verb.ts';
import { stderrLogger } from './logger.ts';
import { databaseUrlFile, type Ready, startProgram } from './program.ts';

/** The command line of the server: `start`, `demo` or `database-url`, with flags. Returns the exit code: 0 stopped, 1 failed, 2 used wrongly. */
export async function main(args: readonly string[]): Promise<number> {
  const webDir = fileURLToPath(new URL('../../web/dist', import.meta.url));
  const [verb, ...flags] = args;
  if (verb === 'demo') return demo(flags, webDir);
  if (verb === 'database-url') return tellDatabaseUrl(flags, webDir);
  if (verb !== 'start') {
    process.stderr.write(
      `gatehouse server: found ${JSON.stringify(verb ?? '')}, expected start, demo or database-url. See: gatehouse start --help\n`,
    );
    return 2;
  }
  const read = readConfig(flags, process.env, webDir);
  if (!read.ok) {
    process.stderr.write(`gatehouse start: ${read.faults.join('\n                 ')}\n`);
    return 2;
  }
  const logger = stderrLogger(read.config.logLevel);
  const stop = waitForSignal();
  try {
    const program = await startProgram(read.config, {
      clock: systemClock(),
      random: (count) => randomBytes(count),
      logger,
    });
    process.stdout.write(read.config.json ? `${JSON.stringify(program.ready)}\n` : told(program.ready));
    const fault = await Promise.race([stop, program.failed]);
    await program.stop();
    if (fault === null) return 0;
    process.stderr.write(`gatehouse start: ${fault}\n`);
    return 1;
  } catch (cause) {
    process.stderr.write(`gatehouse start: ${sentenceOf(cause)}\n`);
    return 1;
  }
}

async function demo(flags: readonly string[], webDir: string): Promise<number> {
  const read = readDemoConfig(flags, webDir);
  if (!read.ok) {
    process.stderr.write(`gatehouse demo: ${read.faults.join('\n                ')}\n`);
    return 2;
  }
  try {
    return await runDemo(read.config, startProgram, {
      clock: systemClock(),
      random: (count) => randomBytes(count),
      logger: stderrLogger(read.config.start.logLevel),
      stopwatch: () => performance.now(),
      interrupted: waitForSignal(),
      out: (text) => process.stdout.write(text),
      complain: (text) => process.stderr.write(text),
    });
  } catch (cause) {
    process.stderr.write(`gatehouse demo: ${sentenceOf(cause)}\n`);
    return 1;
  }
}

/** Tells an administrator on the host where the product's own database is. Only who can read the data directory is told. */
async function tellDatabaseUrl(flags: readonly string[], webDir: string): Promise<number> {
  const read = readConfig(flags, process.env, webDir);
  if (!read.ok) {
    process.stderr.write(`gatehouse database-url: ${read.faults.join('\n                        ')}\n`);
    return 2;
  }
  const { dataDir, json } = read.config;
  const url = await readFile(databaseUrlFile(dataDir), 'utf8').catch(() => null);
  if (url === null) {
    const found = `found no ${databaseUrlFile(dataDir)} that may be read, expected a running server on this data directory.`;
    process.stderr.write(`gatehouse database-url: ${found} Start it, or give --data DIR.\n`);
    return 1;
  }
  process.stdout.write(json ? `${JSON.stringify({ url: url.trim() })}\n` : url);
  return 0;
}

function told({ http, gateway, data, version }: Ready): string {
  return [
    `Gatehouse ${version} is running. Data: ${data}`,
    `  HTTP     ${http}  (OpenAPI: ${http}/api/openapi.json)`,
    `  Gateway  ${gateway.host}:${gateway.port}  (certificate authority: ${gateway.ca})`,
    'Stop with Ctrl-C.',
    '',
  ].join('\n');
}

function waitForSignal(): Promise<null> {
  return new Promise((resolve) => {
    // A second signal changes nothing: draining is under way, and half of it would only be work for the next start.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(null));
  });
}

/** The one sentence that a person at the terminal gets; the rest is in the log. */
function sentenceOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code, address, port } = cause as { code?: string; address?: string; port?: number };
  if (code === 'EADDRINUSE') {
    return `Found ${address}:${port} in use by another program; expected it free. Choose another with --http or --gateway, or 0 for any free port.`;
  }
  return cause.message;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
