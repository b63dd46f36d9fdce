import { formatInstant, type Instant, modes, parseInstant, requestStates, transforms } from '@gatehouse/terms';
import { z } from 'zod';
import type { Principal } from '../identity/index.ts';
import { type Answer, answer, problem, type Route, route } from '../route.ts';
import type { Access } from './commands.ts';
import { acts } from './documents.ts';
import type { RequestRecord, StatementRecord } from './record.ts';
import type { Result } from './refusal.ts';
import { defaultDurationMs } from './requesting.ts';

const name = z.string().min(1).max(256);
const time = z.string().describe('UTC, for example 2026-03-02T09:00:00.000Z');
const idParams = z.strictObject({ id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{21}$/) });

const scope = z.strictObject({
  tables: z.array(name).max(256).nullable().default(null),
  columns: z.array(name).max(1024).nullable().default(null),
  statement: z.string().min(1).max(10_000).nullable().default(null),
  transform: z.enum(transforms).default('raw'),
});
const budgets = z.strictObject({
  rows: z.int().min(0),
  bytes: z.int().min(0),
  statements: z.int().min(0),
  durationMs: z.int().min(0),
});

/** What is asked; the same members as the signed matter, before the server has completed them. */
const asked = z.strictObject({
  tenant: name,
  source: name,
  purpose: name,
  reasonCode: name,
  mode: z.enum(modes).default('read'),
  scope: scope.default({ tables: null, columns: null, statement: null, transform: 'raw' }),
  durationMs: z.int().min(1).max(86_400_000).default(defaultDurationMs),
  rows: z.int().min(1).nullable().default(null),
  ticket: z.string().min(1).max(256),
  justification: z.string().min(1).max(4000),
  whyNotRunbook: z.string().max(4000).nullable().default(null),
  notBefore: time.nullable().default(null),
});

const matter = z
  .strictObject({
    id: z.string(),
    requester: z.string(),
    employer: z.string(),
    tenant: z.string(),
    source: z.string(),
    purpose: z.string(),
    reasonCode: z.string(),
    mode: z.enum(modes),
    scope: z.strictObject({
      tables: z.array(z.string()).nullable(),
      columns: z.array(z.string()).nullable(),
      statement: z.string().nullable(),
      transform: z.enum(transforms),
    }),
    budgets,
    ticket: z.string(),
    justification: z.string(),
    whyNotRunbook: z.string().nullable(),
    raisedAt: z.int(),
    notBefore: z.int(),
    notAfter: z.int(),
  })
  .describe(
    'What is asked, exactly as the subject of the request statement hashes it (instants in epoch milliseconds)',
  );

const document = z.record(z.string(), z.unknown()).describe('The document to sign (docs/statements.md)');
const signed = z
  .strictObject({ document: z.record(z.string(), z.unknown()), signature: z.record(z.string(), z.unknown()) })
  .describe('A signed statement');

const request = z.object({
  id: z.string(),
  tenant: z.string(),
  source: z.string(),
  requester: z.string(),
  employer: z.string(),
  state: z.enum(requestStates),
  purpose: z.string(),
  reasonCode: z.string(),
  mode: z.enum(modes),
  ticket: z.string(),
  justification: z.string(),
  budgets,
  used: z.object({ rows: z.int(), bytes: z.int(), statements: z.int() }),
  raisedAt: time,
  managerApprovedAt: time.nullable(),
  notifiedAt: time.nullable(),
  approvedAt: time.nullable(),
  activatedAt: time.nullable(),
  endsAt: time.nullable().describe('Exclusive end of the live grant'),
  notAfter: time.describe('Latest possible end, as signed'),
  endedAt: time.nullable(),
  endReason: z.string().nullable(),
});

