import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { Principal } from './identity/index.ts';

/**
 * Who may call a route. Every route says it, and the server does not start with one that does not (SECURITY: deny by
 * default at one choke point). Finer rights, such as whose request it is, are decided by the command behind the route.
 */
export type Caller = 'anyone' | 'signed_in' | 'personnel' | 'customer' | 'security_officer';

/** A refusal as the HTTP door shows it (RFC 9457). `status` is from 400 to 599. */
export type Problem = { readonly code: string; readonly message: string; readonly status: number };

/** What a handler answers: a body in the declared form, or a problem. */
export type Answer<Body> =
  | { readonly ok: true; readonly body: Body; readonly headers?: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly problem: Problem };

/** Bytes that are no JSON document: tiles, checkpoints, pages. */
export type Bytes = { readonly bytes: Uint8Array | Readable; readonly mediaType: string };

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** What a handler is given: everything has passed its schema, and the caller the rule of `who`. */
export type Call<Params, Query, Body> = {
  /** Null only where `who` is `anyone`. */
  readonly principal: Principal | null;
  readonly params: Parsed<Params>;
  readonly query: Parsed<Query>;
  readonly body: Parsed<Body>;
  readonly bearer: string | null;
  /** The DPoP proof of a sign-in, as sent. */
  readonly proof: string | null;
  readonly url: string;
  /** True if the other end is this machine itself and nothing says that it was forwarded. */
  readonly local: boolean;
};

/** One route: what it takes, who may call it, what it answers. The OpenAPI document is generated from the same schemas. */
export type Route<
  Params extends z.ZodType | undefined = z.ZodType | undefined,
  Query extends z.ZodType | undefined = z.ZodType | undefined,
  Body extends z.ZodType | undefined = z.ZodType | undefined,
  Response extends z.ZodType | undefined = z.ZodType | undefined,
> = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path in OpenAPI's form with `:name` for parameters. */
  readonly url: string;
  readonly tag: string;
  readonly summary: string;
  readonly who: Caller;
  /** True where the answer holds a secret that is told once: no Idempotency-Key makes the server remember it. */
  readonly tellsSecret: boolean;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Undefined for bytes. */
  readonly response: Response;
  readonly handle: (
    call: Call<Params, Query, Body>,
  ) => Promise<Answer<Response extends z.ZodType ? z.input<Response> : Bytes>>;
};

/** Declares a route, so that the compiler ties the handler to the schemas. Absent schemas mean that nothing is taken. */
export function route<
  Params extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
  Response extends z.ZodType | undefined = undefined,
>(
  declared: Pick<Route<Params, Query, Body, Response>, 'method' | 'url' | 'tag' | 'summary' | 'who' | 'handle'> & {
    readonly tellsSecret?: boolean;
    readonly params?: Params;
    readonly query?: Query;
    readonly body?: Body;
    readonly response?: Response;
  },
): Route {
  const { params, query, body, response, tellsSecret = false, ...rest } = declared;
  return { ...rest, tellsSecret, params, query, body, response } as unknown as Route;
}

/** A yes of a handler. */
export function answer<Body>(body: Body, headers?: Readonly<Record<string, string>>): Answer<Body> {
  return headers === undefined ? { ok: true, body } : { ok: true, body, headers };
}

/** A no of a handler. */
export function problem(code: string, message: string, status: number): { ok: false; problem: Problem } {
  return { ok: false, problem: { code, message, status } };
}
