import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Cell, copyLine } from './copy-text.ts';
import { generateSample } from './generate.ts';
import { sampleIncident } from './incident.ts';
import { seededRandom } from './random.ts';
import { type Rows, sampleTables } from './rows.ts';
import { sampleTenants } from './tenants.ts';

/** SHA-256 of every row as COPY sends it. */
function digestOf(rows: Rows): string {
  const hash = createHash('sha256');
  for (const table of sampleTables) for (const row of rows[table]) hash.update(copyLine(row));
  return hash.digest('hex');
}

describe('the sample service', () => {
  let rows: Rows;
  beforeAll(() => {
    rows = generateSample(seededRandom(1));
  });

  it('has at least 40 tenants, acme and globex first, and 200,000 rows', () => {
    expect(sampleTenants.length).toBeGreaterThanOrEqual(40);
    expect(new Set(sampleTenants.map(({ id }) => id)).size).toBe(sampleTenants.length);
    expect(sampleTenants.slice(0, 2).map(({ id }) => id)).toEqual(['acme', 'globex']);
    expect(sampleTables.reduce((sum, table) => sum + rows[table].length, 0)).toBeGreaterThanOrEqual(200_000);
  });

  it('is the same, byte for byte, from the same seed, and another from another', () => {
    expect(digestOf(generateSample(seededRandom(1)))).toBe(digestOf(rows));
    expect(digestOf(generateSample(seededRandom(2)))).not.toBe(digestOf(rows));
  });

  it('gives every tenant rows in every table with a tenant column, of very different numbers', () => {
    const withColumn = [
      'users',
      'customers',
      'products',
      'orders',
      'tickets',
      'invoices',
      'events',
      'api_keys',
    ] as const;
    for (const table of withColumn) {
      const owners = new Set(rows[table].map((row) => row[1]));
      expect([table, owners]).toEqual([table, new Set(sampleTenants.map(({ id }) => id))]);
    }
    const ordersOf = (tenant: string): number => rows.orders.filter((row) => row[1] === tenant).length;
    expect(ordersOf('acme')).toBeGreaterThan(20 * ordersOf('empty-nest'));
  });

  it('never lets a row of one tenant point to a row of another', () => {
    const tenantOf = (table: keyof Rows): Map<Cell | undefined, Cell | undefined> =>
      new Map(rows[table].map((row) => [row[0], row[1]]));
    const [customers, products, orders, users] = [
      tenantOf('customers'),
      tenantOf('products'),
      tenantOf('orders'),
      tenantOf('users'),
    ];
    const strays = [
      ...rows.orders.filter((row) => customers.get(row[2]) !== row[1]),
      ...rows.tickets.filter((row) => customers.get(row[2]) !== row[1]),
      ...rows.tickets.filter((row) => row[3] !== null && orders.get(row[3]) !== row[1]),
      ...rows.tickets.filter((row) => row[4] !== null && users.get(row[4]) !== row[1]),
      ...rows.order_items.filter((row) => products.get(row[2]) !== orders.get(row[0])),
    ];
    expect(strays).toEqual([]);
  });

  it('has rows whose path is NULL, and an order of acme that is stuck', () => {
    expect(rows.attachments.filter((row) => row[1] === null).length).toBe(60);
    expect(rows.payments.filter((row) => row[1] === null).length).toBe(40);
    expect(rows.orders.find((row) => row[0] === sampleIncident.order)?.slice(1, 5)).toEqual([
      'acme',
      expect.any(Number),
      'ACME-4711',
      'paid',
    ]);
    expect(rows.shipments.find((row) => row[1] === sampleIncident.order)?.[4]).toBe('label_failed');
  });
});

describe('a row of COPY', () => {
  it('escapes what the format uses itself', () => {
    const row = [
      'a\tb\nc\rd\\e',
      null,
      true,
      1.5,
      new Uint8Array([0, 255]),
      ['x"y', 'a\\b', 'c,d'],
      { k: 'v\n"' },
      new Date(0),
    ];
    expect(copyLine(row)).toBe(
      'a\\tb\\nc\\rd\\\\e\t\\N\tt\t1.5\t\\\\x00ff\t{"x\\\\"y","a\\\\\\\\b","c,d"}\t{"k":"v\\\\n\\\\""}\t1970-01-01T00:00:00.000Z\n',
    );
  });
});
