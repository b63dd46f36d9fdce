import { isOver, type RequestState, requestStates } from '@gatehouse/terms';
import { formatDuration } from './durations.ts';
import { CliFailure } from './failure.ts';
import { countOf, type Fields, fieldsOf, textOf, textOrNullOf } from './reading.ts';
import { counted, plain, time } from './words.ts';

/** The state of a request in an answer. */
export function stateOf(request: Fields): RequestState {
  const said = textOf(request, 'state');
  const state = requestStates.find((known) => known === said);
  if (state !== undefined) return state;
  throw new CliFailure(
    'server_answer',
    `The server says that the request is ${JSON.stringify(said)}, which this program does not know.`,
  );
}

/** Who may what until when, what for, and for which ticket. */
export function rightSentence(request: Fields): string {
  const who = plain(textOf(request, 'requester'));
  const what = `${textOf(request, 'mode')} data of ${plain(textOf(request, 'tenant'))} in ${plain(textOf(request, 'source'))}`;
  return `${who} may ${what} ${spanOf(request)} for ${plain(textOf(request, 'purpose'))}, ticket ${plain(textOf(request, 'ticket'))}`;
}

/** A grant in use has an end; before its first use it has a duration. */
function spanOf(request: Fields): string {
  const endsAt = textOrNullOf(request, 'endsAt');
  if (endsAt !== null) return `until ${time(endsAt)}`;
  return `during ${formatDuration(countOf(fieldsOf(request['budgets'], 'budgets'), 'durationMs'))} from the first use`;
}

/** Where a request stands and what comes next, in one sentence. */
export function standingSentence(request: Fields): string {
  const id = plain(textOf(request, 'id'));
  const who = plain(textOf(request, 'requester'));
  const state = stateOf(request);
  switch (state) {
    case 'raised':
    case 'in_review':
    case 'more_info':
      return `The request ${id} of ${who} waits for the manager; the manager decides with: gatehouse approve ${id}`;
    case 'operator_approved':
    case 'awaiting_customer':
      return `The request ${id} of ${who} waits for ${plain(textOf(request, 'tenant'))}, who decides with: gatehouse approve ${id}`;
    case 'approved_future':
      return `The request ${id} is approved: ${rightSentence(request)}. Connect with: gatehouse connect ${id}`;
    case 'active':
      return `The grant ${id} is in use: ${rightSentence(request)}.`;
    case 'extension_requested':
      return `The grant ${id} is in use and more time is asked for: ${rightSentence(request)}. Decide with: gatehouse approve ${id}`;
    case 'close_failed':
      return `The grant ${id} is over, but its database role could not be removed: a security officer has to look at the source.`;
    default:
      return `The request ${id} of ${who} is over: ${state}${endedAt(request)}${endReason(request)}.`;
  }
}

/** Whether anything can still become of it. */
export function isDecided(request: Fields): boolean {
  const state = stateOf(request);
  return isOver(state) || state === 'approved_future' || state === 'active' || state === 'extension_requested';
}

/** What was used under a grant. */
export function usedSentence(request: Fields): string {
  const used = fieldsOf(request['used'], 'used');
  const count = (name: string) => (typeof used[name] === 'number' ? used[name] : 0);
  return `${counted(count('rows'), 'row')}, ${counted(count('bytes'), 'byte')}, ${counted(count('statements'), 'statement')}`;
}

function endedAt(request: Fields): string {
  const at = textOrNullOf(request, 'endedAt');
  return at === null ? '' : ` at ${time(at)}`;
}

function endReason(request: Fields): string {
  const reason = textOrNullOf(request, 'endReason');
  return reason === null ? '' : ` (${plain(reason)})`;
}
