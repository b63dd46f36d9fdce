import { addIncident } from './incident.ts';
import { addActivity } from './make-activity.ts';
import { addBilling } from './make-billing.ts';
import { addCommerce } from './make-commerce.ts';
import { addReference, addTenants } from './make-tenants.ts';
import { addSupport } from './make-support.ts';
import type { Random } from './random.ts';
import { noRows, type Rows } from './rows.ts';

/** The moment at which the sample's story ends: nothing in it is later. A constant, so that the bytes never change. */
const sampleEndsAt = Date.UTC(2026, 2, 2, 9, 0, 0);

/** Makes every row of the sample service: 44 tenants, about 250,000 rows. The same `random` makes the same rows. */
export function generateSample(random: Random): Rows {
  const rows = noRows();
  const story = { random, rows, endAt: sampleEndsAt };
  addReference(rows);
  const tenants = addTenants(story);
  const orders = addCommerce(story, tenants);
  addSupport(story, tenants, orders);
  addBilling(story);
  addActivity(story, tenants);
  const acme = tenants.get('acme');
  const [customer, product, agent] = [acme?.customers[0], acme?.products[0], acme?.users[0]];
  if (customer === undefined || product === undefined || agent === undefined)
    throw new Error('acme has nobody to help.');
  addIncident(rows, { customer: customer.id, product: product.id, agent }, sampleEndsAt);
  return rows;
}
