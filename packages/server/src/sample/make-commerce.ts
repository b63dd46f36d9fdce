import { between, chance, oneOf } from './random.ts';
import { address, amount, firstId, type Holdings, later, momentIn, owners, type Story } from './story.ts';

/** An order, as far as tickets need to know it. */
export type PlacedOrder = { readonly id: number; readonly customer: number; readonly placedAt: Date };

const carriers = ['Parcelwind', 'Norrpost', 'Rapide & Frères', '青空便'] as const;
const statuses = [
  'cart',
  'paid',
  'packed',
  'shipped',
  'shipped',
  'delivered',
  'delivered',
  'delivered',
  'delivered',
  'cancelled',
] as const;

/** Orders with their items and shipments; returns the orders of each tenant. */
export function addCommerce(
  story: Story,
  tenants: ReadonlyMap<string, Holdings>,
): ReadonlyMap<string, readonly PlacedOrder[]> {
  const { random, rows } = story;
  const placed = new Map<string, PlacedOrder[]>([...tenants.keys()].map((tenant) => [tenant, []]));
  owners(random, 30_000, 8).forEach((tenant, index) => {
    const own = tenants.get(tenant.id);
    if (own === undefined) return;
    const id = firstId + index;
    const customer = oneOf(random, own.customers);
    const status = oneOf(random, statuses);
    const placedAt = momentIn(story, 400);
    const total = addItems(story, id, own);
    const note = chance(random, 0.08)
      ? oneOf(random, ['Ring twice', 'Laisser chez le voisin', 'يرجى الاتصال', 'no "plastic" please'])
      : null;
    const shipping = address(random, customer.name, tenant.country);
    rows.orders.push([
      id,
      tenant.id,
      customer.id,
      `${tenant.id.toUpperCase()}-${id}`,
      status,
      'EUR',
      amount(total),
      shipping,
      note,
      placedAt,
    ]);
    if (status === 'shipped' || status === 'delivered') addShipment(story, id, status, placedAt);
    placed.get(tenant.id)?.push({ id, customer: customer.id, placedAt });
  });
  return placed;
}

function addItems({ random, rows }: Story, order: number, own: Holdings): number {
  let total = 0;
  const lines = between(random, 1, 4);
  for (let line = 1; line <= lines; line += 1) {
    const product = oneOf(random, own.products);
    const quantity = between(random, 1, 5);
    const discounted = chance(random, 0.15);
    total += Math.round(product.cents * quantity * (discounted ? 0.9 : 1));
    rows.order_items.push([
      order,
      line,
      product.id,
      product.name,
      quantity,
      amount(product.cents),
      discounted ? '0.1000' : '0.0000',
    ]);
  }
  return total;
}

function addShipment(story: Story, order: number, status: 'shipped' | 'delivered', placedAt: Date): void {
  const { random, rows } = story;
  const tracking = `PW${String(between(random, 0, 999_999_999)).padStart(9, '0')}`;
  const state = status === 'delivered' ? 'delivered' : 'in_transit';
  const id = firstId + rows.shipments.length;
  rows.shipments.push([
    id,
    order,
    oneOf(random, carriers),
    tracking,
    state,
    { count: 1, last: [] },
    later(story, placedAt, 9),
  ]);
}
