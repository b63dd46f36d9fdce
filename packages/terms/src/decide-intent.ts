import { clocks } from './clocks.ts';
import type { Decision } from './decision.ts';
import { isLive, type Grant } from './grant.ts';
import { modeCovers, statementClasses, type StatementClass } from './mode.ts';
import { purposeFails, purposeOf } from './purpose.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { Used } from './scope.ts';
import { flag, oneOf, orNull, record, text, type Shape } from './shape.ts';
import { earlier, formatInstant, plus, type Instant } from './time.ts';
import { at, budgets, ended, mode, used } from './vocabulary-shape.ts';

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

/** The form of the facts. */
export const intentFacts: Shape<IntentFacts> = record<IntentFacts>({
  now: at,
  by: text,
  tenant: text,
  source: text,
  statement: record<IntentFacts['statement']>({ class: oneOf(statementClasses), approved: orNull(flag) }),
  grant: record<IntentFacts['grant']>({
    id: text,
    holder: text,
    tenant: text,
    source: text,
    purpose: text,
    mode,
    budgets,
    activatedAt: at,
    notAfter: at,
    ended,
  }),
  used,
});

/**
 * Decides whether one statement may run (promises S10, S20; INV-1, 35, 41, 42, 49, 50). The log decides the order against the
 * grant's end, so a yes is worth `receiptMs` and no longer. What standing the holder has is not weighed here: losing it
 * revokes the grant, and a revoked grant is refused.
 */
export function decideIntent(facts: IntentFacts): IntentDecision {
  const fault = intentFacts(facts, 'facts');
  if (fault !== null) return refuse('facts_malformed', fault);
  const { now, grant, used: spent } = facts;
  const rowsLeft = grant.budgets.rows - spent.rows;
  const bytesLeft = grant.budgets.bytes - spent.bytes;
  const statementsLeft = grant.budgets.statements - spent.statements;
  return (
    binding(facts) ??
    live(facts) ??
    purposeFails(grant.purpose, grant.mode) ??
    covered(facts) ??
    (statementsLeft < 1 ? refuse('statement_budget_spent', `${spent.statements} statements`) : null) ??
    (rowsLeft < 1 ? refuse('row_budget_spent', `${spent.rows} rows`) : null) ??
    (bytesLeft < 1 ? refuse('byte_budget_spent', `${spent.bytes} bytes`) : null) ?? {
      permit: true,
      rowsLeft,
      bytesLeft,
      statementsLeft: statementsLeft - 1,
      receiptUntil: earlier(plus(now, clocks.receiptMs), grant.notAfter),
    }
  );
}

function binding({ by, tenant, source, grant }: IntentFacts): Refusal | null {
  if (by !== grant.holder) return refuse('not_the_holder', by);
  if (tenant !== grant.tenant) return refuse('other_tenant', tenant, grant.tenant);
  return source === grant.source ? null : refuse('other_source', source, grant.source);
}

function live({ now, grant }: IntentFacts): Refusal | null {
  const { activatedAt, notAfter } = grant;
  if (grant.ended !== null) return refuse('grant_ended', `${grant.ended.end} at ${formatInstant(grant.ended.at)}`);
  if (now < activatedAt) return refuse('not_yet', formatInstant(now), `${formatInstant(activatedAt)} or later`);
  // A row edited in a database cannot make a grant that no request could ask for.
  if (notAfter - activatedAt > clocks.grantMaxMs)
    return refuse('duration_too_long', `${notAfter - activatedAt} ms`, 'at most 8 h');
  return isLive(grant, now) ? null : refuse('grant_ended', formatInstant(now), `before ${formatInstant(notAfter)}`);
}

function covered({ statement, grant }: IntentFacts): Refusal | null {
  if (statement.class === 'forbidden') return refuse('statement_forbidden');
  if (!modeCovers(grant.mode, statement.class)) return refuse('mode_exceeded', statement.class, grant.mode);
  if (statement.class === 'session') return null;
  if (statement.approved === false) return refuse('statement_not_approved');
  const bulk = purposeOf(grant.purpose)?.bulk ?? false;
  return statement.class === 'copy_out' && !bulk ? refuse('bulk_not_allowed', grant.purpose) : null;
}
