import { encodeBase64, canonicalBytes, sha256 } from '@gatehouse/verifier';
import { type Catalog, ordinaryRoles, type Relation, relationOf, sameTable } from './catalog.ts';
import { type Classification, classificationHash, type Treatment, treatmentOf } from './classification.ts';
import { quoteIdentifier, quoteLiteral, quoteTable, showName, showTable } from './names.ts';
import { pathsOf, policyCondition, type TenantPath } from './paths.ts';
import { publicRights } from './public-rights.ts';
import type { Step } from './step.ts';

/** A role that Gatehouse makes for the whole cluster; dropped by undo when no other source needs it. */
export type OwnRole = { readonly name: 'gov_grantee' | 'gov_definer'; readonly sql: string };

/** What will be done to a source. The same classification and catalog give the same plan, byte for byte. */
export type Plan = {
  readonly classificationHash: string;
  readonly roles: readonly OwnRole[];
  readonly steps: readonly Step[];
  /** Why this plan cannot be applied. Empty for a plan that can. */
  readonly obstacles: readonly string[];
  /** What changes for the application. `apply` wants these accepted. */
  readonly appChanges: readonly string[];
  /** What to know: the limits, and what needs an undo first. */
  readonly notes: readonly string[];
  /** Base64 SHA-256 over all of the above. */
  readonly hash: string;
};

/** The facts that a plan follows from. */
export type PlanFacts = {
  readonly catalog: Catalog;
  readonly classification: Classification;
  /** Other databases of the cluster that have row security of their own, or could not be looked into. */
  readonly rowSecurityElsewhere: readonly string[];
  /** What the rows or the labels say against applying it. */
  readonly rowObstacles: readonly string[];
};

/** A table that the classification gives to tenants, as the catalog knows it. */
type Protected = { readonly relation: Relation; readonly treatment: Treatment & { readonly kind: 'tenant' } };

/**
 * Makes the plan: classification and catalog in, ordered steps with their inverses out. Pure. ENABLE, never FORCE; a
 * permissive policy only where nothing else opens the table; RESTRICTIVE for every role of a grant (DESIGN.md section 5).
 */
export function makePlan(facts: PlanFacts): Plan {
  const { catalog, classification } = facts;
  const tables = protectedTables(catalog, classification);
  const paths = pathsOf(catalog, classification);
  const rights = publicRights(catalog);
  const bypass = bypassSteps(facts, tables);
  const body = {
    classificationHash: classificationHash(classification),
    roles: ownRoles(catalog),
    steps: [
      ...rights.steps,
      ...schemaSteps(catalog, tables, paths.paths),
      ...tables.flatMap((one) => policySteps(catalog, classification, one, paths.paths)),
      ...bypass.steps,
    ],
    obstacles: [
      ...paths.obstacles,
      ...tableObstacles(catalog, tables),
      ...nameObstacles(catalog),
      ...rights.obstacles,
      ...facts.rowObstacles,
    ],
    appChanges: bypass.changes,
    notes: notes(catalog, classification, tables),
  };
  return { ...body, hash: encodeBase64(sha256(canonicalBytes(body))) };
}

/** The tables that a grant sees through row security. */
export function protectedTables(catalog: Catalog, classification: Classification): readonly Protected[] {
  return catalog.relations.flatMap((relation) => {
    const treatment = treatmentOf(classification, relation);
    return treatment?.kind === 'tenant' ? [{ relation, treatment }] : [];
  });
}

function ownRoles(catalog: Catalog): readonly OwnRole[] {
  const definer: OwnRole = { name: 'gov_definer', sql: 'create role gov_definer nologin bypassrls;' };
  return [
    { name: 'gov_grantee', sql: 'create role gov_grantee nologin;' },
    ...(catalog.admin.superuser ? [definer] : []),
  ];
}

/** Who owns the map and the path functions: a role of its own that can do nothing else, or the administrator where none can be made. */
function definerOf(catalog: Catalog): string {
  return catalog.admin.superuser ? 'gov_definer' : catalog.admin.role;
}

