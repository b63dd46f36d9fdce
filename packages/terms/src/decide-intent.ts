import type { Decision } from './decision.ts';
import type { Grant } from './grant.ts';
import type { StatementClass } from './mode.ts';
import type { Used } from './scope.ts';
import type { Instant } from './time.ts';

/** What is weighed before each statement. Kept small: it is logged with every one. */
export type IntentFacts = {
  readonly now: Instant;
  /** Who runs it, against whose data, where. */
  readonly by: string;
  readonly tenant: string;
  readonly source: string;
  readonly statement: {
    readonly class: StatementClass;
    /** If the grant is for one statement: true if this is it. Null if the grant names none. */
    readonly approved: boolean | null;
  };
  readonly grant: Pick<
    Grant,
    'id' | 'holder' | 'tenant' | 'source' | 'purpose' | 'mode' | 'budgets' | 'activatedAt' | 'notAfter' | 'ended'
  >;
  readonly used: Used;
};

/** Yes: the statement may run if it starts before `receiptUntil`, and may return what is left. */
export type IntentDecision = Decision<{
  readonly rowsLeft: number;
  readonly bytesLeft: number;
  readonly statementsLeft: number;
  readonly receiptUntil: Instant;
}>;
