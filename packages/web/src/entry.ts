/** An entry as the server shows it to the log's own tenant. */
export type ShownEntry = {
  readonly seq: number;
  readonly time: string;
  readonly type: string;
  readonly ref: string | null;
  readonly intent: number | null;
  readonly outcome: string | null;
  readonly state: 'none' | 'open' | 'sealed' | 'erased';
  readonly payload: Readonly<Record<string, unknown>> | null;
};

/** How much attention an entry asks for. Never shown by colour alone: each has a word beside it. */
export type Weight = 'access' | 'refused' | 'end' | 'plain';

/** An entry in the words of somebody who was not there. */
export type Told = {
  readonly word: string;
  readonly weight: Weight;
  readonly sentence: string;
  readonly detail: string | null;
};

/** Tells what an entry says. An entry whose payload is not open is told by its type alone. */
export function tell(entry: ShownEntry): Told {
  const payload = entry.payload ?? {};
  const facts = at(payload, 'decided', 'facts');
  const by =
    text(at(facts, 'by')) ?? text(at(facts, 'requester', 'party', 'id')) ?? text(at(payload, 'request', 'requester'));
  switch (entry.type) {
    case 'log.open':
      return plain('opened', 'This log was opened.');
    case 'tenant.opened':
      return plain('opened', 'The account was opened with its access policy.');
    case 'tenant.policy_changed':
      return plain('policy', 'The access policy was changed.');
    case 'access.requested': {
      const request = at(payload, 'request');
      const detail = [text(at(request, 'ticket')), text(at(request, 'justification'))].filter(Boolean).join(': ');
      return {
        word: 'asked',
        weight: 'plain',
        sentence: `${text(at(request, 'requester')) ?? 'Somebody'} of ${text(at(request, 'employer')) ?? 'an employer'} asked to ${text(at(request, 'mode')) ?? 'read'} ${text(at(request, 'source')) ?? 'a source'} for the purpose ${text(at(request, 'purpose')) ?? 'unknown'}.`,
        detail: detail || null,
      };
    }
    case 'access.manager_approved':
      return plain('approved', `Their manager ${text(at(facts, 'manager', 'id')) ?? ''} approved.`);
    case 'access.customer_asked':
      return plain('your turn', `Your approvers were asked: ${list(at(payload, 'approvers'))}.`);
    case 'access.customer_approved':
      return plain('approved', `Your approver ${text(at(facts, 'approver', 'id')) ?? ''} approved.`);
    case 'access.activated':
      return {
        word: 'began',
        weight: 'access',
        sentence: `${by ?? 'The holder'} began to use the grant, until ${text(at(payload, 'notAfter')) ?? 'its end'}.`,
        detail: null,
      };
    case 'access.intent':
      return {
        word: 'reads',
        weight: 'access',
        sentence: `${by ?? 'The holder'} runs a statement:`,
        detail: text(at(payload, 'sql')),
      };
    case 'access.outcome': {
      const ended =
        { ok: 'ended', error: 'failed', cut: 'was cut', unknown: 'has an unknown end' }[entry.outcome ?? 'unknown'] ??
        'ended';
      const rows = at(payload, 'rows');
      return plain(
        'result',
        `Statement ${entry.intent ?? ''} ${ended}${typeof rows === 'number' ? `; ${rows} ${rows === 1 ? 'row' : 'rows'} went out` : ''}.`,
      );
    }
    case 'access.refused':
      return {
        word: 'refused',
        weight: 'refused',
        sentence: `${by ?? 'Somebody'} was refused.`,
        detail: text(at(payload, 'decided', 'decision', 'reason')),
      };
    case 'access.connection_refused':
      return {
        word: 'refused',
        weight: 'refused',
        sentence: `${text(at(payload, 'by')) ?? 'Somebody'} was turned away at the gateway.`,
        detail: text(at(payload, 'reason')),
      };
    case 'access.denied':
      return {
        word: 'denied',
        weight: 'refused',
        sentence: 'The request was denied.',
        detail: text(at(payload, 'reason')),
      };
    case 'access.withdrawn':
      return end('withdrawn', 'The request was taken back.');
    case 'access.lapsed':
      return end('lapsed', 'The request lapsed: nobody decided or used it in time.');
    case 'access.revoked':
      return end(
        'revoked',
        `The grant was revoked by ${text(at(facts, 'cause', 'by', 'id')) ?? 'the terms'}. Nothing was read under it afterwards.`,
      );
    case 'access.expired':
      return end('expired', 'The grant expired. Nothing was read under it afterwards.');
    case 'access.completed':
      return end('completed', 'The holder said that the work is done.');
    default:
      return plain(entry.type.split('.').at(-1)?.replaceAll('_', ' ') ?? entry.type, `${entry.type}.`);
  }
}

function plain(word: string, sentence: string): Told {
  return { word, weight: 'plain', sentence, detail: null };
}

function end(word: string, sentence: string): Told {
  return { word, weight: 'end', sentence, detail: null };
}

/** The value below `value` along the names; undefined where there is none. Payloads are data from outside this page. */
function at(value: unknown, ...names: readonly string[]): unknown {
  let found = value;
  for (const name of names) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function list(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(', ') : '';
}
