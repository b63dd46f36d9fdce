import type { Principal } from '../identity/index.ts';
import type { Caller, Problem } from '../route.ts';

/** The token of `Authorization: Bearer TOKEN`; null if the header is absent or of another form. */
export function bearerOf(header: string | null): string | null {
  const found = header === null ? null : /^Bearer ([A-Za-z0-9_-]{20,200})$/i.exec(header);
  return found?.[1] ?? null;
}

/** Holds unless the session came from a web page's one-time code, which may only read, and the call does more. */
export function mayDo(principal: Principal, method: string): boolean {
  return principal.via === 'key_proof' || method === 'GET' || method === 'DELETE';
}

/** Holds if this principal is of the kind that the route is for. What it may do there is decided behind the door. */
export function mayCall(principal: Principal, who: Caller): boolean {
  switch (who) {
    case 'anyone':
    case 'signed_in':
      return true;
    case 'personnel':
      return principal.kind === 'personnel';
    case 'customer':
      return principal.kind === 'customer_user';
    case 'security_officer':
      return principal.kind === 'personnel' && principal.roles.includes('security_officer');
  }
}

/** The answer to a caller of another kind. */
export function refusedCaller(who: Caller): Problem {
  const expected = {
    anyone: 'anyone',
    signed_in: 'somebody signed in',
    personnel: 'personnel of the operator or its suppliers',
    customer: 'a user of a customer',
    security_officer: 'a security officer',
  }[who];
  return { code: 'caller_not_permitted', message: `This route is for ${expected}, and you are not.`, status: 403 };
}
