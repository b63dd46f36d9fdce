import { between, chance, oneOf } from './random.ts';
import type { Rows } from './rows.ts';
import { address, amount, firstId, type Holdings, momentIn, owners, type Story } from './story.ts';
import { sampleTenants } from './tenants.ts';
import { materials, people, tags, things } from './words.ts';

/** The reference tables: countries and plans. */
export function addReference(rows: Rows): void {
  rows.countries.push(...countries.map(([code, name, currency, vat]) => [code, name, currency, vat]));
  rows.plans.push(
    ['free', 'Free', '0.00', { seats: 2, support: 'forum' }],
    ['team', 'Team', '49.00', { seats: 25, support: 'mail', exports: true }],
    ['scale', 'Scale', '499.00', { seats: null, support: 'phone', exports: true, sso: ['saml', 'oidc'] }],
  );
}

const countries: readonly (readonly [string, string, string, string])[] = [
  ['AR', 'Argentina', 'ARS', '0.2100'],
  ['AT', 'Österreich', 'EUR', '0.2000'],
  ['AU', 'Australia', 'AUD', '0.1000'],
  ['BE', 'België', 'EUR', '0.2100'],
  ['BR', 'Brasil', 'BRL', '0.1700'],
  ['CA', 'Canada', 'CAD', '0.0500'],
  ['CH', 'Schweiz', 'CHF', '0.0810'],
  ['CO', 'Colombia', 'COP', '0.1900'],
  ['CZ', 'Česko', 'CZK', '0.2100'],
  ['DE', 'Deutschland', 'EUR', '0.1900'],
  ['DK', 'Danmark', 'DKK', '0.2500'],
  ['EG', 'مصر', 'EGP', '0.1400'],
  ['ES', 'España', 'EUR', '0.2100'],
  ['FI', 'Suomi', 'EUR', '0.2550'],
  ['FR', 'France', 'EUR', '0.2000'],
  ['GB', 'United Kingdom', 'GBP', '0.2000'],
  ['GR', 'Ελλάδα', 'EUR', '0.2400'],
  ['IE', 'Éire', 'EUR', '0.2300'],
  ['IL', 'ישראל', 'ILS', '0.1800'],
  ['IN', 'भारत', 'INR', '0.1800'],
  ['IS', 'Ísland', 'ISK', '0.2400'],
  ['IT', 'Italia', 'EUR', '0.2200'],
  ['JP', '日本', 'JPY', '0.1000'],
  ['KE', 'Kenya', 'KES', '0.1600'],
  ['KR', '대한민국', 'KRW', '0.1000'],
  ['MX', 'México', 'MXN', '0.1600'],
  ['NL', 'Nederland', 'EUR', '0.2100'],
  ['NO', 'Norge', 'NOK', '0.2500'],
  ['NZ', 'New Zealand', 'NZD', '0.1500'],
  ['PL', 'Polska', 'PLN', '0.2300'],
  ['PT', 'Portugal', 'EUR', '0.2300'],
  ['SE', 'Sverige', 'SEK', '0.2500'],
  ['US', 'United States', 'USD', '0.0000'],
  ['ZA', 'South Africa', 'ZAR', '0.1500'],
];

/** Tenants with their users, customers and products; returns what later rows may point to. */
export function addTenants(story: Story): ReadonlyMap<string, Holdings> {
  const { random, rows } = story;
  const holdings = new Map<string, Holdings>();
  for (const tenant of sampleTenants) {
    const { id, name, country, share } = tenant;
    holdings.set(id, { tenant, users: [], customers: [], products: [] });
    const plan = share > 0.04 ? 'scale' : share > 0.008 ? 'team' : 'free';
    const settings = {
      locale: country.toLowerCase(),
      brand: { colour: `#${between(random, 0x100000, 0xffffff).toString(16)}`, name },
    };
    rows.tenants.push([
      id,
      name,
      country,
      plan,
      [`${id}.example`, `shop.${id}.example`],
      settings,
      momentIn(story, 2000),
    ]);
  }
  addUsers(story, holdings);
  addCustomers(story, holdings);
  addProducts(story, holdings);
  return holdings;
}

function addUsers(story: Story, holdings: ReadonlyMap<string, Holdings>): void {
  const { random, rows } = story;
  owners(random, 1_200, 3).forEach((tenant, index) => {
    const id = firstId + index;
    const own = holdings.get(tenant.id)?.users;
    const role = own?.length === 0 ? 'owner' : oneOf(random, ['agent', 'agent', 'viewer'] as const);
    const preferences = {
      theme: oneOf(random, ['dark', 'light']),
      signature: `— ${oneOf(random, people)}`,
      beta: chance(random, 0.1),
    };
    const seen = chance(random, 0.9) ? momentIn(story, 60) : null;
    own?.push(id);
    rows.users.push([id, tenant.id, `user${id}@${tenant.id}.example`, oneOf(random, people), role, preferences, seen]);
  });
}

function addCustomers(story: Story, holdings: ReadonlyMap<string, Holdings>): void {
  const { random, rows } = story;
  owners(random, 12_000, 6).forEach((tenant, index) => {
    const id = firstId + index;
    const name = oneOf(random, people);
    const labels = tags.filter(() => chance(random, 0.12));
    const country = chance(random, 0.8) ? tenant.country : (oneOf(random, countries)[0] ?? tenant.country);
    holdings.get(tenant.id)?.customers.push({ id, name });
    rows.customers.push([
      id,
      tenant.id,
      name,
      `c${id}@mail.example`,
      country,
      address(random, name, country),
      labels,
      momentIn(story, 900),
    ]);
  });
}

function addProducts(story: Story, holdings: ReadonlyMap<string, Holdings>): void {
  const { random, rows } = story;
  owners(random, 3_600, 5).forEach((tenant, index) => {
    const id = firstId + index;
    const name = `${oneOf(random, materials)} ${oneOf(random, things)}`;
    const cents = between(random, 199, 49_900);
    const attributes = {
      weightGrams: between(random, 40, 9_000),
      colours: ['natural', 'noir'].filter(() => chance(random, 0.5)),
      fragile: chance(random, 0.2),
    };
    holdings.get(tenant.id)?.products.push({ id, name, cents });
    rows.products.push([id, tenant.id, `SKU-${id}`, name, amount(cents), attributes, chance(random, 0.95)]);
  });
}
