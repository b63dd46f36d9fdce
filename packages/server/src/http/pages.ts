import { existsSync } from 'node:fs';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { sendProblem } from './problem.ts';

/** Serves the built pages below `/portal/`. Their assets carry a hash in their name and never change. */
export async function servePages(app: FastifyInstance, webDir: string): Promise<void> {
  if (!existsSync(webDir)) {
    app.get('/portal/*', { schema: { hide: true } }, (_request, reply) =>
      sendProblem(reply, {
        code: 'pages_not_built',
        message: 'The pages were not built. Run npm run build in the repository, then start again.',
        status: 503,
      }),
    );
    return;
  }
  await app.register(fastifyStatic, {
    root: webDir,
    prefix: '/portal/',
    index: 'index.html',
    setHeaders: (response, path) => {
      const hashed = /-[A-Za-z0-9_-]{8}\.\w+$/.test(path);
      response.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
