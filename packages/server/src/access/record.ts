import type { AccessRequest, Instant, RequestState } from '@gatehouse/terms';
import type { SignedStatement } from '@gatehouse/verifier';

/** A request or grant as this module keeps it: an index of signed statements, never the truth (DESIGN.md section 1). */
export type RequestRecord = {
  readonly id: string;
  readonly tenant: string;
  readonly logId: string;
  readonly source: string;
  readonly requester: string;
  readonly state: RequestState;
  /** What was asked, exactly as the request statement's subject hashes it. */
  readonly matter: AccessRequest;
  readonly statementHash: string;
  readonly raisedAt: Instant;
  readonly managerApprovedAt: Instant | null;
  /** When the customer's approvers were asked: their window runs from here. */
  readonly notifiedAt: Instant | null;
  /** When the last approval that was needed came. */
  readonly approvedAt: Instant | null;
  readonly notBefore: Instant;
  /** Latest possible end, as signed. */
  readonly notAfter: Instant;
  readonly activatedAt: Instant | null;
  /** Exclusive end of the live grant; null before its first use. */
  readonly endsAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly endReason: string | null;
  readonly extension: Extension | null;
  readonly rowsUsed: number;
  readonly bytesUsed: number;
  readonly statementsUsed: number;
};

/** An asking for more time that waits for its decisions. `durationMs` is the new total. */
export type Extension = {
  readonly statementHash: string;
  readonly durationMs: number;
  readonly notAfter: Instant;
  readonly raisedAt: Instant;
  readonly managerApprovedAt: Instant | null;
  readonly notifiedAt: Instant | null;
};

/** One signed statement about a request, with its place in the tenant's log. */
export type StatementRecord = {
  readonly hash: string;
  readonly requestId: string;
  readonly type: string;
  readonly decision: string;
  readonly keyId: string;
  readonly person: string;
  readonly signed: SignedStatement;
  readonly seq: number;
  readonly decidedAt: Instant;
};

/** What a command changes of a request; absent members stay as they are. */
export type RequestChange = {
  readonly state: RequestState;
  readonly managerApprovedAt?: Instant;
  readonly notifiedAt?: Instant;
  readonly approvedAt?: Instant;
  readonly activatedAt?: Instant;
  readonly endsAt?: Instant;
  readonly endedAt?: Instant;
  readonly endReason?: string;
  /** null clears it. */
  readonly extension?: Extension | null;
};

/** Which requests a list holds. The caller has decided what the reader may see. */
export type RequestFilter = {
  readonly tenant?: string;
  readonly requester?: string;
  readonly state?: string;
  readonly before?: { readonly raisedAt: Instant; readonly id: string };
  readonly most: number;
};
