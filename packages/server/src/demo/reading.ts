import { sampleIncident } from '../sample/index.ts';
import { linesOf } from './asking.ts';
import { found, type Figures, given, ms, shows, type Stage } from './story.ts';
import { Wire } from './wire.ts';

/** Opens a connection under the grant with a one-time token, as `gatehouse connect ID` does. */
export async function connectUnder({ gateway, people }: Stage, id: string): Promise<Wire> {
  const { user, password } = await people.emil.credential(id);
  return given(await Wire.connect(gateway, { user, password, database: 'sample' }), 'expected the connection to open');
}

const incident = `select o.number, o.status, s.status as parcel, s.attempts->>'count' as tries,
       o.shipping_address->>'house' as house, s.attempts->'last'->0->'error'->>'message' as carrier_says
  from orders o join shipments s on s.order_id = o.id
 where o.number = '${sampleIncident.orderNumber}'`;

const perTenant = 'select tenant_id, count(*) from orders group by tenant_id order by tenant_id';

/** Step: rows arrive, of this customer and of no other, each statement recorded before it ran. */
export async function rowsArrive(stage: Stage, id: string): Promise<Figures & { readonly intent: number }> {
  const { tell, stopwatch } = stage;
  const wire = await connectUnder(stage, id);
  try {
    const startedAt = stopwatch();
    const { rows, printed } = given(await wire.query(incident), 'expected the order to be found');
    const took = ms(stopwatch() - startedAt);
    shows(
      rows.length === 1 && rows[0]?.[2] === 'label_failed',
      `expected the parcel of the incident, found ${printed}`,
    );
    tell(`psql "host=… dbname=sample user=${id}"\n\nsample=> ${incident};\n${printed}`);
    tell('There it is: the house number is written in full-width digits, and the carrier takes ASCII only.');
    const mine = given(await wire.query(perTenant), 'expected to count the orders');
    const [everyone] = await stage.administrator('sample', 'select count(distinct tenant_id), count(*) from orders');
    const [tenants, orders] = everyone ?? [];
    shows(
      mine.rows.length === 1 && mine.rows[0]?.[0] === 'acme',
      `expected the orders of acme only, found ${mine.printed}`,
    );
    tell(`sample=> ${perTenant};\n${mine.printed}`);
    tell(
      `The table holds ${String(orders)} orders of ${String(tenants)} customers. Under this grant it holds the ${mine.rows[0][1]} of acme.`,
    );
    const [intent, outcome] = await bothEntries(stage, id);
    tell(
      `Each statement was in acme's log before it ran: intent is entry ${intent}, its outcome entry ${outcome} (first answer after ${took} ms).`,
    );
    return {
      rows: rows.length,
      milliseconds: took,
      orders: Number(orders),
      visible: Number(mine.rows[0][1]),
      intent,
      outcome,
    };
  } finally {
    await wire.close();
  }
}

/** The log indexes of the first statement's intent and of its outcome. */
async function bothEntries(stage: Stage, id: string): Promise<readonly [number, number]> {
  return found(stage, 'the outcome of the statement in the log', async () => {
    const lines = await linesOf(stage, id);
    const intent = lines.find(({ type }) => type === 'access.intent');
    const outcome = lines.find((line) => line.type === 'access.outcome' && line.intent === intent?.seq);
    return intent === undefined || outcome === undefined ? null : ([intent.seq, outcome.seq] as const);
  });
}
