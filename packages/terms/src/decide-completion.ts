import type { Decision, Step } from './decision.ts';
import { refuse } from './refusal.ts';
import type { RequestState } from './request.ts';
import { flag, record, text, type Shape } from './shape.ts';
import { formatInstant, type Instant } from './time.ts';
import { isInUse } from './transitions.ts';
import { at, state } from './vocabulary-shape.ts';

/** What is weighed when the holder says that the work is done. */
export type CompletionFacts = {
  readonly now: Instant;
  readonly by: string;
  readonly requester: string;
  readonly statementVerified: boolean;
  readonly state: RequestState;
  readonly grantNotAfter: Instant;
};

/** Yes: the grant is completed. */
export type CompletionDecision = Decision<Step>;

/** The form of the facts. */
export const completionFacts: Shape<CompletionFacts> = record<CompletionFacts>({
  now: at,
  by: text,
  requester: text,
  statementVerified: flag,
  state,
  grantNotAfter: at,
});

/** Decides whether a grant is completed: by its holder, while it is in use and before its end. Afterwards it is expired, which is another word. */
export function decideCompletion(facts: CompletionFacts): CompletionDecision {
  const fault = completionFacts(facts, 'facts');
  if (fault !== null) return refuse('facts_malformed', fault);
  if (!facts.statementVerified) return refuse('statement_not_verified');
  if (facts.by !== facts.requester) return refuse('not_the_requester', facts.by, facts.requester);
  if (!isInUse(facts.state)) return refuse('state_not_open', facts.state, 'active or extension_requested');
  if (facts.now >= facts.grantNotAfter)
    return refuse('grant_ended', formatInstant(facts.now), `before ${formatInstant(facts.grantNotAfter)}`);
  return { permit: true, event: 'completed', next: 'completed' };
}
