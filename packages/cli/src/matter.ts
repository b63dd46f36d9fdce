import { type AccessRequest, formatInstant, purposeOf } from '@gatehouse/terms';
import type { JsonValue, Statement } from '@gatehouse/verifier';
import { formatDuration } from './durations.ts';
import { counted, plain, plainLines, time } from './words.ts';

/** The members of a statement that repeat the matter of its request (DESIGN.md section 3). */
export function repeatedFrom(matter: AccessRequest): Partial<Statement> {
  return {
    tenant: matter.tenant,
    source: matter.source,
    who: matter.requester,
    employer: matter.employer,
    purpose: matter.purpose,
    reasonCode: matter.reasonCode,
    mode: matter.mode,
    scope: matter.scope as unknown as JsonValue,
    budgets: { ...matter.budgets },
    notBefore: formatInstant(matter.notBefore),
    notAfter: formatInstant(matter.notAfter),
  };
}

/** What a signature will cover, in sentences, so that nobody signs what they have not seen. */
export function describe(matter: AccessRequest, document: Statement, signer: string): string {
  const { scope } = matter;
  const budgets = document.budgets ?? matter.budgets;
  const purpose = purposeOf(matter.purpose)?.sentence ?? 'A purpose that the catalogue does not know.';
  const tables = scope.tables === null ? 'every table that the classification grants' : scope.tables.join(', ');
  return [
    `Signing as ${plain(signer)}: ${decisionWords(document)}`,
    `  who            ${plain(matter.requester)}, of ${plain(matter.employer)}`,
    `  may            ${matter.mode} data of ${plain(matter.tenant)} in ${plain(matter.source)}, ${plain(tables)}${scope.transform === 'raw' ? '' : `, ${scope.transform}`}`,
    ...(scope.columns === null ? [] : [`  only columns   ${plain(scope.columns.join(', '))}`]),
    ...(scope.statement === null ? [] : [`  only statement ${plainLines(scope.statement)}`]),
    `  why            ${plain(matter.purpose)}: ${purpose} Reason: ${plain(matter.reasonCode)}. Ticket: ${plain(matter.ticket)}`,
    `  in their words ${plain(matter.justification)}`,
    `  how long       ${formatDuration(budgets['durationMs'] ?? 0)} from the first use, not before ${time(document.notBefore ?? '')}, never after ${time(document.notAfter ?? '')}`,
    `  at most        ${counted(budgets['rows'] ?? 0, 'row')}, ${counted(budgets['bytes'] ?? 0, 'byte')}, ${counted(budgets['statements'] ?? 0, 'statement')}`,
    `  request        ${matter.id}`,
  ].join('\n');
}

function decisionWords({ type, decision }: Statement): string {
  if (type === 'access.request') return 'a request for access.';
  if (type === 'access.extension') return 'a request for more time.';
  return `${decision} (${type}).`;
}
