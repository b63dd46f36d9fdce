import type { DecisionKind, DecisionRecord } from './version.ts';
import type { End } from './grant.ts';
import type { AccessRequest } from './request.ts';

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** Any JSON object. */
export type JsonObject = { readonly [name: string]: Json };

/**
 * The payload of an entry that records a decision, permit or refusal: the facts and the outcome, so that anyone can decide
 * again (`replayRecord`), and the signed statement that was acted on (null where nobody signs). The statement's form is the
 * verifier's; the terms only carry it.
 */
export type Decided<Kind extends DecisionKind> = {
  readonly decided: DecisionRecord<Kind>;
  readonly statement: JsonObject | null;
};

/** What happened to a statement. */
export type Outcome = {
  readonly outcome: 'ok' | 'error' | 'cut' | 'unknown';
  readonly rows: number;
  readonly bytes: number;
  readonly columns: readonly string[];
  readonly durationMs: number;
  readonly sqlstate: string | null;
};

/** The payload of each type of entry that this program writes: the closed list. Keys are the entry's `type` (LOG-SPEC 3.2). */
export type LoggedPayloads = {
  'access.requested': Decided<'request'> & { readonly request: AccessRequest };
  'access.refused': Decided<DecisionKind>;
  'access.info_asked': { readonly by: string; readonly question: string };
  'access.info_given': { readonly by: string; readonly answer: string };
  'access.manager_approved': Decided<'manager_decision'>;
  'access.customer_asked': { readonly approvers: readonly string[]; readonly windowEndsAt: string };
  'access.customer_approved': Decided<'customer_decision'>;
  'access.standing_approval_used': Decided<'standing_approval'>;
  'access.denied': Decided<'manager_decision' | 'customer_decision' | 'lapse'>;
  'access.withdrawn': Decided<'withdrawal'>;
  'access.lapsed': Decided<'lapse'>;
  'access.activated': Decided<'activation'> & { readonly notAfter: string };
  'access.intent': Decided<'intent'> & {
    readonly sql: string;
    readonly params: readonly (string | null)[];
    readonly shape: string;
  };
  'access.outcome': Outcome;
  'access.extension_requested': Decided<'extension'>;
  'access.extension_denied': Decided<'manager_decision' | 'customer_decision'>;
  'access.extended': Decided<'manager_decision' | 'customer_decision'> & { readonly notAfter: string };
  'access.revoked': Decided<'revocation'>;
  'access.completed': Decided<'completion'>;
  'access.expired': Decided<'lapse'>;
  'access.close_failed': { readonly end: End; readonly role: string; readonly fault: string };
  'access.closed': { readonly end: End; readonly role: string };
  'access.connection_refused': { readonly by: string | null; readonly source: string; readonly reason: string };
  'directory.genesis': { readonly statement: JsonObject };
  'directory.enrolled': { readonly statement: JsonObject };
  'directory.removed': { readonly statement: JsonObject };
  'source.registered': JsonObject;
  'source.classified': JsonObject;
  'source.mapped': JsonObject;
  'source.applied': JsonObject;
  'source.undone': JsonObject;
  'tenant.opened': JsonObject;
  'tenant.policy_changed': JsonObject;
  'tenant.subscription_changed': JsonObject;
  'person.enrolled': JsonObject;
  'person.changed': JsonObject;
  'person.locked': { readonly person: string; readonly by: string; readonly reason: string };
  'person.unlocked': { readonly person: string; readonly by: string; readonly reason: string };
  'person.left': { readonly person: string };
  'system.started': JsonObject;
  'system.stopped': JsonObject;
  'system.clock_went_back': { readonly regressedMs: number };
  'log.read': { readonly by: string; readonly from: number; readonly to: number };
};

/** The type of an entry. */
export type LoggedType = keyof LoggedPayloads;

/** A logged event: its type with its payload, as one closed union. A new one breaks every exhaustive switch. */
export type LoggedEvent = {
  readonly [Type in LoggedType]: { readonly type: Type; readonly payload: LoggedPayloads[Type] };
}[LoggedType];

/** All types, for those who have a text in hand. The compiler keeps it complete. */
const listed: { readonly [Type in LoggedType]: true } = {
  'access.requested': true,
  'access.refused': true,
  'access.info_asked': true,
  'access.info_given': true,
  'access.manager_approved': true,
  'access.customer_asked': true,
  'access.customer_approved': true,
  'access.standing_approval_used': true,
  'access.denied': true,
  'access.withdrawn': true,
  'access.lapsed': true,
  'access.activated': true,
  'access.intent': true,
  'access.outcome': true,
  'access.extension_requested': true,
  'access.extension_denied': true,
  'access.extended': true,
  'access.revoked': true,
  'access.completed': true,
  'access.expired': true,
  'access.close_failed': true,
  'access.closed': true,
  'access.connection_refused': true,
  'directory.genesis': true,
  'directory.enrolled': true,
  'directory.removed': true,
  'source.registered': true,
  'source.classified': true,
  'source.mapped': true,
  'source.applied': true,
  'source.undone': true,
  'tenant.opened': true,
  'tenant.policy_changed': true,
  'tenant.subscription_changed': true,
  'person.enrolled': true,
  'person.changed': true,
  'person.locked': true,
  'person.unlocked': true,
  'person.left': true,
  'system.started': true,
  'system.stopped': true,
  'system.clock_went_back': true,
  'log.read': true,
};

/** Every entry type, in the order of the list above. */
export const loggedTypes = Object.keys(listed) as readonly LoggedType[];

/** Holds if `type` is an entry type that this program writes. */
export function isLoggedType(type: string): type is LoggedType {
  return Object.hasOwn(listed, type);
}
