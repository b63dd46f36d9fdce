import type { Client } from 'pg';
import type { Catalog } from './catalog.ts';
import type { Classification } from './classification.ts';
import { quoteIdentifier, quoteTable, showTable } from './names.ts';
import { protectedTables } from './plan.ts';

/** What row security costs a role of the application, on a copy of its data. Ratio 1.00 means nothing. */
export type CostMeasurement = {
  readonly tables: readonly {
    readonly table: string;
    readonly rows: number;
    readonly ratioAsApplied: number;
    readonly ratioUnderPolicy: number;
  }[];
  /** Milliseconds of the whole workload: without row security, as applied (with BYPASSRLS), and under the open policy. */
  readonly withoutMs: number;
  readonly asAppliedMs: number;
  readonly underPolicyMs: number;
  readonly ratioAsApplied: number;
  readonly ratioUnderPolicy: number;
};

const rowsMost = 10_000;
const rounds = 15;

/** Time in milliseconds, monotonic. */
export type Stopwatch = () => number;

/**
 * Measures the cost on temporary copies (the first 10,000 rows of up to five protected tables), in a transaction that is
 * rolled back: the application's tables are read, never locked against it. The work: a scan with an aggregate, 200 lookups by
 * the first column, an update of 100 rows. Variants alternate and the fastest of fifteen rounds counts, so that noise does not.
 */
export async function measureCost(
  client: Client,
  catalog: Catalog,
  classification: Classification,
  stopwatch: Stopwatch,
): Promise<CostMeasurement> {
  const measured: { table: string; rows: number; without: number; applied: number; under: number }[] = [];
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = '2s'; set local search_path = pg_temp;
      create role gov_p_00000000000000000000000000000001 nologin bypassrls;
      create role gov_p_00000000000000000000000000000002 nologin;
      grant gov_p_00000000000000000000000000000001, gov_p_00000000000000000000000000000002 to current_user`);
    await client.query(
      `grant temporary on database ${quoteIdentifier(catalog.database)} to gov_p_00000000000000000000000000000001, gov_p_00000000000000000000000000000002`,
    );
    for (const { relation } of protectedTables(catalog, classification).slice(0, 5)) {
      const rows = await copyTable(client, quoteTable(relation));
      if (rows === 0) {
        await client.query('drop table measured');
        continue;
      }
      const lookup = quoteIdentifier(relation.columns[0]?.name ?? '');
      const best = { without: Infinity, applied: Infinity, under: Infinity };
      for (let round = 0; round < rounds; round += 1) {
        for (const variant of ['without', 'applied', 'under'] as const) {
          best[variant] = Math.min(best[variant], await timed(client, { variant, lookup, stopwatch }));
        }
      }
      measured.push({ table: showTable(relation), rows, ...best });
      await client.query('reset role; drop table measured');
    }
  } finally {
    await client.query('rollback');
    await client.query('reset role');
  }
  const sum = (of: 'without' | 'applied' | 'under'): number => measured.reduce((total, one) => total + one[of], 0);
  return {
    tables: measured.map((one) => ({
      table: one.table,
      rows: one.rows,
      ratioAsApplied: ratio(one.applied, one.without),
      ratioUnderPolicy: ratio(one.under, one.without),
    })),
    withoutMs: tenths(sum('without')),
    asAppliedMs: tenths(sum('applied')),
    underPolicyMs: tenths(sum('under')),
    ratioAsApplied: ratio(sum('applied'), sum('without')),
    ratioUnderPolicy: ratio(sum('under'), sum('without')),
  };
}

/** One sentence for the plan and the doctor. */
export function costSentence(cost: CostMeasurement): string {
  if (cost.tables.length === 0) return 'The cost of row security was not measured: the protected tables are empty.';
  return `Row security costs the application ${cost.ratioAsApplied.toFixed(2)} times the time as applied (with BYPASSRLS; ${cost.ratioUnderPolicy.toFixed(2)} without it), measured on ${cost.tables.length} tables: ${cost.withoutMs} ms before, ${cost.asAppliedMs} ms after.`;
}

async function copyTable(client: Client, from: string): Promise<number> {
  await client.query(`create temporary table measured (like ${from} including defaults including indexes)`);
  const { rowCount } = await client.query(`insert into measured select * from ${from} limit ${rowsMost}`);
  await client.query(`create policy gov_open on measured using (true) with check (true); analyze measured;
    grant select, update on measured to gov_p_00000000000000000000000000000001, gov_p_00000000000000000000000000000002`);
  return rowCount ?? 0;
}

async function timed(
  client: Client,
  of: { variant: 'without' | 'applied' | 'under'; lookup: string; stopwatch: Stopwatch },
): Promise<number> {
  const enabled = of.variant === 'without' ? 'disable' : 'enable';
  const role = of.variant === 'under' ? '2' : '1';
  await client.query(`reset role; alter table measured ${enabled} row level security;
    savepoint round; set local role gov_p_0000000000000000000000000000000${role}`);
  const from = of.stopwatch();
  await client.query('select count(*), max(length(measured::text)) from measured');
  // In one statement each: a round trip for every lookup would measure the socket.
  await client.query(
    `select count(found.n) from (select ${of.lookup} as key from measured limit 200) as wanted
      cross join lateral (select 1 as n from measured where ${of.lookup} = wanted.key limit 1) as found`,
  );
  await client.query(
    `update measured set ${of.lookup} = ${of.lookup} where ctid = any (array(select ctid from measured limit 100))`,
  );
  const took = of.stopwatch() - from;
  await client.query('rollback to savepoint round');
  return took;
}

function ratio(a: number, b: number): number {
  return b === 0 ? 1 : Math.round((a / b) * 100) / 100;
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
