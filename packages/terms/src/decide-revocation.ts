import type { Decision, Step } from './decision.ts';
import type { PartyKind, Standing } from './party.ts';
import type { RequestState } from './request.ts';
import type { TenantTerms } from './tenant-terms.ts';
import type { Instant } from './time.ts';

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
