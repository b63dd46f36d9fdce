import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encodeBase64,
  keyIdOf,
  type PublicJwk,
  type SignedStatement,
  type Statement,
  statementMessage,
} from '@gatehouse/verifier';
import { type JWK, SignJWT } from 'jose';

/** What a person's program needs: the server's address, the folder with the keys, a clock and randomness of its own. */
export type PersonSetting = {
  readonly http: string;
  readonly dataDir: string;
  readonly now: () => number;
  readonly random: (count: number) => Uint8Array;
};

/** A refusal of the server, with its stable code. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: string;
  readonly status: number;
  /** Every field that was wrong, where it was the form of the request. */
  readonly errors: readonly string[];

  constructor(status: number, problem: { code: string; detail: string; errors?: readonly string[] }) {
    super(problem.detail);
    this.status = status;
    this.code = problem.code;
    this.errors = problem.errors ?? [];
  }
}

/** What somebody asks for (`POST /api/v1/requests/draft`). */
export type Asked = { readonly [member: string]: unknown };

/** A request as the server shows it. */
export type ShownRequest = {
  readonly id: string;
  readonly state: string;
  readonly notAfter: string;
  readonly endsAt: string | null;
  readonly endReason: string | null;
  readonly used: { readonly rows: number; readonly bytes: number; readonly statements: number };
};

/** One draft as the server makes it. */
export type Draft = { readonly matter: unknown; readonly document: Statement };

/**
 * One person with a key of their own, acting over HTTP as the CLI does: signs in by a proof of the key (RFC 9449), asks
 * for drafts, signs them here. Nothing of the server's code is used; only its answers are.
 */
export class Person {
  readonly email: string;
  readonly keyId: string;
  readonly #setting: PersonSetting;
  readonly #privateKey: KeyObject;
  readonly #jwk: PublicJwk;
  #token: string | null = null;

  private constructor(email: string, setting: PersonSetting, key: { privateKey: KeyObject; jwk: PublicJwk }) {
    this.email = email;
    this.#setting = setting;
    this.#privateKey = key.privateKey;
    this.#jwk = key.jwk;
    this.keyId = keyIdOf(key.jwk);
  }

  /** The person whose key lies at `DIR/profiles/EMAIL/key.json`. */
  static async open(setting: PersonSetting, email: string): Promise<Person> {
    const jwk = JSON.parse(await readFile(join(setting.dataDir, 'profiles', email, 'key.json'), 'utf8')) as JWK;
    const privateKey = createPrivateKey({ key: jwk as never, format: 'jwk' });
    return new Person(email, setting, { privateKey, jwk: { kty: 'OKP', crv: 'Ed25519', x: String(jwk.x) } });
  }

  /** Signs a statement: Ed25519 over its message. */
  sign(document: Statement): SignedStatement {
    const signature = encodeBase64(sign(null, statementMessage(document), this.#privateKey));
    return { document, signature: { kind: 'ed25519', keyId: this.keyId, signature } };
  }

  /** Reads a resource. Throws `Refused`. */
  async get<T>(path: string): Promise<T> {
    return (await (await this.#checked('GET', path)).json()) as T;
  }

  /** Posts a body, with an Idempotency-Key if one is given. Throws `Refused`. */
  async post<T>(path: string, body: unknown, idempotencyKey?: string): Promise<T> {
    const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
    return (await (await this.#checked('POST', path, { body, headers })).json()) as T;
  }

  /** Reads bytes; null where there is nothing (404). */
  async bytes(path: string): Promise<Uint8Array | null> {
    const response = await this.#call('GET', path, {});
    if (response.status === 404) return null;
    if (!response.ok) throw await refusalOf(response);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Drafts, signs and raises a request. */
  async ask(asked: Asked): Promise<ShownRequest> {
    const { matter, document } = await this.post<Draft>('/api/v1/requests/draft', asked);
    return this.post('/api/v1/requests', { matter, signed: this.sign(document) });
  }

  /** The document to sign for an act on a request. */
  async draft(id: string, act: string): Promise<Statement> {
    return (await this.get<Draft>(`/api/v1/requests/${id}/draft?act=${act}`)).document;
  }

  /** Drafts, signs and does an act: approve, deny, withdraw, revoke, complete. */
  async act(id: string, act: string, reason: string | null = null): Promise<ShownRequest> {
    return this.sendAct(id, this.sign(await this.draft(id, act)), reason);
  }

  /** Sends an act that is signed already. */
  async sendAct(id: string, signed: unknown, reason: string | null = null): Promise<ShownRequest> {
    return this.post(`/api/v1/requests/${id}/acts`, { signed, reason });
  }

  /** Drafts, signs and asks for more time. */
  async extend(id: string, addMs: number): Promise<ShownRequest> {
    const { document } = await this.get<Draft>(`/api/v1/requests/${id}/extension/draft?addMs=${addMs}`);
    return this.post(`/api/v1/requests/${id}/extension`, { signed: this.sign(document) });
  }

  /** The request as it stands. */
  show(id: string): Promise<ShownRequest> {
    return this.get(`/api/v1/requests/${id}`);
  }

  /** A one-time token for one connection. */
  credential(id: string): Promise<{ readonly user: string; readonly password: string }> {
    return this.post(`/api/v1/requests/${id}/credentials`, {});
  }

  async #checked(method: string, path: string, sent: Sent = {}): Promise<Response> {
    const response = await this.#call(method, path, sent);
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  async #call(method: string, path: string, sent: Sent): Promise<Response> {
    this.#token ??= await this.#signIn();
    const first = await this.#fetch(method, path, sent, this.#token);
    if (first.status !== 401) return first;
    this.#token = await this.#signIn();
    return this.#fetch(method, path, sent, this.#token);
  }

  #fetch(method: string, path: string, { body, headers }: Sent, token: string): Promise<Response> {
    return fetch(`${this.#setting.http}${path}`, {
      method,
      headers: {
        ...headers,
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async #signIn(): Promise<string> {
    const { http, now, random } = this.#setting;
    const url = `${http}/api/v1/sessions`;
    const jti = Buffer.from(random(16)).toString('base64url');
    const proof = await new SignJWT({ htm: 'POST', htu: url, jti })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'EdDSA', jwk: this.#jwk as JWK })
      .setIssuedAt(Math.floor(now() / 1000))
      .sign(this.#privateKey);
    const response = await fetch(url, { method: 'POST', headers: { dpop: proof } });
    if (!response.ok) throw await refusalOf(response);
    return ((await response.json()) as { token: string }).token;
  }
}

type Sent = { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> };

async function refusalOf(response: Response): Promise<Refused> {
  const text = await response.text();
  try {
    const { code, detail, errors } = JSON.parse(text) as { code?: unknown; detail?: unknown; errors?: string[] };
    if (typeof code === 'string' && typeof detail === 'string') {
      return new Refused(response.status, { code, detail, ...(errors === undefined ? {} : { errors }) });
    }
  } catch {
    // No problem document: the sentence below says all that is known.
  }
  const detail = `The server answered ${response.status}: ${text.slice(0, 200)}`;
  return new Refused(response.status, { code: 'no_problem_document', detail });
}
