import { formatInstant, instant } from '@gatehouse/terms';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { type Answer, answer, problem, type Route, route } from '../route.ts';
import type { Principal, SignedIn } from './principal.ts';
import type { Identity } from './sessions.ts';

const who = z.object({
  person: z.string(),
  kind: z.enum(['personnel', 'customer_user']),
  tenant: z.string().nullable(),
  roles: z.array(z.string()),
  keyId: z.string(),
});
const session = who.extend({
  token: z.string().describe('Send as Authorization: Bearer TOKEN. Ends after 15 minutes without use.'),
  endsAt: z.string(),
});

/** The HTTP of signing in. A key proof (RFC 9449) begins a session; a one-time code begins one that may only read. */
export function identityRoutes(identity: Identity, clock: Clock): readonly Route[] {
  return [
    route({
      method: 'POST',
      url: '/api/v1/sessions',
      tag: 'identity',
      summary: 'Sign in with a DPoP proof made by an enrolled key',
      who: 'anyone',
      response: session,
      handle: async ({ proof, url }) => {
        if (proof === null) {
          return problem(
            'proof_missing',
            'No DPoP header was sent; expected a proof JWT made by an enrolled key (RFC 9449).',
            400,
          );
        }
        return signedIn(await identity.signIn({ proof, method: 'POST', url, now: instant(clock.now()) }));
      },
    }),
    route({
      method: 'DELETE',
      url: '/api/v1/sessions',
      tag: 'identity',
      summary: 'Sign out',
      who: 'signed_in',
      response: z.object({ ended: z.literal(true) }),
      handle: async ({ bearer }) => {
        if (bearer !== null) await identity.signOut(bearer, instant(clock.now()));
        return answer({ ended: true as const });
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/me',
      tag: 'identity',
      summary: 'Who you are, as far as your key proves it',
      who: 'signed_in',
      response: who,
      handle: async ({ principal }) => {
        if (principal === null) throw new Error('A route that needs a principal was called without one.');
        return answer(shown(principal));
      },
    }),
    route({
      method: 'POST',
      url: '/api/v1/portal-codes',
      tag: 'identity',
      summary: "Make a one-time code for your company's access log page",
      who: 'customer',
      tellsSecret: true,
      response: z.object({ code: z.string(), path: z.string().describe('Open below the address of the server') }),
      handle: async ({ principal }) => {
        if (principal?.kind !== 'customer_user') throw new Error('A route for customers was called by somebody else.');
        const issued = await identity.issuePortalCode(principal, principal.tenant, instant(clock.now()));
        if (!issued.ok) return problem(issued.refusal.code.toLowerCase(), issued.refusal.message, 403);
        return answer({ code: issued.code, path: `/portal/#code=${issued.code}` });
      },
    }),
    route({
      method: 'POST',
      url: '/api/v1/portal-sessions',
      tag: 'identity',
      summary: 'Sign in to the access log page with a one-time code',
      who: 'anyone',
      body: z.strictObject({ code: z.string().min(20).max(200) }),
      response: session,
      handle: async ({ body }) => signedIn(await identity.redeemPortalCode(body.code, instant(clock.now()))),
    }),
  ];
}

function signedIn(found: SignedIn): Answer<z.input<typeof session>> {
  if (!found.ok) return problem(found.refusal.code.toLowerCase(), found.refusal.message, 401);
  return answer({ ...shown(found.principal), token: found.token, endsAt: formatInstant(found.endsAt) ?? '' });
}

function shown(principal: Principal): z.input<typeof who> {
  return {
    person: principal.person,
    kind: principal.kind,
    tenant: principal.kind === 'customer_user' ? principal.tenant : null,
    roles: [...principal.roles],
    keyId: principal.keyId,
  };
}
