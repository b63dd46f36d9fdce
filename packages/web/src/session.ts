/** A sign-in that may only read, held in this page's memory and nowhere else: a reload asks for a new code. */
export type PortalSession = { readonly token: string; readonly person: string; readonly tenant: string };

/** What the server said no to, in its own sentence. */
class PortalRefusal extends Error {
  override readonly name = 'PortalRefusal';
}

/** Takes the one-time code out of the address, so that it is in no history and no referrer, and trades it for a session. */
export async function signInByCode(): Promise<PortalSession> {
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  history.replaceState(null, '', location.pathname);
  if (code === null) {
    throw new PortalRefusal('This page opens with a one-time code. Make one with: gatehouse --as YOUR-ADDRESS portal');
  }
  const response = await fetch('/api/v1/portal-sessions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  const { token, person, tenant } = (await answered(response)) as PortalSession;
  return { token, person, tenant };
}

/** Reads a resource as this session. */
export async function read(session: PortalSession, path: string): Promise<unknown> {
  return answered(await fetch(path, { headers: { authorization: `Bearer ${session.token}` } }));
}

/** Reads bytes as this session; null where there is nothing. */
export async function readBytes(session: PortalSession, path: string): Promise<Uint8Array | null> {
  const response = await fetch(path, { headers: { authorization: `Bearer ${session.token}` } });
  if (response.status === 404) return null;
  if (!response.ok) await answered(response);
  return new Uint8Array(await response.arrayBuffer());
}

async function answered(response: Response): Promise<unknown> {
  const body: unknown = await response.json();
  if (response.ok) return body;
  const { detail } = body as { detail?: string };
  throw new PortalRefusal(detail ?? `The server answered ${response.status}.`);
}
