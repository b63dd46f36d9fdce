import { clocks } from './clocks.ts';
import type { Decision } from './decision.ts';
import type { PartyKind } from './party.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { RequestState } from './request.ts';
import { flag, listOf, oneOf, orNull, record, text, type Shape } from './shape.ts';
import { formatInstant, plus, type Instant } from './time.ts';
import type { RequestEvent } from './transitions.ts';
import { at, partyKind, state } from './vocabulary-shape.ts';

/** Somebody's place above the requester, and since when. */
export type Oversight = { readonly person: string; readonly since: Instant };

/** What is weighed when a manager decides. */
export type ManagerFacts = {
  readonly now: Instant;
  /** What is decided: the access, or more time for it. */
  readonly matter: 'access' | 'extension';
  readonly decision: 'approve' | 'deny';
  /** True if the signature of the decision was checked against the directory, and its subject is this request. */
  readonly statementVerified: boolean;
  readonly state: RequestState;
  /** When the matter was raised: the request, or the asking for more time. */
  readonly raisedAt: Instant;
  readonly requester: string;
  /** Everybody above the requester, nearest first. */
  readonly requesterLine: readonly Oversight[];
  /** Those whom somebody of the line has named to decide in their place. */
  readonly delegates: readonly Oversight[];
  readonly manager: {
    readonly id: string;
    readonly kind: PartyKind;
    readonly employed: boolean;
    readonly locked: boolean;
    /** Everybody above the one who decides. */
    readonly line: readonly string[];
  };
  /** True if the tenant's own approval is needed after this one. */
  readonly customerApproval: boolean;
  /** The end of the running grant; null if the matter is the access. */
  readonly grantNotAfter: Instant | null;
};

/**
 * Yes: the decision counts. `event` is null if the state stays (more time, and the customer has still to decide);
 * `follows` is what comes at once after it, unless a standing approval takes its place.
 */
export type ManagerDecision = Decision<{
  readonly event: RequestEvent | null;
  readonly next: RequestState;
  readonly follows: 'customer_asked' | 'customer_not_needed' | null;
}>;

const oversight = record<Oversight>({ person: text, since: at });

/** The form of the facts. */
export const managerFacts: Shape<ManagerFacts> = record<ManagerFacts>({
  now: at,
  matter: oneOf(['access', 'extension']),
  decision: oneOf(['approve', 'deny']),
  statementVerified: flag,
  state,
  raisedAt: at,
  requester: text,
  requesterLine: listOf(oversight),
  delegates: listOf(oversight),
  manager: record<ManagerFacts['manager']>({
    id: text,
    kind: partyKind,
    employed: flag,
    locked: flag,
    line: listOf(text),
  }),
  customerApproval: flag,
  grantNotAfter: orNull(at),
});

/**
 * Decides whether a manager's yes or no counts (promise S19, INV-31): somebody in the requester's line, never the requester,
 * never one who reports to the requester, in that place before the matter was raised, and within four hours.
 */
export function decideManager(facts: ManagerFacts): ManagerDecision {
  const fault = managerFacts(facts, 'facts');
  if (fault !== null) return refuse('facts_malformed', fault);
  if (!facts.statementVerified) return refuse('statement_not_verified');
  return open(facts) ?? decider(facts) ?? following(facts);
}

function open(facts: ManagerFacts): Refusal | null {
  const { now, matter, grantNotAfter } = facts;
  if (!openStates(facts).includes(facts.state))
    return refuse('state_not_open', facts.state, openStates(facts).join(' or '));
  if (matter === 'extension' && (grantNotAfter === null || now >= grantNotAfter)) return refuse('grant_ended');
  const until = plus(facts.raisedAt, clocks.managerWindowMs);
  return now < until ? null : refuse('manager_window_ended', formatInstant(now), `before ${formatInstant(until)}`);
}

/** A question to the requester stops a yes until it is answered; it never stops a no. */
function openStates({ matter, decision }: ManagerFacts): readonly RequestState[] {
  if (matter === 'extension') return ['extension_requested'];
  return decision === 'deny' ? ['in_review', 'more_info'] : ['in_review'];
}

function decider({ manager, requester, requesterLine, delegates, raisedAt }: ManagerFacts): Refusal | null {
  if (manager.id === requester) return refuse('self_approval', manager.id);
  if (manager.kind !== 'operator_staff' || !manager.employed) return refuse('approver_not_staff', manager.kind);
  if (manager.locked) return refuse('person_locked', manager.id);
  if (manager.line.includes(requester)) return refuse('approver_reports_to_requester', manager.id);
  const places = [...requesterLine, ...delegates].filter(({ person }) => person === manager.id);
  if (places.length === 0) return refuse('approver_not_in_line', manager.id);
  // Strictly before: somebody put in place at the very moment of the request may have been put there for it.
  if (!places.some(({ since }) => since < raisedAt))
    return refuse('approver_too_recent', manager.id, `before ${formatInstant(raisedAt)}`);
  return null;
}

function following({ matter, decision, customerApproval }: ManagerFacts): ManagerDecision {
  if (matter === 'access') {
    if (decision === 'deny') return { permit: true, event: 'manager_denied', next: 'denied', follows: null };
    const follows = customerApproval ? 'customer_asked' : 'customer_not_needed';
    return { permit: true, event: 'manager_approved', next: 'operator_approved', follows };
  }
  if (decision === 'deny') return { permit: true, event: 'extension_denied', next: 'active', follows: null };
  if (customerApproval) return { permit: true, event: null, next: 'extension_requested', follows: 'customer_asked' };
  return { permit: true, event: 'extension_granted', next: 'active', follows: null };
}
