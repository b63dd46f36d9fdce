import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SignJWT } from 'jose';
import { CliFailure } from './failure.ts';
import type { Profile } from './profile.ts';
import { fieldsOf, textOf } from './reading.ts';

/** Adopting a large database takes minutes; a server that says nothing for longer is given up. */
const answerMostMs = 300_000;

/** Speaks HTTP to one server as one person. Signs in by key proof (RFC 9449) when it has to, and keeps the session in the profile's folder. */
export class Client {
  readonly #http: string;
  readonly #profile: Profile;
  readonly #sessionFile: string;
  #token: string | null;

  constructor(http: string, profile: Profile, dataDir: string) {
    this.#http = http.replace(/\/$/, '');
    this.#profile = profile;
    const server = createHash('sha256').update(this.#http).digest('hex').slice(0, 16);
    this.#sessionFile = join(dataDir, 'profiles', profile.person, `session-${server}`);
    this.#token = readSession(this.#sessionFile);
  }

  /** The server's address, without a slash at the end. */
  get http(): string {
    return this.#http;
  }

  /** Reads a resource. */
  get(path: string): Promise<unknown> {
    return this.#json('GET', path, undefined);
  }

  /** Posts a body; safe to send twice, because each call carries its own Idempotency-Key. */
  post(path: string, body: unknown): Promise<unknown> {
    return this.#json('POST', path, body ?? {});
  }

  /** Reads bytes: tiles and checkpoints. Null where there is nothing (404). */
  async bytes(path: string): Promise<Uint8Array | null> {
    const response = await this.#send('GET', path, undefined, {});
    if (response.status === 404) return null;
    if (!response.ok) throw await failureOf(response);
    return new Uint8Array(await response.arrayBuffer());
  }

  async #json(method: string, path: string, body: unknown): Promise<unknown> {
    const headers = method === 'POST' ? { 'idempotency-key': randomUUID() } : {};
    const response = await this.#send(method, path, body, headers);
    if (!response.ok) throw await failureOf(response);
    return await jsonOf(response);
  }

  async #send(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
    const first = this.#token === null ? null : await this.#call(method, path, body, headers);
    if (first !== null && first.status !== 401) return first;
    await this.#signIn();
    return this.#call(method, path, body, headers);
  }

  #call(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
    return reach(`${this.#http}${path}`, {
      method,
      headers: {
        ...headers,
        ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async #signIn(): Promise<void> {
    const url = `${this.#http}/api/v1/sessions`;
    const proof = await new SignJWT({ htm: 'POST', htu: url, jti: randomUUID() })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'EdDSA', jwk: this.#profile.publicJwk as never })
      .setIssuedAt()
      .sign(this.#profile.privateKey);
    const response = await reach(url, { method: 'POST', headers: { dpop: proof } });
    if (!response.ok) throw await failureOf(response);
    this.#token = textOf(fieldsOf(await jsonOf(response)), 'token');
    keepSession(this.#sessionFile, this.#token);
  }
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(answerMostMs) });
  } catch (cause) {
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new CliFailure(
      'server_unreachable',
      `The server at ${new URL(url).origin} did not answer: ${why}. Is it running?`,
    );
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new CliFailure(
      'server_answer',
      `The server at ${new URL(response.url).origin} answered with something that is not JSON. Is it a Gatehouse?`,
    );
  }
}

async function failureOf(response: Response): Promise<CliFailure> {
  const text = await response.text();
  try {
    const { code, detail } = JSON.parse(text) as { code?: string; detail?: string };
    if (code !== undefined && detail !== undefined) return new CliFailure(code, detail);
  } catch {
    // Not one of ours: a proxy's page, for example. The sentence below is all there is to say.
  }
  return new CliFailure(
    'server_answer',
    `The server answered ${response.status} with something that is no problem document.`,
  );
}

function readSession(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch {
    return null;
  }
}

function keepSession(file: string, token: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const next = `${file}.${process.pid}`;
  writeFileSync(next, `${token}\n`, { mode: 0o600 });
  renameSync(next, file);
}
