import type { PlacedOrder } from './make-commerce.ts';
import { between, bytes, chance, oneOf } from './random.ts';
import { firstId, type Holdings, later, momentIn, owners, type Story } from './story.ts';
import { sentences, subjects, tags } from './words.ts';

/** Tickets with their messages and attachments; some attachments belong to no message yet (a path that is NULL). */
export function addSupport(
  story: Story,
  tenants: ReadonlyMap<string, Holdings>,
  orders: ReadonlyMap<string, readonly PlacedOrder[]>,
): void {
  const { random, rows } = story;
  owners(random, 12_000, 4).forEach((tenant, index) => {
    const own = tenants.get(tenant.id);
    if (own === undefined) return;
    const id = firstId + index;
    const order = chance(random, 0.6) ? oneOf(random, orders.get(tenant.id) ?? []) : null;
    const customer = order?.customer ?? oneOf(random, own.customers).id;
    const assignee = chance(random, 0.8) ? oneOf(random, own.users) : null;
    const openedAt = order === null ? momentIn(story, 300) : later(story, order.placedAt, 20);
    const status = oneOf(random, ['open', 'waiting', 'solved', 'solved', 'solved'] as const);
    const closedAt = status === 'solved' ? later(story, openedAt, 7) : null;
    const labels = tags.filter(() => chance(random, 0.1));
    rows.tickets.push([
      id,
      tenant.id,
      customer,
      order?.id ?? null,
      assignee,
      oneOf(random, subjects),
      status,
      between(random, 1, 4),
      labels,
      openedAt,
      closedAt,
    ]);
    addMessages(story, { ticket: id, agent: assignee, openedAt });
  });
  for (let n = 0; n < 60; n += 1) addAttachment(story, null);
}

function addMessages(story: Story, about: { ticket: number; agent: number | null; openedAt: Date }): void {
  const { random, rows } = story;
  const count = between(random, 2, 6);
  for (let n = 0; n < count; n += 1) {
    const id = firstId + rows.messages.length;
    const author = n % 2 === 1 ? about.agent : null;
    const body = Array.from({ length: between(random, 1, 3) }, () => oneOf(random, sentences)).join(' ');
    const internal = author !== null && chance(random, 0.1);
    rows.messages.push([id, about.ticket, author, body, internal, later(story, about.openedAt, 3)]);
    if (chance(random, 0.05)) addAttachment(story, id);
  }
}

function addAttachment({ random, rows }: Story, message: number | null): void {
  const id = firstId + rows.attachments.length;
  const [extension, mediaType] = oneOf(random, [
    ['jpg', 'image/jpeg'],
    ['pdf', 'application/pdf'],
    ['txt', 'text/plain'],
  ] as const);
  const name = oneOf(random, ['photo', 'facture n° 3', 'スクリーンショット', '"quoted"', 'صورة']);
  rows.attachments.push([
    id,
    message,
    `${name}-${id}.${extension}`,
    mediaType,
    bytes(random, between(random, 64, 600)),
  ]);
}