/** The HTTP of access requests. Every change is a signed statement: the server drafts it, the client signs it. */
export function accessRoutes(access: Access): readonly Route[] {
  return [
    route({
      method: 'POST',
      url: '/api/v1/requests/draft',
      tag: 'access',
      summary: 'Draft the document that asks for access',
      who: 'personnel',
      body: asked,
      response: z.object({ matter, document }),
      handle: async ({ principal, body }) => {
        const notBefore = body.notBefore === null ? null : parseInstant(body.notBefore);
        if (body.notBefore !== null && notBefore === null) {
          return problem('body_invalid', 'notBefore has another form than 2026-03-02T09:00:00.000Z.', 400);
        }
        return from(await access.draftRequest(known(principal), { ...body, notBefore }), (value) => value as never);
      },
    }),
    route({
      method: 'POST',
      url: '/api/v1/requests',
      tag: 'access',
      summary: 'Raise a request by its signed document',
      who: 'personnel',
      body: z.strictObject({ matter, signed }),
      response: request,
      handle: async ({ principal, body }) =>
        from(await access.raise(known(principal), { matter: body.matter as never, signed: body.signed }), shown),
    }),
    route({
      method: 'GET',
      url: '/api/v1/requests',
      tag: 'access',
      summary: 'List the requests that you may see, newest first',
      who: 'signed_in',
      query: z.strictObject({
        tenant: name.optional(),
        state: z.enum(requestStates).optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
        cursor: z.string().max(200).optional(),
      }),
      response: z.object({ items: z.array(request), next: z.string().nullable() }),
      handle: async ({ principal, query }) => {
        const before = query.cursor === undefined ? undefined : readCursor(query.cursor);
        if (before === null) return problem('cursor_invalid', 'The cursor is not one that this list gave out.', 400);
        const items = await access.list(known(principal), {
          ...(query.tenant === undefined ? {} : { tenant: query.tenant }),
          ...(query.state === undefined ? {} : { state: query.state }),
          ...(before === undefined ? {} : { before }),
          most: query.limit,
        });
        const last = items.at(-1);
        const next = items.length < query.limit || last === undefined ? null : `${last.raisedAt}.${last.id}`;
        return answer({ items: items.map(shown), next });
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/requests/:id',
      tag: 'access',
      summary: 'Show a request with its signed statements',
      who: 'signed_in',
      params: idParams,
      response: request.extend({
        statements: z.array(
          z.object({
            hash: z.string(),
            type: z.string(),
            decision: z.string(),
            person: z.string(),
            seq: z.int(),
            decidedAt: time,
            signed,
          }),
        ),
      }),
      handle: async ({ principal, params }) => {
        const found = await access.show(known(principal), params.id);
        const statements = await access.statements(known(principal), params.id);
        if (!found.ok) return from(found, never);
        if (!statements.ok) return from(statements, never);
        return answer({ ...shown(found.value), statements: statements.value.map(shownStatement) });
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/requests/:id/draft',
      tag: 'access',
      summary: 'Draft the document of an act on a request',
      who: 'signed_in',
      params: idParams,
      query: z.strictObject({ act: z.enum(acts) }),
      response: z.object({ matter, document }),
      handle: async ({ principal, params, query }) =>
        from(await access.draftAct(known(principal), params.id, query.act), drafted),
    }),
    route({
      method: 'POST',
      url: '/api/v1/requests/:id/acts',
      tag: 'access',
      summary: 'Approve, deny, withdraw, revoke or complete, by the signed document',
      who: 'signed_in',
      params: idParams,
      body: z.strictObject({ signed, reason: z.string().max(4000).nullable().default(null) }),
      response: request,
      handle: async ({ principal, params, body }) => from(await access.act(known(principal), params.id, body), shown),
    }),
    route({
      method: 'GET',
      url: '/api/v1/requests/:id/extension/draft',
      tag: 'access',
      summary: 'Draft the document that asks for more time',
      who: 'personnel',
      params: idParams,
      query: z.strictObject({ addMs: z.coerce.number().int().min(1).max(86_400_000) }),
      response: z.object({ matter, document }),
      handle: async ({ principal, params, query }) =>
        from(await access.draftExtension(known(principal), params.id, query.addMs), drafted),
    }),
    route({
      method: 'POST',
      url: '/api/v1/requests/:id/extension',
      tag: 'access',
      summary: 'Ask for more time by the signed document',
      who: 'personnel',
      params: idParams,
      body: z.strictObject({ signed }),
      response: request,
      handle: async ({ principal, params, body }) =>
        from(await access.extend(known(principal), params.id, body.signed), shown),
    }),
    route({
      method: 'POST',
      url: '/api/v1/requests/:id/credentials',
      tag: 'access',
      summary: 'Mint a one-time token for one connection through the gateway',
      who: 'personnel',
      tellsSecret: true,
      params: idParams,
      response: z.object({ user: z.string(), password: z.string(), expiresAt: time }),
      handle: async ({ principal, params }) =>
        from(await access.issueCredential(known(principal), params.id), ({ user, token, expiresAt }) => ({
          user,
          password: token,
          expiresAt: text(expiresAt),
        })),
    }),
  ];
}

type Shown = z.input<typeof request>;

function shown(record: RequestRecord): Shown {
  const { matter: asked } = record;
  return {
    id: record.id,
    tenant: record.tenant,
    source: record.source,
    requester: record.requester,
    employer: asked.employer,
    state: record.state,
    purpose: asked.purpose,
    reasonCode: asked.reasonCode,
    mode: asked.mode,
    ticket: asked.ticket,
    justification: asked.justification,
    budgets: asked.budgets,
    used: { rows: record.rowsUsed, bytes: record.bytesUsed, statements: record.statementsUsed },
    raisedAt: text(record.raisedAt),
    managerApprovedAt: textOrNull(record.managerApprovedAt),
    notifiedAt: textOrNull(record.notifiedAt),
    approvedAt: textOrNull(record.approvedAt),
    activatedAt: textOrNull(record.activatedAt),
    endsAt: textOrNull(record.endsAt),
    notAfter: text(record.notAfter),
    endedAt: textOrNull(record.endedAt),
    endReason: record.endReason,
  };
}

function shownStatement({ hash, type, decision, person, seq, decidedAt, signed: statement }: StatementRecord) {
  return { hash, type, decision, person, seq, decidedAt: text(decidedAt), signed: statement as never };
}

function drafted({ record, document: draft }: { record: RequestRecord; document: object }) {
  return { matter: record.matter as never, document: draft as Record<string, unknown> };
}

function from<T, Body>(result: Result<T>, body: (value: T) => Body): Answer<Body> {
  if (result.ok) return answer(body(result.value));
  const { code, message, status } = result.refusal;
  return problem(code, message, status);
}

function never(): never {
  throw new Error('A refusal has no body.');
}

/** The server lets nobody through to these routes without a principal; a null here is its bug. */
function known(principal: Principal | null): Principal {
  if (principal === null) throw new Error('A route that needs a principal was called without one.');
  return principal;
}

function readCursor(cursor: string): { raisedAt: Instant; id: string } | null {
  const parts = /^(\d{1,16})\.([A-Za-z0-9_-]{22})$/.exec(cursor);
  return parts === null ? null : { raisedAt: Number(parts[1]) as Instant, id: String(parts[2]) };
}

function text(at: Instant): string {
  return formatInstant(at) ?? '';
}

function textOrNull(at: Instant | null): string | null {
  return at === null ? null : text(at);
}
