import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../src/program.ts';
import { gatehouse } from './command.ts';
import { aTerminal } from './terminal.ts';

const person = 'engineer@operator.example';
let dataDir: string;
let empty: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-cli-'));
  empty = join(dataDir, 'empty');
  await mkdir(join(dataDir, 'profiles', person), { recursive: true });
  const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  await writeFile(join(dataDir, 'profiles', person, 'key.json'), JSON.stringify(key), { mode: 0o600 });
});
afterAll(() => rm(dataDir, { recursive: true }));

async function run(...args: readonly string[]) {
  const terminal = aTerminal();
  const code = await runCommand(args, '0.0.0', terminal.surroundings);
  return { code, out: terminal.out(), err: terminal.err() };
}

describe('the command, used wrongly', () => {
  it.each([
    ['an unknown verb', ['frobnicate'], /Unknown command 'frobnicate'/],
    ['an unknown verb of a family', ['source', 'paint'], /Unknown command 'paint'/],
    ['an unknown flag', ['whoami', '--bogus'], /Unknown option '--bogus'/],
    ['an unknown flag of start', ['start', '--bogus'], /Unknown option '--bogus'/],
    ['a missing flag', ['deny', 'PGz4vT0yQ2aXr1n8sL3wKg'], /--reason/],
    ['a missing argument', ['show'], /Missing required argument 'id'/],
    ['an argument too many', ['whoami', 'me'], /Too many arguments/],
    ['a mode that is none', ['request', '--mode', 'admin'], /Allowed choices are read, write/],
    ['a number that is none', ['log', 'list', '--limit', 'many'], /--limit is "many"/],
    ['no verb', [], /What to do is not said/],
    ['no verb of a family', ['log'], /What to do is not said.*gatehouse log --help/],
    ['two things to verify', ['verify', '--bundle', 'a', '--export', 'b'], /Both --bundle and --export/],
    ['nobody', ['whoami'], /There is no profile/],
    ['a key that is none', ['verify', '--bundle', 'none.json', '--vkey', 'x'], /--vkey/],
  ])('refuses %s with one sentence and exit code 2', async (_, args, said) => {
    const { code, out, err } = await run('--data', empty, ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(said);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('tells it as JSON on stderr with --json, wherever the flag stands', async () => {
    for (const args of [
      ['--json', 'frobnicate'],
      ['whoami', '--bogus', '--json'],
    ]) {
      const { code, out, err } = await run('--data', empty, ...args);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(JSON.parse(err)).toMatchObject({ code: 'usage', message: expect.any(String) });
    }
  });

  it('gives psql every argument after --, flags and --json included', async () => {
    const id = 'PGz4vT0yQ2aXr1n8sL3wKg';
    const { err } = await run(
      '--data',
      dataDir,
      '--server',
      'http://127.0.0.1:1',
      'connect',
      id,
      '--dsn',
      '--',
      '-c',
      'x',
      '--json',
    );
    expect(err).toBe(
      'gatehouse: Arguments for psql were given, but psql is not run with --dsn or --json; leave out one of them. (usage)\n',
    );
  });

  it('shows help with an example for each verb, and only verbs that exist', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    const verbs = [...out.matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map(([, verb]) => String(verb));
    expect(verbs).toContain('verify');
    for (const unbuilt of ['lock', 'breakglass', 'witness', 'keys', 'legal']) expect(verbs).not.toContain(unbuilt);
    for (const verb of verbs.filter((name) => !['source', 'log', 'help'].includes(name))) {
      expect((await run(verb, '--help')).out).toContain('Example:');
    }
  });

  it('ends with those exit codes when it is run as a program', async () => {
    expect(await gatehouse(['frobnicate'])).toMatchObject({ code: 2, out: '' });
    expect(await gatehouse(['--data', empty, '--as', person, 'whoami'])).toMatchObject({ code: 1, out: '' });
    expect(await gatehouse(['--help'])).toMatchObject({ code: 0, err: '' });
  });
});

describe('the command and a server that is none', () => {
  it('says that nobody answers', async () => {
    const { code, err } = await run('--data', dataDir, '--server', `http://127.0.0.1:${await freePort()}`, 'whoami');
    expect(code).toBe(1);
    expect(err).toContain('did not answer');
  });

  it('says where a server was expected if none was ever started', async () => {
    const { code, err } = await run('--data', dataDir, 'whoami');
    expect(code).toBe(1);
    expect(err).toContain('gatehouse.json');
  });

  it.each(['<html>hello</html>', '{"token":7}', '[]', 'null', ''])('survives the answer %j', async (body) => {
    const server = createHttpServer((_, response) => response.end(body));
    const { code, err } = await withServer(server, (url) =>
      run('--data', dataDir, '--server', url, '--json', 'whoami'),
    );
    expect(code).toBe(1);
    expect(JSON.parse(err)).toMatchObject({ code: 'server_answer' });
  });
});

async function withServer<T>(server: Server, work: (url: string) => Promise<T>): Promise<T> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  try {
    return await work(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  } finally {
    server.close();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
