import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Problem } from '../route.ts';

/** RFC 9457 with a stable `code`. `detail` says what was found, what was expected, what to do. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.string()).optional(),
});

/** The body of a problem. */
export function problemBody(problem: Problem & { readonly errors?: readonly string[] }): z.input<typeof problemSchema> {
  return {
    type: `urn:gatehouse:problem:${problem.code}`,
    title: problem.code.replaceAll('_', ' '),
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    ...(problem.errors === undefined ? {} : { errors: [...problem.errors] }),
  };
}

/** Sends a problem as `application/problem+json`. A 401 says how to authenticate (RFC 9110, 11.6.1). */
export function sendProblem(
  reply: FastifyReply,
  problem: Problem & { readonly errors?: readonly string[] },
): FastifyReply {
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  if (problem.code === 'entry_not_in_epoch') void reply.header('retry-after', '1');
  return reply
    .status(problem.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problemBody(problem));
}

/** A fault as its caller may see it: a sentence of a known fault, else only a number to ask about. Never a stack. */
export function faultProblem(error: unknown, requestId: string): Problem {
  const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
  const ours = typeof name === 'string' && /^(Log|Db|Source|Tenant|Identity|Custodian)Error$/.test(name);
  if (ours && typeof code === 'string' && typeof message === 'string') {
    const status = /UNAVAILABLE|QUEUE_FULL|DOWN|STOPPED/.test(code) ? 503 : name === 'SourceError' ? 422 : 503;
    return { code: code.toLowerCase(), message, status };
  }
  return {
    code: 'internal_fault',
    message: `Something went wrong here and nothing was changed. Ask the operator about request ${requestId}.`,
    status: 500,
  };
}
