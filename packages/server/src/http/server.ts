import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { Clock } from '../clock.ts';
import type { Identity, Principal } from '../identity/index.ts';
import type { Logger } from '../logger.ts';
import type { Bytes, Caller, Problem, Route } from '../route.ts';
import { bearerOf, mayCall, mayDo, refusedCaller } from './callers.ts';
import { answerOnce, type Idempotency } from './idempotency.ts';
import { parseJson } from './json-body.ts';
import { servePages } from './pages.ts';
import { documentOptions, schemaOf } from './openapi.ts';
import { faultProblem, sendProblem } from './problem.ts';
import { frameworkProblem, refuseUnreadable } from './unreadable.ts';

/** What the HTTP edge needs. Routes come from the modules; the edge adds nothing that decides. */
export type HttpOptions = {
  readonly routes: readonly Route[];
  readonly identity: Identity;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  readonly idempotency: Idempotency;
  /** Counts each answer by its status. */
  readonly answered: (status: number) => void;
  /** The built pages of packages/web; a folder that is not there serves a sentence that says so. */
  readonly webDir: string;
};

/** A body larger than this is refused before it is read to its end. */
const bodyBytesMost = 1_048_576;

/**
 * Builds the HTTP server from the declared routes: validates what comes in and what goes out against their schemas,
 * applies each route's rule of who may call it, and turns every refusal into RFC 9457. Refuses to build with a route
 * that has no rule (SECURITY, 2c).
 */
