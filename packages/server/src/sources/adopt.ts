import { applyPlan, committedComment } from './apply.ts';
import { classified, connectionOf, inSource, known, operatorEvent, recordAll, type SourcesOptions } from './context.ts';
import { rowSecurityElsewhere } from './elsewhere.ts';
import { readWall, shapeOf } from './fingerprint.ts';
import { introspect } from './introspect.ts';
import { type CostMeasurement, costSentence, measureCost } from './measure.ts';
import { showTable } from './names.ts';
import { makePlan, type PlanFacts, renderPlan } from './plan.ts';
import { mislabelled, readRowFacts } from './rows.ts';
import { SourceError, type SourceEvent } from './source.ts';
import type { ShownPlan, Sources } from './sources.ts';
import { mapTenants } from './tenants.ts';
import { undoPlan } from './undo.ts';
import type { JsonObject } from '@gatehouse/terms';
import type { Client } from 'pg';
import * as store from './store.ts';

/** Makes the plan as it is shown. Changes nothing. */
export async function plan(options: SourcesOptions, name: string, measure: boolean): Promise<ShownPlan> {
  const source = await known(options, name);
  await settle(options, source);
  await refuseApplied(options, source.name);
  return await inSource(options, source, async (client) => {
    const facts = await planFacts(options, source, client);
    const made = makePlan(facts);
    const cost: CostMeasurement | null =
      measure && facts.catalog.admin.superuser
        ? await measureCost(client, facts.catalog, facts.classification, options.stopwatch)
        : null;
    const sql = `${cost === null ? '' : `-- cost: ${costSentence(cost)}\n`}${renderPlan(made)}`;
    return { ...made, sql, cost };
  });
}

/** Applies the plan, confirms it when it is logged, maps the tenants. */
export async function apply(
  options: SourcesOptions,
  command: Parameters<Sources['apply']>[0],
): ReturnType<Sources['apply']> {
  const { pool } = options.database;
  const source = await known(options, command.name);
  await settle(options, source);
  const again = await applyAgain(options, source.name);
  if (again !== null) return again;
  const applied = await inSource(options, source, async (client) => {
    const facts = await planFacts(options, source, client);
    const made = makePlan(facts);
    await store.insertApplication(pool, source.name, made, options.clock.now());
    try {
      return await applyPlan(client, facts, {
        planHash: command.planHash ?? made.hash,
        acceptAppChanges: command.acceptAppChanges,
      });
    } catch (error) {
      // A lost connection leaves open whether it committed: then the row stays, and `settle` looks.
      if (error instanceof SourceError) await store.endApplication(pool, source.name, options.clock.now());
      throw error;
    }
  });
  const payload: JsonObject = {
    source: source.name,
    classificationHash: applied.plan.classificationHash,
    planHash: applied.plan.hash,
    fingerprint: applied.fingerprint,
    appChanges: applied.plan.appChanges,
    by: command.by,
  };
  const first = operatorEvent('source.applied', payload);
  await options.record(first);
  await store.confirmApplication(pool, source.name, applied);
  const mapped = await mapTenants(options, source.name);
  return { planHash: applied.plan.hash, tenants: mapped.all, events: [first, ...mapped.events] };
}

/** Where the newest classification is applied already, only tenants that are new, or were not told yet, are left to do. */
async function applyAgain(
  options: SourcesOptions,
  name: string,
): Promise<Awaited<ReturnType<Sources['apply']>> | null> {
  const standing = await store.standingApplication(options.database.pool, name);
  if (standing === null) return null;
  const newest = await store.newestClassification(options.database.pool, name);
  if (newest?.hash !== standing.classificationHash) await refuseApplied(options, name);
  const mapped = await mapTenants(options, name);
  return { planHash: standing.planHash, tenants: mapped.all, events: mapped.events };
}

/** Undoes what stands. */
export async function undo(
  options: SourcesOptions,
  command: Parameters<Sources['undo']>[0],
): ReturnType<Sources['undo']> {
  const { pool } = options.database;
  const source = await known(options, command.name);
  await settle(options, source);
  const standing = await store.standingApplication(pool, source.name);
  if (standing === null)
    throw new SourceError(
      'SOURCE_NOT_APPLIED',
      `Nothing is applied to the source ${source.name}, so there is nothing to undo.`,
    );
  const open = (await store.openGrantRoles(pool, null)).filter((one) => one.source === source.name);
  if (open.length > 0) {
    throw new SourceError(
      'SOURCE_GRANTS_OPEN',
      `${open.length} grants are open on the source ${source.name}: revoke them or let them end, then undo.`,
    );
  }
  const statements = await inSource(options, source, async (client) =>
    (await readWall(client)) === null ? 0 : await undoPlan(client, standing.plan),
  );
  const payload: JsonObject = {
    source: source.name,
    classificationHash: standing.classificationHash,
    planHash: standing.planHash,
    by: command.by,
  };
  const tenants = await store.mappedTenants(pool, source.name);
  const events = [
    operatorEvent('source.undone', payload),
    ...tenants.map((one): SourceEvent => ({ logId: one.logId, type: 'source.undone', payload })),
  ];
  await recordAll(options, events);
  await store.tenantsUntold(pool, source.name);
  await store.endApplication(pool, source.name, options.clock.now());
  return { statements, events };
}

async function planFacts(options: SourcesOptions, source: store.StoredSource, client: Client): Promise<PlanFacts> {
  const { classification } = await classified(options, source.name);
  const catalog = await introspect(client);
  const rows = await readRowFacts(client, catalog, classification);
  const mixed = rows.mixed.map(
    (one) =>
      `${showTable(one)} holds ${one.rows} rows that belong to one tenant by its classification and to another by ${one.between}: mend the rows, or classify the table as refused.`,
  );
  return {
    catalog,
    classification,
    rowSecurityElsewhere: await rowSecurityElsewhere(connectionOf(options, source), catalog.otherDatabases),
    rowObstacles: [...mixed, ...mislabelled(catalog, classification)],
  };
}

async function refuseApplied(options: SourcesOptions, name: string): Promise<void> {
  if ((await store.standingApplication(options.database.pool, name)) === null) return;
  throw new SourceError(
    'SOURCE_APPLIED',
    `A plan is applied to the source ${name}: undo it before another is made or applied.`,
  );
}

/**
 * After a crash between the source's commit and our own: the comment in the source tells what happened. A plan that did not
 * commit is forgotten, one that did is confirmed.
 */
export async function settle(options: SourcesOptions, source: store.StoredSource): Promise<void> {
  const { pool } = options.database;
  const standing = await store.standingApplication(pool, source.name);
  if (standing === null || standing.fingerprint !== null) return;
  const there = await inSource(options, source, async (client) => {
    const wall = await readWall(client);
    const committed = committedComment(wall?.comment ?? null);
    if (wall === null || committed?.plan !== standing.planHash) return null;
    return { fingerprint: committed.fingerprint, shape: shapeOf(await introspect(client), wall) };
  });
  if (there === null) return await store.endApplication(pool, source.name, options.clock.now());
  await options.record(
    operatorEvent('source.applied', {
      source: source.name,
      classificationHash: standing.classificationHash,
      planHash: standing.planHash,
      fingerprint: there.fingerprint,
      appChanges: standing.plan.appChanges,
      by: 'settled after an interruption',
    }),
  );
  await store.confirmApplication(pool, source.name, there);
}
