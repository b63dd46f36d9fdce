import type { Cell } from './copy-text.ts';

/** The tables of the sample in an order in which each may be loaded. */
export const sampleTables = [
  'countries',
  'plans',
  'tenants',
  'users',
  'customers',
  'products',
  'orders',
  'order_items',
  'shipments',
  'tickets',
  'messages',
  'attachments',
  'invoices',
  'invoice_lines',
  'payments',
  'events',
  'api_keys',
  'search_cache',
] as const;

/** A table of the sample. */
export type SampleTable = (typeof sampleTables)[number];

/** Rows by table; each row has its table's columns in their order. */
export type Rows = { readonly [table in SampleTable]: (readonly Cell[])[] };

/** No rows yet, in any table. */
export function noRows(): Rows {
  return {
    countries: [],
    plans: [],
    tenants: [],
    users: [],
    customers: [],
    products: [],
    orders: [],
    order_items: [],
    shipments: [],
    tickets: [],
    messages: [],
    attachments: [],
    invoices: [],
    invoice_lines: [],
    payments: [],
    events: [],
    api_keys: [],
    search_cache: [],
  };
}
