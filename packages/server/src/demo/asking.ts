import { sampleIncident } from '../sample/index.ts';
import { type Figures, ms, shows, type Stage } from './story.ts';
import { Wire } from './wire.ts';

/** Step: an engineer without a grant is refused, and told how to ask. */
export async function refused({ gateway, people, tell }: Stage): Promise<Figures> {
  tell(
    'Emil Novak is an engineer of the operator. Acme, a customer, says that order ACME-4711 is paid and never arrived.',
  );
  tell(
    `He does what he always did: psql "host=${gateway.host} port=${gateway.port} dbname=sample user=${people.emil.email}"`,
  );
  const tried = await Wire.connect(gateway, { user: people.emil.email, database: 'sample' });
  shows(!tried.ok, 'expected the engineer to be refused, but the connection was opened');
  const { sqlstate, hint, printed } = tried.error;
  tell(printed);
  shows(sqlstate === '28000', `expected SQLSTATE 28000, found ${sqlstate}`);
  shows(
    /https?:\/\/\S+/.test(hint) && hint.includes('gatehouse request'),
    `expected a link and a command in the hint: ${hint}`,
  );
  return { sqlstate };
}

/** Step: he asks, for one customer, one purpose, one hour. */
export async function asks(stage: Stage): Promise<{ readonly id: string; readonly logIndex: number }> {
  const { people, tell } = stage;
  const request = await people.emil.ask(whatEmilAsks);
  shows(request.state === 'in_review', `expected the request to be in review, found ${request.state}`);
  const at = await indexOf(stage, request.id, 'access.requested');
  tell(
    'He asks: read the orders and tickets of acme for one hour, to repair what ticket 4711 reports. His key signs the request.',
  );
  tell(`Request ${request.id} stands in acme's own log, entry ${at}, before anybody has decided about it.`);
  return { id: request.id, logIndex: at };
}

/** Step: he cannot approve himself; his manager can, and it is not enough. */
export async function managerApproves(stage: Stage, id: string): Promise<Figures> {
  const { people, tell } = stage;
  const own = await people.emil.act(id, 'approve').then(
    () => null,
    (cause: unknown) => cause as { code?: string; message?: string },
  );
  shows(own?.code === 'self_approval', `expected Emil's own approval to be refused, found ${own?.code ?? 'a yes'}`);
  tell(`Emil tries to approve his own request: ${own.message}`);
  const { state } = await people.maria.act(id, 'approve');
  shows(state === 'awaiting_customer', `expected the request to wait for the customer, found ${state}`);
  const at = await indexOf(stage, id, 'access.manager_approved');
  tell(
    `Maria Ortiz, his manager, approves with her own key (entry ${at}). Acme has customer approval on, so nothing opens yet.`,
  );
  return { logIndex: at };
}

/** Step: the customer's approver signs. */
export async function customerSigns(stage: Stage, id: string): Promise<Figures> {
  const { people, tell, stopwatch } = stage;
  const startedAt = stopwatch();
  const { state } = await people.arno.act(id, 'approve');
  const took = ms(stopwatch() - startedAt);
  shows(state === 'approved_future', `expected the request to be approved, found ${state}`);
  const at = await indexOf(stage, id, 'access.customer_approved');
  tell(
    `Arno Acker of acme reads who, why and until when, and signs with a key that only acme holds (entry ${at}, ${took} ms).`,
  );
  return { logIndex: at, milliseconds: took };
}

/** An entry of the customer's log as its own user reads it. */
export type LogLine = {
  readonly seq: number;
  readonly type: string;
  readonly ref: string | null;
  readonly intent: number | null;
  readonly outcome: string | null;
  readonly payload: { readonly [member: string]: unknown } | null;
};

/** The entries about a grant in acme's log, read by acme's administrator. */
export async function linesOf({ people }: Pick<Stage, 'people'>, id: string): Promise<readonly LogLine[]> {
  const { items } = await people.ada.get<{ items: readonly LogLine[] }>('/api/v1/tenants/acme/log?limit=1000');
  return items.filter(({ ref }) => ref === id);
}

/** Where in the log the newest entry of that type about this grant is. */
async function indexOf(stage: Stage, id: string, type: string): Promise<number> {
  const line = (await linesOf(stage, id)).findLast((entry) => entry.type === type);
  shows(line !== undefined, `expected an entry ${type} in acme's log`);
  return line.seq;
}

const whatEmilAsks = {
  tenant: sampleIncident.tenant,
  source: 'sample',
  purpose: 'troubleshoot.repair',
  reasonCode: 'customer_support',
  ticket: String(sampleIncident.ticket),
  justification: 'Order ACME-4711 is paid, but the parcel never leaves. The customer waits for a birthday gift.',
  durationMs: 3_600_000,
};
