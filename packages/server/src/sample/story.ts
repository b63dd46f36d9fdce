import { between, oneOf, type Random } from './random.ts';
import type { Rows } from './rows.ts';
import { type SampleTenant, sampleTenants } from './tenants.ts';
import { cities, streets } from './words.ts';

/** What every part of the generator works on. */
export type Story = { readonly random: Random; readonly rows: Rows; readonly endAt: number };

/** What a tenant has that other rows point to. */
export type Holdings = {
  readonly tenant: SampleTenant;
  readonly users: number[];
  readonly customers: { readonly id: number; readonly name: string }[];
  readonly products: { readonly id: number; readonly name: string; readonly cents: number }[];
};

const day = 24 * 60 * 60_000;

/** Ids begin here: the numbers below belong to the incident. */
export const firstId = 10_001;

/**
 * The owner of each of about `total` rows, in mixed order as a real table has them: at least `least` for each tenant,
 * the rest by share.
 */
export function owners(random: Random, total: number, least: number): SampleTenant[] {
  const all = sampleTenants.flatMap((tenant) =>
    Array.from({ length: Math.max(least, Math.round(total * tenant.share)) }, () => tenant),
  );
  for (let i = all.length - 1; i > 0; i -= 1) {
    const j = between(random, 0, i);
    const [a, b] = [all[i], all[j]];
    if (a !== undefined && b !== undefined) [all[i], all[j]] = [b, a];
  }
  return all;
}

/** A moment in the last `days` days of the story. */
export function momentIn({ random, endAt }: Story, days: number): Date {
  return new Date(endAt - Math.floor(random() * days * day));
}

/** `days` after `moment`, never after the story's end. */
export function later({ random, endAt }: Story, moment: Date, days: number): Date {
  return new Date(Math.min(endAt, moment.getTime() + Math.floor(random() * days * day)));
}

/** A decimal amount from hundredths, exactly. */
export function amount(cents: number): string {
  const whole = Math.trunc(cents / 100);
  return `${whole}.${String(Math.abs(cents % 100)).padStart(2, '0')}`;
}

/** An address as JSON. */
export function address(random: Random, name: string, country: string): { [key: string]: string } {
  return {
    name,
    street: oneOf(random, streets),
    house: String(between(random, 1, 240)),
    city: oneOf(random, cities),
    country,
  };
}
