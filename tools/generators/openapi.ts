import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Generator } from './generator.ts';

type Server = {
  readonly programRoutes: (doors: object) => readonly object[];
  readonly openApiOf: (routes: readonly object[], version: string) => Promise<object>;
};

/** The OpenAPI document, from the schemas that validate every call and answer. The running server gives the same one. */
export const openApi: Generator = {
  output: 'docs/openapi.json',
  async generate(root) {
    const server = join(root, 'packages/server');
    const load = async (file: string): Promise<unknown> => import(pathToFileURL(join(server, file)).href);
    const { programRoutes } = (await load('src/routes.ts')) as Pick<Server, 'programRoutes'>;
    const { openApiOf } = (await load('src/http/openapi.ts')) as Pick<Server, 'openApiOf'>;
    const { default: manifest } = (await import(pathToFileURL(join(server, 'package.json')).href, {
      with: { type: 'json' },
    })) as { default: { version: string } };
    // Declaring a route touches nothing behind it, so no part of the program is needed.
    return `${JSON.stringify(await openApiOf(programRoutes({}), manifest.version), null, 2)}\n`;
  },
};
