import { z } from 'zod';
import type { Principal } from '../identity/index.ts';
import { answer, problem, type Route, route } from '../route.ts';
import type { Treatment } from './classification.ts';
import { type Source, SourceError } from './source.ts';
import type { Sources } from './sources.ts';

const nameParams = z.strictObject({ name: z.string().min(1).max(63) });
const json = z.record(z.string(), z.unknown());

const source = z.object({
  name: z.string(),
  database: z.string(),
  systemIdentifier: z.string(),
  databaseOid: z.int(),
  serverVersion: z.int(),
  tenantTable: z.string().nullable(),
  registeredAt: z.string(),
  classificationHash: z.string().nullable(),
  appliedClassificationHash: z.string().nullable(),
});

/** The HTTP of the databases to protect. Adoption is the security officers' act; every step is an entry in the logs. */
export function sourceRoutes(sources: Sources): readonly Route[] {
  return [
    route({
      method: 'GET',
      url: '/api/v1/sources',
      tag: 'sources',
      summary: 'List the databases to protect',
      who: 'personnel',
      response: z.object({ items: z.array(source) }),
      handle: async () => answer({ items: (await sources.list()).map(shown) }),
    }),
    route({
      method: 'POST',
      url: '/api/v1/sources',
      tag: 'sources',
      summary: 'Register a database to protect',
      who: 'security_officer',
      body: z.strictObject({
        name: z.string().min(1).max(63),
        url: z.string().min(1).max(2000),
        tenantTable: z.string().min(1).max(200).nullable().default(null),
      }),
      response: source,
      handle: ({ principal, body }) =>
        refusing(async () =>
          shown(
            await sources.add({
              name: body.name,
              connection: body.url,
              tenantTable: body.tenantTable,
              by: person(principal),
            }),
          ),
        ),
    }),
    route({
      method: 'GET',
      url: '/api/v1/sources/:name',
      tag: 'sources',
      summary: 'Show a source with what each table looks like and is classified as',
      who: 'personnel',
      params: nameParams,
      response: z.object({ source, proposals: z.array(json), classification: json.nullable() }),
      handle: ({ params }) =>
        refusing(async () => {
          const found = await sources.find(params.name);
          if (found === null) throw unknown(params.name);
          const filed = await sources.classification(params.name);
          return {
            source: shown(found),
            proposals: (await sources.propose(params.name)) as unknown as Record<string, unknown>[],
            classification: filed === null ? null : ({ ...filed } as Record<string, unknown>),
          };
        }),
    }),
    route({
      method: 'POST',
      url: '/api/v1/sources/:name/classification',
      tag: 'sources',
      summary: 'Classify tables; the classification is an entry in the logs',
      who: 'security_officer',
      params: nameParams,
      body: z.strictObject({
        acceptSuggestions: z.boolean().default(false),
        assign: z
          .array(z.strictObject({ table: z.string().min(1).max(200), treatment: z.string().min(1).max(400) }))
          .max(10_000)
          .default([])
          .describe('treatment: tenant:COLUMN, path:FK[,FK…], reference or refused'),
        tenantTable: z.string().min(1).max(200).nullable().default(null),
      }),
      response: z.object({ hash: z.string(), classification: json, events: z.array(json) }),
      handle: ({ principal, params, body }) =>
        refusing(async () => {
          const assign = body.assign.map(({ table, treatment }) => ({ table, treatment: treatmentFrom(treatment) }));
          const { classification, hash, events } = await sources.classify({
            name: params.name,
            acceptSuggestions: body.acceptSuggestions,
            assign,
            ...(body.tenantTable === null ? {} : { tenantTable: body.tenantTable }),
            by: person(principal),
          });
          return { hash, classification: { ...classification }, events: events.map((event) => ({ ...event })) };
        }),
    }),
    route({
      method: 'GET',
      url: '/api/v1/sources/:name/plan',
      tag: 'sources',
      summary: 'The plan as SQL, with what it costs and what must be accepted',
      who: 'security_officer',
      params: nameParams,
      query: z.strictObject({ measure: z.enum(['true', 'false']).default('false') }),
      response: z.looseObject({ sql: z.string() }),
      handle: ({ params, query }) =>
        refusing(async () => ({ ...(await sources.plan(params.name, { measure: query.measure === 'true' })) })),
    }),
    route({
      method: 'POST',
      url: '/api/v1/sources/:name/apply',
      tag: 'sources',
      summary: 'Do what the plan says, or nothing',
      who: 'security_officer',
      params: nameParams,
      body: z.strictObject({
        planHash: z.string().nullable().default(null),
        acceptAppChanges: z.boolean().default(false),
      }),
      response: z.object({ planHash: z.string(), tenants: z.int() }),
      handle: ({ principal, params, body }) =>
        refusing(async () => {
          const { planHash, tenants } = await sources.apply({
            name: params.name,
            ...(body.planHash === null ? {} : { planHash: body.planHash }),
            acceptAppChanges: body.acceptAppChanges,
            by: person(principal),
          });
          return { planHash, tenants };
        }),
    }),
    route({
      method: 'POST',
      url: '/api/v1/sources/:name/undo',
      tag: 'sources',
      summary: 'Put the schema, rights and roles back as they were',
      who: 'security_officer',
      params: nameParams,
      response: z.object({ statements: z.int() }),
      handle: ({ principal, params }) =>
        refusing(async () => ({
          statements: (await sources.undo({ name: params.name, by: person(principal) })).statements,
        })),
    }),
    route({
      method: 'GET',
      url: '/api/v1/sources/:name/doctor',
      tag: 'sources',
      summary: 'What is wrong with the wall in this database, if anything',
      who: 'personnel',
      params: nameParams,
      response: z.looseObject({}),
      handle: ({ params }) => refusing(async () => ({ ...(await sources.doctor(params.name)) })),
    }),
  ];
}

