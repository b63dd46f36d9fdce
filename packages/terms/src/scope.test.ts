import { describe, expect, it } from 'vitest';
import { budgetsWithin, scopeWithin, type Scope } from './scope.ts';

const all: Scope = { tables: null, columns: null, statement: null, transform: 'raw' };

describe('a scope', () => {
  it('lies within another if it names nothing that the other does not', () => {
    const orders: Scope = { ...all, tables: ['orders'] };
    expect(scopeWithin(orders, all)).toBe(true);
    expect(scopeWithin(orders, { ...all, tables: ['details', 'orders'] })).toBe(true);
    expect(scopeWithin({ ...all, tables: ['orders', 'people'] }, orders)).toBe(false);
    expect(scopeWithin(all, orders)).toBe(false);
    expect(scopeWithin(all, { ...all, columns: ['orders.id'] })).toBe(false);
  });

  it('for one statement covers that statement only', () => {
    const one: Scope = { ...all, statement: 'select 1' };
    expect(scopeWithin(one, one)).toBe(true);
    expect(scopeWithin({ ...one, statement: 'select 2' }, one)).toBe(false);
    expect(scopeWithin(all, one)).toBe(false);
  });

  it('of masked data does not cover raw data', () => {
    expect(scopeWithin(all, { ...all, transform: 'masked' })).toBe(false);
    expect(scopeWithin({ ...all, transform: 'masked' }, all)).toBe(true);
  });

  it('is exceeded by one row, byte or statement more', () => {
    const budgets = { rows: 10, bytes: 10, statements: 10, durationMs: 1 };
    expect(budgetsWithin(budgets, budgets)).toBe(true);
    for (const name of ['rows', 'bytes', 'statements'] as const) {
      expect(budgetsWithin({ ...budgets, [name]: 11 }, budgets)).toBe(false);
    }
  });
});
