import { z } from 'zod';
import { answer, problem, type Route, route } from '../route.ts';
import type { Metrics } from './metrics.ts';

/** Whether the program can do its work, for those who start and watch it. */
export function operationsRoutes(ports: {
  readonly ready: () => Promise<boolean>;
  readonly metrics: Metrics;
}): readonly Route[] {
  return [
    route({
      method: 'GET',
      url: '/healthz',
      tag: 'operations',
      summary: 'Whether the process answers',
      who: 'anyone',
      response: z.object({ status: z.literal('ok') }),
      handle: async () => answer({ status: 'ok' as const }),
    }),
    route({
      method: 'GET',
      url: '/readyz',
      tag: 'operations',
      summary: 'Whether database and log take work',
      who: 'anyone',
      response: z.object({ status: z.literal('ready') }),
      handle: async () =>
        (await ports.ready())
          ? answer({ status: 'ready' as const })
          : problem('not_ready', 'The database, the log or the disk takes no work now, so nothing is opened.', 503),
    }),
    route({
      method: 'GET',
      url: '/metrics',
      tag: 'operations',
      summary: 'Prometheus metrics, for this machine only',
      who: 'anyone',
      handle: async ({ local }) =>
        local
          ? answer({
              bytes: new TextEncoder().encode(await ports.metrics.registry.metrics()),
              mediaType: ports.metrics.registry.contentType,
            })
          : problem('not_found', 'There is nothing at /metrics.', 404),
    }),
  ];
}
