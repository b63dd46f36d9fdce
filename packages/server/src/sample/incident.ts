import type { Rows } from './rows.ts';

/**
 * What an engineer of the demo is to find: order 4711 of acme is paid and its ticket (4711 too) is open, but the parcel
 * never leaves, because the carrier's label service refuses the address: the house number is a full-width "１２" in a field
 * that must be ASCII. Tables that show it: tickets, messages, orders, order_items, shipments, events. Generated ids begin at 10001.
 */
export const sampleIncident = {
  tenant: 'acme',
  ticket: 4711,
  order: 4711,
  orderNumber: 'ACME-4711',
  shipment: 4711,
  tables: ['orders', 'order_items', 'shipments', 'tickets', 'messages', 'events'],
} as const;

const { tenant, ticket, order, orderNumber, shipment } = sampleIncident;
const minutes = 60_000;

/** Adds the rows of the incident. `customer`, `product` and `agent` are any of acme's. */
export function addIncident(
  rows: Rows,
  acme: { readonly customer: number; readonly product: number; readonly agent: number },
  endAt: number,
): void {
  const placedAt = endAt - 3 * 24 * 60 * minutes;
  const address = { name: '山田 花子', street: '桜通り', house: '１２', city: 'Nagoya', country: 'JP' };
  const refusal = { code: 'ADDRESS_CHARSET', message: 'house: only ASCII letters and digits' };
  const attempt = (n: number): { at: string; error: typeof refusal } => ({
    at: new Date(placedAt + n * 30 * minutes).toISOString(),
    error: refusal,
  });
  rows.orders.push([
    order,
    tenant,
    acme.customer,
    orderNumber,
    'paid',
    'JPY',
    '18400.00',
    address,
    'Gift wrap, please 🎁',
    new Date(placedAt),
  ]);
  rows.order_items.push([order, 1, acme.product, 'Copper kettle', 2, '9200.00', '0.0000']);
  const attempts = { count: 6, last: [1, 2, 3, 4, 5, 6].map(attempt) };
  rows.shipments.push([
    shipment,
    order,
    'Parcelwind',
    null,
    'label_failed',
    attempts,
    new Date(placedAt + 180 * minutes),
  ]);
  rows.tickets.push([
    ticket,
    tenant,
    acme.customer,
    order,
    acme.agent,
    'Order ACME-4711 is paid but was never sent',
    'open',
    1,
    ['vip', 'carrier'],
    new Date(endAt - 90 * minutes),
    null,
  ]);
  rows.messages.push(
    [
      4711,
      ticket,
      null,
      'I paid three days ago and it still says "packing". It is a birthday gift!',
      false,
      new Date(endAt - 90 * minutes),
    ],
    [
      4712,
      ticket,
      acme.agent,
      'No label, no tracking number. Needs the operator: shipments retries for ever.',
      true,
      new Date(endAt - 60 * minutes),
    ],
  );
  for (let n = 1; n <= 6; n += 1) {
    const payload = { order: orderNumber, shipment, attempt: n, error: refusal };
    rows.events.push([
      4710 + n,
      tenant,
      'shipment.label_failed',
      null,
      null,
      payload,
      new Date(placedAt + n * 30 * minutes),
    ]);
  }
}
