import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Directories, Identity, Principal } from '../identity/index.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log/index.ts';
import { type Answer, answer, type Bytes, problem, type Route, route } from '../route.ts';
import type { LogReading, Reader } from './commands.ts';

const tenantParams = z.strictObject({ tenant: z.string().min(1).max(63) });
const span = z.strictObject({
  after: z.coerce.number().int().min(-1).default(-1).describe('The last seq that you have; -1 from the beginning'),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
const json = z.record(z.string(), z.unknown());

const entry = z.object({
  seq: z.int(),
  time: z.string(),
  type: z.string(),
  ref: z.string().nullable(),
  intent: z.int().nullable(),
  outcome: z.string().nullable(),
  state: z.enum(['none', 'open', 'sealed', 'gone']),
  payload: json.nullable(),
});

/** What the routes of the logs stand on. */
export type LogRoutesOptions = {
  readonly log: Log;
  readonly reading: LogReading;
  readonly identity: Identity;
  readonly directories: Directories;
  readonly clock: Clock;
};

/** The HTTP of the logs: the customer's own reading, evidence bundles, and the files that verifiers fetch (LOG-SPEC 8). */
export function logRoutes({ log, reading, identity, directories, clock }: LogRoutesOptions): readonly Route[] {
  async function own(principal: Principal | null, tenant: string) {
    return principal === null ? null : reading.ownTenant(principal, tenant);
  }

  /** A log's files are its tenant's. Without a valid token 401, whether or not the log exists; else one 404 for all (LOG-SPEC 8.2). */
  async function tenantFile(bearer: string | null, id: string, path: string): Promise<Answer<Bytes>> {
    const found = bearer === null ? null : await identity.authenticate(bearer, clock.now() as never);
    if (found === null || !found.ok)
      return problem('not_signed_in', 'A valid bearer token is needed for this log.', 401);
    const { principal } = found;
    const tenant = principal.kind === 'customer_user' ? await reading.ownTenant(principal, principal.tenant) : null;
    const allowed = tenant !== null && tenant.logId === id;
    const slot = /^slot\/(0|[1-9]\d{0,15})$/.exec(path);
    if (allowed && slot !== null) {
      const proof = await log.slot(id, Number(slot[1]));
      return proof === null ? missing() : jsonBytes(proof);
    }
    const bytes = allowed ? await log.file(`t/${id}/${path}`) : null;
    return bytes === null ? missing() : answer({ bytes, mediaType: mediaTypeOf(path) }, cachingOf(path, 'private'));
  }

  return [
    route({
      method: 'GET',
      url: '/api/v1/tenants/:tenant/log',
      tag: 'log',
      summary: 'Read your own log, payloads opened; the reading is an entry itself',
      who: 'customer',
      params: tenantParams,
      query: span,
      response: z.object({ items: z.array(entry), size: z.int() }),
      handle: async ({ principal, params, query, bearer }) => {
        const tenant = await own(principal, params.tenant);
        if (tenant === null) return unknownTenant(params.tenant);
        const items = await reading.entries(readerOf(principal, bearer), tenant, query);
        return answer({ items: items.map((item) => ({ ...item })), size: log.size(tenant.logId) });
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/tenants/:tenant/log/openings',
      tag: 'log',
      summary: 'Payloads with their salts, to check them against the commitments in the entries',
      who: 'customer',
      params: tenantParams,
      query: span,
      response: z.object({ items: z.array(z.object({ seq: z.int(), payload: z.string(), salt: z.string() })) }),
      handle: async ({ principal, params, query, bearer }) => {
        const tenant = await own(principal, params.tenant);
        if (tenant === null) return unknownTenant(params.tenant);
        const items = await reading.openings(readerOf(principal, bearer), tenant, query);
        return answer({ items: [...items] });
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/tenants/:tenant/log/:seq/bundle',
      tag: 'log',
      summary: 'The evidence bundle of one entry, to be checked offline',
      who: 'customer',
      params: tenantParams.extend({ seq: z.coerce.number().int().min(0) }),
      response: json,
      handle: async ({ principal, params }) => {
        const tenant = await own(principal, params.tenant);
        if (tenant === null) return unknownTenant(params.tenant);
        const made = await log.bundle(tenant.logId, params.seq);
        switch (made.kind) {
          case 'bundle':
            return answer(made.bundle as Record<string, unknown>);
          case 'entry_not_in_epoch':
            return problem(
              'entry_not_in_epoch',
              'The entry is in no published epoch yet; one comes each second. Try again.',
              404,
            );
          case 'unknown_entry':
            return problem('entry_unknown', `The log has no entry ${params.seq}.`, 404);
        }
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/directories/operator',
      tag: 'log',
      summary: "The operator's key directory: the signed statements from its genesis, to replay offline",
      who: 'signed_in',
      response: z.object({ genesisHash: z.string(), statements: z.array(json) }),
      handle: async () => {
        const { directory } = await directories.load('operator');
        const statements = await directories.statements('operator');
        return answer({
          genesisHash: directory.genesisHash,
          statements: statements as unknown as Record<string, unknown>[],
        });
      },
    }),
    route({
      method: 'GET',
      url: '/log/vkeys',
      tag: 'log',
      summary: 'The verifier key of the root log',
      who: 'anyone',
      handle: async () =>
        answer(
          { bytes: Buffer.from(`${log.rootVkey}\n`), mediaType: textType },
          { 'cache-control': 'public, max-age=60' },
        ),
    }),
    route({
      method: 'GET',
      url: '/log/root/*',
      tag: 'log',
      summary: 'Files of the public root log (C2SP tlog-tiles)',
      who: 'anyone',
      params: z.strictObject({ '*': z.string().max(200) }),
      handle: async ({ params }) => {
        const path = params['*'];
        const bytes = await log.file(`root/${path}`);
        return bytes === null ? missing() : answer({ bytes, mediaType: mediaTypeOf(path) }, cachingOf(path, 'public'));
      },
    }),
    route({
      method: 'GET',
      url: '/log/t/:id/*',
      tag: 'log',
      summary: "Files of a tenant's log (C2SP tlog-tiles), for that tenant",
      who: 'anyone',
      params: z.strictObject({ id: z.string().max(64), '*': z.string().max(200) }),
      handle: ({ params, bearer }) => tenantFile(bearer, params.id, params['*']),
    }),
  ];
}

const textType = 'text/plain; charset=utf-8';

function mediaTypeOf(path: string): string {
  return path.startsWith('tile/') ? 'application/octet-stream' : textType;
}

function cachingOf(path: string, whose: 'public' | 'private'): Record<string, string> {
  return {
    'cache-control': path.startsWith('tile/') ? `${whose}, max-age=31536000, immutable` : `${whose}, max-age=5`,
  };
}

function jsonBytes(value: object): Answer<Bytes> {
  return answer(
    { bytes: Buffer.from(JSON.stringify(value)), mediaType: 'application/json' },
    { 'cache-control': 'private, max-age=31536000, immutable' },
  );
}

function missing(): Answer<Bytes> {
  return problem('not_found', 'There is nothing here that this token may read.', 404);
}

function unknownTenant(tenant: string) {
  return problem('tenant_unknown', `There is no tenant ${tenant} that you may ask about.`, 404);
}

function readerOf(principal: Principal | null, bearer: string | null): Reader {
  if (principal === null || bearer === null) throw new Error('A route that needs a principal was called without one.');
  return { principal, session: createHash('sha256').update(bearer).digest('base64url') };
}
