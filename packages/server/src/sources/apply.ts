import type { Client } from 'pg';
import { inTransactionOf } from './connection.ts';
import { fingerprintOf, readWall, shapeOf, type Shape } from './fingerprint.ts';
import { introspect } from './introspect.ts';
import { quoteLiteral } from './names.ts';
import { makePlan, type OwnRole, type Plan, type PlanFacts } from './plan.ts';
import { SourceError } from './source.ts';

/** What `apply` did: the plan with its inverse, and the shape of the schema as it stands now. */
export type Applied = { readonly plan: Plan; readonly shape: Shape; readonly fingerprint: string };

/**
 * Runs a plan in one transaction: all of it, or nothing. The plan is made again inside the transaction from what is there
 * then, and must be the plan that was seen (`planHash`). The fingerprint commits with it, as the comment of schema `gov`.
 */
export async function applyPlan(
  client: Client,
  facts: Omit<PlanFacts, 'catalog'>,
  expected: { readonly planHash: string; readonly acceptAppChanges: boolean },
): Promise<Applied> {
  return await inTransactionOf(client, async () => {
    await lockAdoption(client);
    const plan = makePlan({ ...facts, catalog: await introspect(client) });
    checkPlan(plan, expected);
    for (const role of plan.roles) await ensureRole(client, role);
    for (const step of plan.steps) {
      for (const sql of step.sql) await run(client, sql, step.title);
    }
    const wall = await readWall(client);
    if (wall === null) throw new Error('The plan has run, and its schema is not there.');
    const shape = shapeOf(await introspect(client), wall);
    const fingerprint = fingerprintOf(shape);
    await client.query(`comment on schema gov is ${quoteLiteral(JSON.stringify({ plan: plan.hash, fingerprint }))}`);
    return { plan, shape, fingerprint };
  });
}

/** One adoption, undo, profile or grant role at a time in a source: concurrent GRANTs abort each other. Held to the end of the transaction. */
export async function lockAdoption(client: Client): Promise<void> {
  await client.query(`select pg_catalog.pg_advisory_xact_lock(7450217, 1)`);
}

/** What `apply` wrote into the source when it committed; null where it did not. */
export function committedComment(
  comment: string | null,
): { readonly plan: string; readonly fingerprint: string } | null {
  if (comment === null || !comment.startsWith('{')) return null;
  const value: unknown = JSON.parse(comment);
  if (value === null || typeof value !== 'object' || !('plan' in value) || !('fingerprint' in value)) return null;
  return { plan: String(value.plan), fingerprint: String(value.fingerprint) };
}

/** Runs one statement of a plan; a failure names the step. */
export async function run(client: Client, sql: string, title: string): Promise<void> {
  try {
    await client.query(sql);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SourceError(
      'SOURCE_STATEMENT_FAILED',
      `The source refused a step (${title}): nothing was changed; see the reason in the server's log of Gatehouse, mend it, and repeat.`,
      { detail: `${reason} in: ${sql}`, cause },
    );
  }
}

function checkPlan(plan: Plan, expected: { readonly planHash: string; readonly acceptAppChanges: boolean }): void {
  const [obstacle] = plan.obstacles;
  if (obstacle !== undefined)
    throw new SourceError('SOURCE_PLAN_REFUSED', obstacle, { detail: plan.obstacles.join('\n') });
  if (plan.hash !== expected.planHash) {
    throw new SourceError(
      'SOURCE_PLAN_CHANGED',
      `The schema, roles or classification changed since the plan was made (seen ${expected.planHash}, now ${plan.hash}): look at the plan again, then apply it.`,
    );
  }
  const [change] = plan.appChanges;
  if (change !== undefined && !expected.acceptAppChanges) {
    throw new SourceError(
      'SOURCE_APP_CHANGES',
      `${change} Apply with --accept-app-changes if that is acceptable, or mend the cause first.`,
      { detail: plan.appChanges.join('\n') },
    );
  }
}

/** Makes a role of ours; one that is there already must be harmless, whoever made it. */
async function ensureRole(client: Client, role: OwnRole): Promise<void> {
  const { rows } = await client.query<{ harmless: boolean }>(
    `select not (rolsuper or rolcanlogin or rolcreaterole or rolcreatedb or rolreplication)
              and rolbypassrls = ($1 = 'gov_definer') as harmless
       from pg_roles where rolname = $1`,
    [role.name],
  );
  const [found] = rows;
  if (found === undefined) return await run(client, role.sql, `make the role ${role.name}`);
  if (!found.harmless) {
    throw new SourceError(
      'SOURCE_PLAN_REFUSED',
      `The cluster already has a role ${role.name} with other attributes than Gatehouse gives it: rename that role, then apply again.`,
    );
  }
}
