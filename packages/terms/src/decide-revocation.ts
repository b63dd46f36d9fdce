import type { Decision, Step } from './decision.ts';
import { partyKinds, type PartyKind, type Standing } from './party.ts';
import { refuse } from './refusal.ts';
import type { RequestState } from './request.ts';
import { flag, listOf, oneOf, orNull, record, text, type Shape } from './shape.ts';
import { standingFails } from './standing.ts';
import type { TenantTerms } from './tenant-terms.ts';
import type { Instant } from './time.ts';
import { isOver } from './transitions.ts';
import { at, standing, state, tenantTerms } from './vocabulary-shape.ts';

/** What is weighed when somebody, or a lost standing, ends a request or its grant. There is no field for a reason: none is owed (INV-40). */
export type RevocationFacts = {
  readonly now: Instant;
  readonly state: RequestState;
  readonly requester: string;
  readonly tenant: string;
  /** The ids of everybody above the requester. */
  readonly requesterLine: readonly string[];
  readonly cause:
    | {
        readonly kind: 'person';
        readonly statementVerified: boolean;
        readonly by: {
          readonly id: string;
          readonly kind: PartyKind;
          /** The tenant whose approver or administrator this is; null for everybody else. */
          readonly tenant: string | null;
          readonly securityOfficer: boolean;
        };
      }
    | {
        /** Something that must hold of the requester holds no more (INV-39): no signature is needed to end it. */
        readonly kind: 'standing_lost';
        readonly standing: Standing;
        readonly terms: TenantTerms;
      };
};

/** Yes: it is revoked, by this right. */
export type RevocationDecision = Decision<
  Step & { readonly as: 'customer' | 'requester' | 'manager' | 'security_officer' | 'terms' }
>;

type Cause = RevocationFacts['cause'];
type ByPerson = Extract<Cause, { readonly kind: 'person' }>;
type ByTerms = Extract<Cause, { readonly kind: 'standing_lost' }>;

const byPerson = record<ByPerson>({
  kind: oneOf(['person']),
  statementVerified: flag,
  by: record<ByPerson['by']>({ id: text, kind: oneOf(partyKinds), tenant: orNull(text), securityOfficer: flag }),
});

const byTerms = record<ByTerms>({ kind: oneOf(['standing_lost']), standing, terms: tenantTerms });

const cause: Shape<Cause> = (value, path) => {
  const lost = typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'standing_lost';
  return lost ? byTerms(value, path) : byPerson(value, path);
};

/** The form of the facts. */
export const revocationFacts: Shape<RevocationFacts> = record<RevocationFacts>({
  now: at,
  state,
  requester: text,
  tenant: text,
  requesterLine: listOf(text),
  cause,
});

/**
 * Decides whether somebody may end a request or its grant: the customer at any time and without a reason (INV-40), the requester,
 * a manager in line, a security officer; and the terms themselves when the requester's standing is lost (INV-39). No deadline,
 * window or setting stands in the way.
 */
export function decideRevocation(facts: RevocationFacts): RevocationDecision {
  const fault = revocationFacts(facts, 'facts');
  if (fault !== null) return refuse('facts_malformed', fault);
  if (facts.cause.kind === 'person' && !facts.cause.statementVerified) return refuse('statement_not_verified');
  if (isOver(facts.state)) return refuse('state_not_open', facts.state, 'a state that is not an end');
  const right = facts.cause.kind === 'person' ? rightOf(facts, facts.cause) : lostStanding(facts, facts.cause);
  if (right === null) return refuse('may_not_revoke');
  return { permit: true, event: 'revoked', next: 'revoked', as: right };
}

function rightOf({ tenant, requester, requesterLine }: RevocationFacts, { by }: ByPerson) {
  if (by.kind === 'customer_user') return by.tenant === tenant ? 'customer' : null;
  if (by.id === requester) return 'requester';
  if (requesterLine.includes(by.id)) return 'manager';
  return by.securityOfficer ? 'security_officer' : null;
}

/** Only for the requester's own standing with this tenant, and only if it is really lost: the log shows which fact ended it. */
function lostStanding({ now, requester, tenant }: RevocationFacts, lost: ByTerms) {
  if (lost.standing.party.id !== requester || lost.terms.tenant !== tenant) return null;
  return standingFails(lost.standing, lost.terms, now) === null ? null : 'terms';
}
