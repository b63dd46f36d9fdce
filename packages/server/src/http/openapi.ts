import swagger from '@fastify/swagger';
import Fastify from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Route } from '../route.ts';
import { problemSchema } from './problem.ts';

/** How the document generator is set up. The document is made of the schemas that validate, and of nothing else. */
export function documentOptions(version: string) {
  return {
    openapi: {
      openapi: '3.1.0' as const,
      info: {
        title: 'Gatehouse',
        version,
        description:
          'Who may access customer data, and on what terms. Errors are RFC 9457 problem documents with `code`.',
      },
      components: { securitySchemes: { session: { type: 'http' as const, scheme: 'bearer' } } },
    },
    transform: jsonSchemaTransform,
  };
}

/** A POST with this header is done once: a repeat gets the same answer (INTERFACE.md). */
const repeatable = z.looseObject({
  'idempotency-key': z.string().min(8).max(200).optional().describe('Done once per caller, path and key, for 24 hours'),
});

/** What validates a route's calls and answers, and describes it in the document. */
export function schemaOf({ method, tag, summary, who, params, query, body, response }: Route): object {
  return {
    tags: [tag],
    summary,
    ...(who === 'anyone' ? {} : { security: [{ session: [] }] }),
    ...(method === 'POST' && who !== 'anyone' ? { headers: repeatable } : {}),
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { querystring: query }),
    ...(body === undefined ? {} : { body }),
    response: {
      ...(response === undefined ? {} : { 200: response }),
      default: {
        description: 'A problem (RFC 9457)',
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    },
  };
}

/**
 * The OpenAPI 3.1 document of these routes, without a server behind them: what `GET /api/openapi.json` answers.
 *
 * @public called by tools/generators/openapi.ts
 */
export async function openApiOf(routes: readonly Route[], version: string): Promise<object> {
  const app = Fastify();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(swagger, documentOptions(version));
  await app.register(async (scope) => {
    for (const declared of routes) {
      scope.route({
        method: declared.method,
        url: declared.url,
        schema: schemaOf(declared),
        handler: async () => {
          throw new Error('This server only describes its routes.');
        },
      });
    }
  });
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
}