function schemaSteps(catalog: Catalog, tables: readonly Protected[], paths: readonly TenantPath[]): readonly Step[] {
  const definer = quoteIdentifier(definerOf(catalog));
  const dumpers = dumpingRoles(catalog, tables);
  const readers = dumpers.map((role) => quoteIdentifier(role)).join(', ');
  const steps: Step[] = [
    {
      title:
        'the map of open grants: which role sees which tenant, until when; nobody reads it but the functions below',
      sql: [
        `create schema gov authorization ${definer};`,
        'create table gov.grant_map (role_name name primary key, tenant_key text not null, expires_at timestamptz not null);',
        `alter table gov.grant_map owner to ${definer};`,
        'revoke all on table gov.grant_map from public;',
        'grant usage on schema gov to gov_grantee;',
      ],
      undo: ['drop table gov.grant_map;', 'drop schema gov;'],
    },
    functionStep(definer, {
      title:
        'the tenant of a session: by session_user, which no SET ROLE, setting or function changes; nothing after the end',
      signature: 'gov.session_tenant()',
      returns: 'text',
      body: 'select m.tenant_key from gov.grant_map as m where m.role_name = session_user and m.expires_at > clock_timestamp()',
    }),
    ...paths.flatMap((path) => [
      ...(catalog.admin.superuser ? [readStep(path)] : []),
      functionStep(definer, {
        title: `keys of ${showTable(path.target)} that belong to the session's tenant`,
        signature: `gov.${quoteIdentifier(path.functionName)}()`,
        returns: `table (${path.columns.map((column, index) => `k${index + 1} ${column.type}`).join(', ')})`,
        body: path.query,
      }),
    ]),
  ];
  if (dumpers.length > 0) {
    steps.push({
      title: 'roles that can dump the whole database today may read the map, or their pg_dump would stop at it',
      sql: [`grant usage on schema gov to ${readers};`, `grant select on table gov.grant_map to ${readers};`],
      undo: [],
    });
  }
  return steps;
}

function functionStep(definer: string, of: { title: string; signature: string; returns: string; body: string }): Step {
  return {
    title: of.title,
    sql: [
      `create function ${of.signature} returns ${of.returns} language sql stable security definer set search_path = pg_catalog, pg_temp as ${quoteLiteral(of.body)};`,
      `alter function ${of.signature} owner to ${definer};`,
      `revoke all on function ${of.signature} from public;`,
      `grant execute on function ${of.signature} to gov_grantee;`,
    ],
    undo: [`drop function ${of.signature};`],
  };
}

function readStep(path: TenantPath): Step {
  const schema = quoteIdentifier(path.target.schema);
  const columns = path.reads.map((column) => quoteIdentifier(column)).join(', ');
  const on = `on table ${quoteTable(path.target)}`;
  return {
    title: `the path functions may read the keys of ${showTable(path.target)}, and no other column`,
    sql: [`grant usage on schema ${schema} to gov_definer;`, `grant select (${columns}) ${on} to gov_definer;`],
    undo: [`revoke select (${columns}) ${on} from gov_definer;`, `revoke usage on schema ${schema} from gov_definer;`],
  };
}

function policySteps(
  catalog: Catalog,
  classification: Classification,
  one: Protected,
  paths: readonly TenantPath[],
): readonly Step[] {
  const on = quoteTable(one.relation);
  const condition = policyCondition(catalog, classification, one.relation, paths);
  if (condition === null) return [];
  const opens = one.relation.rowSecurity ? 'gov_grantee' : 'public';
  return [
    {
      title: `${showTable(one.relation)}: row security. ${opens === 'public' ? 'Everybody as before' : 'Its own policies stay'}; roles of grants only their tenant's rows`,
      sql: [
        `create policy gov_open on ${on} as permissive for all to ${opens} using (true) with check (true);`,
        `create policy gov_tenant on ${on} as restrictive for all to gov_grantee using (${condition}) with check (${condition});`,
        ...(one.relation.rowSecurity ? [] : [`alter table ${on} enable row level security;`]),
      ],
      undo: [
        ...(one.relation.rowSecurity ? [] : [`alter table ${on} disable row level security;`]),
        `drop policy gov_tenant on ${on};`,
        `drop policy gov_open on ${on};`,
      ],
    },
  ];
}

/** Roles that reach a protected table and are not its owner: row security would bind them, so they get BYPASSRLS or a sentence. */
function bypassSteps(
  facts: PlanFacts,
  tables: readonly Protected[],
): { steps: readonly Step[]; changes: readonly string[] } {
  const { catalog } = facts;
  const steps: Step[] = [];
  const changes: string[] = [];
  for (const role of ordinaryRoles(catalog)) {
    const bound = catalog.reach.filter(
      (one) =>
        one.role === role.name &&
        !one.owns &&
        tables.some((t) => sameTable(t.relation, one) && !t.relation.rowSecurity),
    );
    if (role.bypassRowSecurity || bound.length === 0) continue;
    const reason = bypassHindrance(facts, role.name);
    if (reason === null) {
      const name = quoteIdentifier(role.name);
      steps.push({
        title: `${showName(role.name)} is of the application: row security must not change what it does`,
        sql: [`alter role ${name} bypassrls;`],
        undo: [`alter role ${name} nobypassrls;`],
      });
    } else {
      changes.push(
        `The role ${showName(role.name)} will be under row security on ${bound.map((one) => showTable(one)).join(', ')} because ${reason}: it sees and writes the same rows, but COPY FROM fails, pg_dump needs --enable-row-security, and planner estimates change.`,
      );
    }
  }
  return { steps, changes };
}

