/** A sign-in that may only read, held in this page's memory and nowhere else: a reload asks for a new code. */
export type PortalSession = { readonly token: string; readonly person: string; readonly tenant: string };

/** A server that says nothing for longer is given up. */
const answerMostMs = 60_000;

/** Why the page cannot show what it should, as a sentence for its reader. */
export class PortalFailure extends Error {
  override readonly name = 'PortalFailure';
}

/** How to come back, for whoever has no way on. */
const newCode = 'Make a new code with: gatehouse --as YOUR-ADDRESS portal';

/** Takes the one-time code out of the address, so that it is in no history and no referrer, and trades it for a session. */
export async function signInByCode(): Promise<PortalSession> {
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  history.replaceState(null, '', location.pathname);
  if (code === null) {
    throw new PortalFailure(`This page opens with a one-time code, and its address holds none. ${newCode}`);
  }
  if (code.length < 20 || code.length > 200) {
    throw new PortalFailure(`The one-time code in the address is incomplete. ${newCode}`);
  }
  const response = await send('/api/v1/portal-sessions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  const { token, person, tenant } = (await answered(response)) as PortalSession;
  return { token, person, tenant };
}

/** Reads a resource as this session. */
export async function read(session: PortalSession, path: string): Promise<unknown> {
  return answered(await send(path, { headers: { authorization: `Bearer ${session.token}` } }));
}

/** Reads bytes as this session, never from the browser's cache; null where there is nothing. */
export async function readBytes(session: PortalSession, path: string): Promise<Uint8Array | null> {
  const response = await send(path, { headers: { authorization: `Bearer ${session.token}` }, cache: 'no-store' });
  if (response.status === 404) return null;
  if (!response.ok) await answered(response);
  return new Uint8Array(await response.arrayBuffer());
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, redirect: 'error', signal: AbortSignal.timeout(answerMostMs) });
  } catch (cause) {
    throw new PortalFailure('The server did not answer. Is it running, and is your network up? Then look again.', {
      cause,
    });
  }
}

async function answered(response: Response): Promise<unknown> {
  const body = await bodyOf(response);
  if (response.ok) return body;
  const { detail } = body as { detail?: unknown };
  const said = typeof detail === 'string' ? detail : `The server answered ${response.status}.`;
  throw new PortalFailure(response.status === 401 ? `${said} ${newCode}` : said);
}

async function bodyOf(response: Response): Promise<object> {
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null) return body;
  } catch (cause) {
    throw new PortalFailure(`The server answered ${response.status} with something that is no JSON.`, { cause });
  }
  throw new PortalFailure(`The server answered ${response.status} with something that is no object.`);
}
