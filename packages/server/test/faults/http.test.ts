import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../cluster.ts';
import { anApproved, anAsking } from '../life/life.ts';
import { keyOfProfile } from '../profile.ts';
import { aProof } from '../signing.ts';
import { anInstance, type JsonSchema } from './instances.ts';
import { alive, type Running, startWell } from './kit.ts';
import { raw } from './raw-http.ts';

type Operation = {
  readonly requestBody?: { readonly content: { readonly 'application/json'?: { readonly schema: JsonSchema } } };
};
type Call = { readonly name: string; readonly method: string; readonly path: string; readonly body: unknown };

const folder = temporaryFolder();
let it_: Running;
let requestId = '';
let calls: readonly Call[] = [];

beforeAll(async () => {
  it_ = await startWell(join(folder.path, 'data'));
  requestId = (await anApproved(it_)).id;
  calls = await everyCall();
});
afterAll(async () => {
  await it_?.stop();
  folder.remove();
});

/** Every operation of the published document, about what is acme's, with the plainest body that its schema takes. */
async function everyCall(): Promise<readonly Call[]> {
  const document = (await (await fetch(`${it_.ready.http}/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const { logId } = await it_.acmeAdmin.get<{ logId: string }>('/api/v1/tenants/acme');
  const found = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): Call => {
      const schema = operation.requestBody?.content['application/json']?.schema;
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path: pathOf(path, logId),
        body: schema === undefined ? undefined : anInstance(schema),
      };
    }),
  );
  // Signing out comes last: it takes the token away that the others are tried with.
  return found.toSorted((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'));
}

function pathOf(template: string, logId: string): string {
  const filled = template
    .replace('{tenant}', 'acme')
    .replace('{name}', 'sample')
    .replace('{seq}', '0')
    .replace('{*}', 'checkpoint')
    .replace('{id}', template.startsWith('/log/') ? logId : requestId);
  if (filled.endsWith('/extension/draft')) return `${filled}?addMs=60000`;
  return filled.endsWith(`${requestId}/draft`) ? `${filled}?act=revoke` : filled;
}

async function tokenOf(person: string): Promise<string> {
  const url = `${it_.ready.http}/api/v1/sessions`;
  const proof = await aProof(keyOfProfile(it_.ready.data, person), { url, at: Date.now() });
  const answered = (await (await fetch(url, { method: 'POST', headers: { dpop: proof } })).json()) as { token: string };
  return answered.token;
}

/** The operations that answer this caller with 2xx. Whatever else is answered has to be a problem with a code. */
async function permitted(token: string | null): Promise<readonly string[]> {
  const open: string[] = [];
  for (const call of calls) {
    const answered = await fetch(`${it_.ready.http}${call.path}`, {
      method: call.method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
    if (answered.ok) {
      open.push(call.name);
      await answered.arrayBuffer();
    } else {
      expectProblem(call.name, { status: answered.status, body: await answered.text() }, answered.headers);
    }
  }
  return open.toSorted();
}

/** A refusal: 4xx, a problem document with a code and a sentence, and nothing of our inside. */
function expectProblem(what: string, answered: { status: number; body: string }, headers?: Headers): void {
  expect(answered.status, `${what}: ${answered.body.slice(0, 300)}`).toBeGreaterThanOrEqual(400);
  expect(answered.status, `${what}: ${answered.body.slice(0, 300)}`).toBeLessThan(500);
  if (headers !== undefined) expect(headers.get('content-type'), what).toContain('application/problem+json');
  const { code, detail } = JSON.parse(answered.body) as { code: unknown; detail: unknown };
  expect(code, what).toMatch(/^[a-z][a-z0-9_]+$/);
  expect(detail, what).toMatch(/\.$|: gatehouse [a-z]+$/);
  expect(answered.body, what).not.toMatch(/node_modules|\.ts:\d|\bat \w+ \(|select |insert into/);
}

const forAnyone = ['GET /healthz', 'GET /log/root/{*}', 'GET /log/vkeys', 'GET /metrics', 'GET /readyz'];
const forTheSignedIn = [
  'DELETE /api/v1/sessions',
  'GET /api/v1/directories/operator',
  'GET /api/v1/me',
  'GET /api/v1/requests',
  'GET /api/v1/tenants',
];

describe('who may call what, over every operation of the published document', () => {
  it('opens without a token only what is for anyone', async () => {
    expect(calls.length).toBeGreaterThan(30);
    expect(await permitted(null)).toEqual(forAnyone);
  });

  it('opens with a token that was never given out only what is for anyone', async () => {
    expect(await permitted('A'.repeat(43))).toEqual(forAnyone);
  });

  it('opens nothing of a tenant to the user of another tenant', async () => {
    const token = await tokenOf('admin@globex.example');
    expect(await permitted(token)).toEqual([...forAnyone, ...forTheSignedIn, 'POST /api/v1/portal-codes'].toSorted());
  });

  it('opens no log of a customer and no act of a security officer to an engineer', async () => {
    const token = await tokenOf('engineer2@operator.example');
    expect(await permitted(token)).toEqual(
      [
        ...forAnyone,
        ...forTheSignedIn,
        'GET /api/v1/sources',
        'GET /api/v1/sources/{name}',
        'GET /api/v1/sources/{name}/doctor',
        'GET /api/v1/tenants/{tenant}',
      ].toSorted(),
    );
  });

  it('opens to the administrator of a customer its own log and requests, and nothing that is for personnel', async () => {
    const token = await tokenOf('admin@acme.example');
    expect(await permitted(token)).toEqual(
      [
        ...forAnyone,
        ...forTheSignedIn,
        'GET /api/v1/requests/{id}',
        'GET /api/v1/requests/{id}/draft',
        'GET /api/v1/tenants/{tenant}',
        'GET /api/v1/tenants/{tenant}/log',
        'GET /api/v1/tenants/{tenant}/log/openings',
        'GET /api/v1/tenants/{tenant}/log/{seq}/bundle',
        'GET /log/t/{id}/{*}',
        'POST /api/v1/portal-codes',
      ].toSorted(),
    );
  });

  it('opens nothing with a token that was signed out', async () => {
    const token = await tokenOf('admin@acme.example');
    const signedOut = await fetch(`${it_.ready.http}/api/v1/sessions`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(signedOut.ok).toBe(true);
    expect(await permitted(token)).toEqual(forAnyone);
  });
});

describe('hostile requests', () => {
  it('refuses a body of 10 MB by its announced length, before it has come', async () => {
    // The whole body is not sent: a server that closes while a client still writes may hide its answer behind a reset.
    const head = [
      'POST /api/v1/requests HTTP/1.1',
      'host: x',
      'content-type: application/json',
      'content-length: 10000000',
    ];
    const { status, body } = await raw(it_.ready.http, `${head.join('\r\n')}\r\n\r\n{"matter":"`);
    expect(status).toBe(413);
    expect(JSON.parse(body)).toMatchObject({ code: expect.stringMatching(/^[a-z_]+$/), detail: expect.any(String) });
  });

  const json = { 'content-type': 'application/json' };
  const refusals: Record<string, () => Promise<Response>> = {
    'a body of 100,000 levels': () => post('/api/v1/requests', '['.repeat(100_000)),
    'a body that is no JSON': () => post('/api/v1/requests', '{"matter":'),
    'an empty body': () => post('/api/v1/requests', ''),
    'a body of another type': () => post('/api/v1/requests', 'a=b', { 'content-type': 'text/plain' }),
    'JSON said to be a form': () =>
      post('/api/v1/requests', '{}', { 'content-type': 'application/x-www-form-urlencoded' }),
    'a member that nobody knows': () => post('/api/v1/portal-sessions', '{"code":"abc","admin":true}'),
    'a member __proto__': () => post('/api/v1/portal-sessions', '{"code":"abc","__proto__":{"admin":true}}'),
    'a number that is no number': () => post('/api/v1/requests', '{"matter":1e999,"signed":NaN}'),
    'a cursor of another list': () => signedGet('/api/v1/requests?cursor=1.abc'),
    'a limit below one': () => signedGet('/api/v1/requests?limit=0'),
    'a parameter that nobody knows': () => signedGet('/api/v1/requests?sort=up'),
    'the same parameter twice': () => signedGet('/api/v1/requests?limit=1&limit=2'),
    'a state that does not exist': () => signedGet("/api/v1/requests?state=active'--"),
    'a path that climbs': () => signedGet('/log/root/..%2f..%2fkeys%2flog.seed'),
    'a tenant path that climbs': () => signedGet('/api/v1/tenants/..%2fglobex/log'),
    'a path that is badly encoded': () => signedGet('/api/v1/requests/%zz'),
    'a path with NUL': () => signedGet('/api/v1/tenants/a%00b'),
    'a body with NUL in a text': () => post('/api/v1/requests/draft', aDraft({ tenant: 'ac\0me' })),
    'a body with half a surrogate pair': () => post('/api/v1/requests/draft', aDraft({ ticket: '\ud800' })),
    'a query with NUL': () => signedGet('/api/v1/requests?tenant=a%00b'),
    'a path of 5,000 characters': () => signedGet(`/api/v1/requests/${'a'.repeat(5_000)}`),
    'a route that is not there': () => signedGet('/api/v2/requests'),
    'an idempotency key that is too long': () =>
      post('/api/v1/requests', '{}', { 'idempotency-key': 'k'.repeat(5_000) }),
    OPTIONS: () => fetch(`${it_.ready.http}/api/v1/requests`, { method: 'OPTIONS' }),
    PATCH: () => fetch(`${it_.ready.http}/api/v1/requests`, { method: 'PATCH', headers: json, body: '{}' }),
    'PUT on a request': () =>
      fetch(`${it_.ready.http}/api/v1/requests/${requestId}`, { method: 'PUT', headers: json, body: '{}' }),
    'DELETE of a request': () => fetch(`${it_.ready.http}/api/v1/requests/${requestId}`, { method: 'DELETE' }),
    'a method smuggled in a header': () =>
      fetch(`${it_.ready.http}/healthz`, { method: 'POST', headers: { 'x-http-method-override': 'GET' } }),
  };
  const aDraft = (more: Record<string, unknown>): string => JSON.stringify(anAsking(more));
  let token = '';
  const signedGet = async (path: string): Promise<Response> =>
    fetch(`${it_.ready.http}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const post = async (path: string, body: string, headers: Record<string, string> = json): Promise<Response> =>
    fetch(`${it_.ready.http}${path}`, {
      method: 'POST',
      headers: { ...json, authorization: `Bearer ${token}`, ...headers },
      body,
    });
  beforeAll(async () => {
    token = await tokenOf('engineer@operator.example');
  });

  it.each(Object.keys(refusals))('refuses %s with a problem that has a code and a sentence', async (what) => {
    const answered = await (refusals[what] ?? (() => Promise.reject(new Error('no such case'))))();
    expectProblem(what, { status: answered.status, body: await answered.text() }, answered.headers);
  });

  it('answers HEAD as GET would, without a body and with the same rule of who may call', async () => {
    const head = await fetch(`${it_.ready.http}/api/v1/requests`, { method: 'HEAD' });
    expect(head.status).toBeGreaterThanOrEqual(400);
    expect(await head.text()).toBe('');
  });

  const host = 'Host: 127.0.0.1\r\n';
  const unspoken: Record<string, string> = {
    TRACE: `TRACE /healthz HTTP/1.1\r\n${host}\r\n`,
    'a method of its own making': `STEAL /healthz HTTP/1.1\r\n${host}\r\n`,
    'a header of 64 kB': `GET /healthz HTTP/1.1\r\n${host}X-A: ${'a'.repeat(65_536)}\r\n\r\n`,
    'three thousand headers': `GET /healthz HTTP/1.1\r\n${host}${'X-A: a\r\n'.repeat(3_000)}\r\n`,
    'two lengths': `POST /api/v1/requests HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    'a length and chunks': `POST /api/v1/requests HTTP/1.1\r\n${host}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'a chunk that is no number': `POST /api/v1/sessions HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    'NUL in a header': `GET /healthz HTTP/1.1\r\n${host}X-A: a\0b\r\n\r\n`,
    'a folded header': `GET /healthz HTTP/1.1\r\n${host}X-A: a\r\n b\0\r\n\r\n`,
    'something that is not HTTP': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
    'HTTP of a version that does not exist': `GET /healthz HTTP/9.9\r\n${host}\r\n`,
  };
  it.each(Object.entries(unspoken))('refuses %s with a problem, and goes on', async (what, bytes) => {
    expectProblem(what, await raw(it_.ready.http, bytes));
    expect((await fetch(`${it_.ready.http}/healthz`)).status).toBe(200);
  });

  it('refuses a request that names no host', async () => {
    expect((await raw(it_.ready.http, 'GET /healthz HTTP/1.1\r\n\r\n')).status).toBe(400);
  });

  it('is still the same process afterwards, and has said nothing about its inside', () => {
    expect(alive(it_.pid)).toBe(true);
    expect(it_.stderr()).toBe('');
  });
});