async function refusing<Body>(work: () => Promise<Body>) {
  try {
    return answer(await work());
  } catch (cause) {
    if (!(cause instanceof SourceError)) throw cause;
    const status = cause.code === 'SOURCE_UNKNOWN' ? 404 : cause.code === 'SOURCE_UNREACHABLE' ? 503 : 422;
    return problem(cause.code.toLowerCase(), cause.message, status);
  }
}

/** Reads `tenant:COLUMN`, `path:FOREIGN_KEY`, `reference` or `refused`, as people write it. */
function treatmentFrom(text: string): Treatment {
  const [kind, detail] = [text.split(':', 1)[0], text.slice(text.indexOf(':') + 1)];
  if (kind === 'tenant' && detail !== text) return { kind: 'tenant', by: 'column', column: detail };
  if (kind === 'path' && detail !== text) return { kind: 'tenant', by: 'path', foreignKey: detail };
  if (text === 'reference') return { kind: 'reference' };
  if (text === 'refused') return { kind: 'refused', reason: 'Classified as refused by a person.' };
  throw new SourceError(
    'SOURCE_CLASSIFICATION_INVALID',
    `The treatment ${JSON.stringify(text)} is not known; expected tenant:COLUMN, path:FOREIGN_KEY, reference or refused.`,
  );
}

function unknown(name: string): SourceError {
  return new SourceError('SOURCE_UNKNOWN', `There is no source ${name}. List them with: gatehouse source list`);
}

function shown(found: Source): z.input<typeof source> {
  const { tenantTable } = found;
  return {
    name: found.name,
    database: found.database,
    systemIdentifier: found.systemIdentifier,
    databaseOid: found.databaseOid,
    serverVersion: found.serverVersion,
    tenantTable: tenantTable === null ? null : `${tenantTable.schema}.${tenantTable.table}`,
    registeredAt: new Date(found.registeredAt).toISOString(),
    classificationHash: found.classificationHash,
    appliedClassificationHash: found.appliedClassificationHash,
  };
}

/** The server lets nobody through to these routes without a principal; a null here is its bug. */
function person(principal: Principal | null): string {
  if (principal === null) throw new Error('A route that needs a principal was called without one.');
  return principal.person;
}
