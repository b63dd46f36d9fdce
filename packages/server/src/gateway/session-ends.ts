import type { WireRefusal } from './ports.ts';
import { refusal } from './wire.ts';

/** The log cannot be written: nothing runs (DESIGN section 1, 5). */
export const logIsDown = refusal('57P03', 'The log of this tenant cannot be written, so nothing is read.', {
  detail: 'A statement runs only after its entry in the log is durable.',
  hint: 'Connect again when the log is back; nothing of the last statement was run after the log stopped.',
});
/** The row that would exceed the budget was reached. */
export const budgetUsed = refusal(
  '53400',
  "The grant's row budget is used up; the result was cut before the row that exceeds it.",
  {
    hint: 'Ask for fewer rows, or ask for a grant with a larger budget.',
  },
);
/** The grant's end was reached, and nobody said it in better words. */
export const grantOver = refusal('57P01', 'The grant has reached its end; nothing more is read.', {
  hint: 'Ask for an extension or for a new grant.',
});
/** The source went away. */
export const backendGone = refusal('08006', 'The source closed the connection.');

/** The refusal that a signal carries, or a sentence where it carries something else. */
export function endOf(signal: AbortSignal): WireRefusal {
  const reason: unknown = signal.reason;
  if (typeof reason === 'object' && reason !== null && 'sqlstate' in reason && 'message' in reason)
    return reason as WireRefusal;
  return grantOver;
}