function bypassHindrance(facts: PlanFacts, role: string): string | null {
  const { catalog } = facts;
  if (!catalog.admin.superuser)
    return `only a superuser can set BYPASSRLS, and ${showName(catalog.admin.role)} is none`;
  const under = catalog.relations.find(
    (one) =>
      one.rowSecurity && catalog.reach.some((reach) => reach.role === role && !reach.owns && sameTable(reach, one)),
  );
  if (under !== undefined) return `it is under the row security of ${showTable(under)}, which BYPASSRLS would open`;
  const [elsewhere] = facts.rowSecurityElsewhere;
  if (elsewhere !== undefined)
    return `the database ${showName(elsewhere)} has row security of its own, or could not be looked into`;
  return null;
}

/** Roles that may read every table today, other than superusers: whoever can run a whole pg_dump. */
function dumpingRoles(catalog: Catalog, tables: readonly Protected[]): readonly string[] {
  const dumped = catalog.relations.filter((one) => ['table', 'partitioned', 'partition'].includes(one.kind));
  const readable = new Set(
    catalog.reach
      .filter((one) => one.selects || one.owns)
      .map((one) => JSON.stringify([one.role, one.schema, one.table])),
  );
  const owners = new Set(tables.map((one) => one.relation.owner));
  return ordinaryRoles(catalog)
    .map((role) => role.name)
    .filter((role) => role !== definerOf(catalog))
    .filter(
      (role) => owners.has(role) || dumped.every((one) => readable.has(JSON.stringify([role, one.schema, one.table]))),
    );
}

function tableObstacles(catalog: Catalog, tables: readonly Protected[]): readonly string[] {
  const none =
    tables.length === 0
      ? ["No table is classified as a tenant's: name the tenant table and classify, then plan again."]
      : [];
  return none.concat(
    tables.flatMap(({ relation }) => {
      const policies = catalog.policies.filter((policy) => sameTable(policy, relation));
      const found: string[] = [];
      if (!relation.rowSecurity && policies.length > 0) {
        found.push(
          `${showTable(relation)} has policies but no row security: enabling it would wake them for the application. Drop them, or enable them yourself, then plan again.`,
        );
      }
      if (relation.kind !== 'table' && relation.kind !== 'partitioned') {
        found.push(
          `${showTable(relation)} is a ${relation.kind}, which row security does not cover: classify it as refused.`,
        );
      }
      return found;
    }),
  );
}

function nameObstacles(catalog: Catalog): readonly string[] {
  return catalog.policies
    .filter((policy) => policy.name === 'gov_open' || policy.name === 'gov_tenant')
    .map(
      (policy) =>
        `${showTable(policy)} already has a policy ${policy.name}, a name that only Gatehouse uses: undo what made it, then plan again.`,
    );
}

function notes(catalog: Catalog, classification: Classification, tables: readonly Protected[]): readonly string[] {
  const said: string[] = [];
  const refused = classification.tables.filter((one) => one.treatment.kind === 'refused');
  if (refused.length > 0) said.push(`Never granted: ${refused.map((one) => showTable(one)).join(', ')}.`);
  const forced = tables.filter((one) => one.relation.forced);
  if (forced.length > 0)
    said.push(
      `Row security is forced on ${forced.map((one) => showTable(one.relation)).join(', ')}: its owner's pg_dump fails as before.`,
    );
  if (tables.some((one) => relationOf(catalog, one.relation) !== null)) {
    said.push(
      'A migration that drops or retypes a column named in a policy fails while this is applied: undo, migrate, classify, apply.',
      'Roles made later do not have what PUBLIC had: make them members of an existing role, or undo and apply again. doctor names them.',
    );
  }
  if (!catalog.admin.superuser) {
    said.push(
      `Tier B: ${showName(catalog.admin.role)} is no superuser, so the functions of pg_catalog stay open to PUBLIC and only the gateway's statement policy stands before them.`,
    );
  }
  return said;
}

/** The plan as a script with comments, for a person to read; `apply` runs the same statements. */
export function renderPlan(plan: Plan): string {
  const lines = [
    `-- plan ${plan.hash}`,
    `-- classification ${plan.classificationHash}`,
    ...plan.obstacles.map((one) => `-- CANNOT BE APPLIED: ${one}`),
    ...plan.appChanges.map((one) => `-- CHANGES THE APPLICATION: ${one}`),
    ...plan.notes.map((one) => `-- note: ${one}`),
    '',
    'begin;',
    '',
    '-- roles of the cluster, made where they are missing',
    ...plan.roles.map((role) => role.sql),
    ...plan.steps.flatMap((step) => ['', `-- ${step.title}`, ...step.sql]),
    '',
    'commit;',
    '',
  ];
  return lines.join('\n');
}
