import { between, bytes, chance, oneOf } from './random.ts';
import { firstId, type Holdings, momentIn, owners, type Story } from './story.ts';
import { people, subjects, tags } from './words.ts';

const kinds = [
  'user.login',
  'order.placed',
  'order.updated',
  'ticket.opened',
  'ticket.assigned',
  'export.started',
  'api.called',
] as const;

/** Events, interface keys, and the search cache that mixes every tenant's customers in one cell. */
export function addActivity(story: Story, tenants: ReadonlyMap<string, Holdings>): void {
  addEvents(story, tenants);
  addApiKeys(story);
  addSearchCache(story, tenants);
}

function addEvents(story: Story, tenants: ReadonlyMap<string, Holdings>): void {
  const { random, rows } = story;
  owners(random, 42_000, 10).forEach((tenant, index) => {
    const own = tenants.get(tenant.id);
    const actor = own !== undefined && chance(random, 0.7) ? oneOf(random, own.users) : null;
    const client = chance(random, 0.1)
      ? `2001:db8::${between(random, 1, 0xffff).toString(16)}`
      : `192.0.2.${between(random, 1, 254)}`;
    const payload = {
      ms: between(random, 1, 900),
      ok: chance(random, 0.98),
      agent: oneOf(random, ['web', 'ios', 'api']),
      label: oneOf(random, tags),
    };
    rows.events.push([firstId + index, tenant.id, oneOf(random, kinds), actor, client, payload, momentIn(story, 30)]);
  });
}

function addApiKeys(story: Story): void {
  const { random, rows } = story;
  owners(random, 120, 1).forEach((tenant, index) => {
    const scopes = ['orders:read', 'orders:write', 'tickets:read'].filter(() => chance(random, 0.6));
    const revoked = chance(random, 0.2) ? momentIn(story, 200) : null;
    rows.api_keys.push([
      firstId + index,
      tenant.id,
      oneOf(random, ['ERP', 'Zapier-like “glue”', 'cron']),
      bytes(random, 32),
      scopes,
      revoked,
    ]);
  });
}

function addSearchCache(story: Story, tenants: ReadonlyMap<string, Holdings>): void {
  const { random, rows } = story;
  const everybody = [...tenants.values()];
  for (let n = 0; n < 400; n += 1) {
    const hits = Array.from({ length: between(random, 2, 6) }, () => {
      const own = oneOf(random, everybody);
      return { shop: own.tenant.name, customer: oneOf(random, own.customers).name };
    });
    const query = chance(random, 0.5) ? oneOf(random, people) : oneOf(random, subjects);
    rows.search_cache.push([bytes(random, 16), query, { hits }, momentIn(story, 2)]);
  }
}