export async function buildHttp(options: HttpOptions): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: bodyBytesMost,
    trustProxy: false,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 300 },
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (error, request, reply) => {
      sendProblem(reply, problemOf(error, request, options.logger));
    },
    requestTimeout: 30_000,
    logger: false,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    const parsed = parseJson(String(body));
    if (parsed.ok) done(null, parsed.value);
    else done(Object.assign(new Error(parsed.message), { statusCode: 400, code: 'body_malformed' }));
  });
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'img-src': ["'self'", 'data:'],
        'connect-src': ["'self'"],
        'form-action': ["'self'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    // Plain HTTP on loopback is how a first start is reached; TLS and HSTS are the balancer's (docs/limits.md).
    strictTransportSecurity: false,
  });
  await app.register(rateLimit, {
    max: 6000,
    timeWindow: '1 minute',
    errorResponseBuilder: (_request, { after }) =>
      Object.assign(new Error(`More requests came than are served; try again after ${after}.`), {
        statusCode: 429,
        code: 'too_many_requests',
      }),
  });
  await app.register(swagger, documentOptions(options.version));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, {
      code: 'not_found',
      message: `There is nothing at ${request.url.split('?')[0]?.slice(0, 200)}.`,
      status: 404,
    }),
  );
  app.setErrorHandler((error, request, reply) => sendProblem(reply, problemOf(error, request, options.logger)));
  app.addHook('onResponse', async (_request, reply) => options.answered(reply.statusCode));
  await servePages(app, options.webDir);
  // Inside a plugin, so that the document generator has seen every route when it is asked.
  await app.register(async (scope) => {
    for (const declared of options.routes) addRoute(scope, declared, options);
    scope.get('/api/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  });
  await app.ready();
  return app;
}

function addRoute(app: FastifyInstance, declared: Route, options: HttpOptions): void {
  if (declared.who === undefined)
    throw new Error(`The route ${declared.method} ${declared.url} does not say who may call it.`);
  app.route({
    method: declared.method,
    url: declared.url,
    schema: schemaOf(declared),
    handler: (request, reply) => handle(request, reply, declared, options),
  });
}

async function handle(
  request: FastifyRequest,
  reply: FastifyReply,
  declared: Route,
  options: HttpOptions,
): Promise<FastifyReply> {
  const caller = await authenticate(request, declared.who, options);
  if (!caller.ok) return sendProblem(reply, caller.problem);
  if (!isText(request.params) || !isText(request.query)) return sendProblem(reply, notText);
  const key = request.headers['idempotency-key'];
  const work = () =>
    declared.handle({
      principal: caller.principal,
      params: request.params as never,
      query: request.query as never,
      body: request.body as never,
      bearer: caller.bearer,
      proof: headerOf(request, 'dpop'),
      url: `${request.protocol}://${request.host}${request.url}`,
      local: isLocal(request),
    });
  const answered =
    declared.method === 'POST' && !declared.tellsSecret && typeof key === 'string' && caller.principal !== null
      ? await answerOnce(
          options.idempotency,
          { key, caller: caller.principal, path: request.url, body: request.body },
          work,
        )
      : await work();
  if (!answered.ok) return sendProblem(reply, answered.problem);
  for (const [name, value] of Object.entries(answered.headers ?? {})) void reply.header(name, value);
  if (declared.response !== undefined) {
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    return reply.send(answered.body);
  }
  const { bytes, mediaType } = answered.body as Bytes;
  return reply.type(mediaType).send(bytes instanceof Uint8Array ? Buffer.from(bytes) : bytes);
}

type CallerFound =
  | { readonly ok: true; readonly principal: Principal | null; readonly bearer: string | null }
  | { readonly ok: false; readonly problem: Problem };

async function authenticate(request: FastifyRequest, who: Caller, options: HttpOptions): Promise<CallerFound> {
  const bearer = bearerOf(headerOf(request, 'authorization'));
  if (who === 'anyone') return { ok: true, principal: null, bearer };
  if (bearer === null) {
    return {
      ok: false,
      problem: {
        code: 'not_signed_in',
        message: 'No bearer token was sent. Sign in at POST /api/v1/sessions.',
        status: 401,
      },
    };
  }
  const found = await options.identity.authenticate(bearer, options.clock.now() as never);
  if (!found.ok) {
    const { code, message } = found.refusal;
    return { ok: false, problem: { code: code.toLowerCase(), message, status: 401 } };
  }
  if (!mayDo(found.principal, request.method)) {
    const message = 'A session from a one-time code may only read. Sign in with a key to do more.';
    return { ok: false, problem: { code: 'session_read_only', message, status: 403 } };
  }
  return mayCall(found.principal, who)
    ? { ok: true, principal: found.principal, bearer }
    : { ok: false, problem: refusedCaller(who) };
}

function problemOf(error: unknown, request: FastifyRequest, logger: Logger): Problem & { errors?: readonly string[] } {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors = error.validation.map(
      ({ instancePath, message }) => `${instancePath || '/'}: ${message ?? 'invalid'}`,
    );
    return {
      code: 'request_invalid',
      message: `The request does not have the form that this route takes: ${errors.slice(0, 3).join('; ')}.`,
      status: 400,
      errors,
    };
  }
  const framework = frameworkProblem(error as { code?: string });
  if (framework !== null) return framework;
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message?: string };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return {
      code: (code ?? 'request_invalid').toLowerCase(),
      message: message ?? 'The request is invalid.',
      status: statusCode,
    };
  }
  logger.error(
    { requestId: request.id, cause: error instanceof Error ? (error.stack ?? error.message) : String(error) },
    'A request failed.',
  );
  return faultProblem(error, request.id);
}

/** No name of ours holds NUL, and no database stores it. */
const notText: Problem = {
  code: 'request_invalid',
  message: 'A part of the path or of the query holds the character NUL; leave it out.',
  status: 400,
};

function isText(values: unknown): boolean {
  return !JSON.stringify(values ?? {}).includes('\\u0000');
}

/** Loopback, and not through a proxy on this machine. */
function isLocal(request: FastifyRequest): boolean {
  const forwarded = request.headers.forwarded ?? request.headers['x-forwarded-for'];
  return forwarded === undefined && /^(::ffff:)?127\.|^::1$/.test(request.ip);
}

function headerOf(request: FastifyRequest, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
}
