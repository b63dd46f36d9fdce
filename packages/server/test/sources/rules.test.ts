import { describe, expect, it } from 'vitest';
import { type Classification, classificationHash, loosened } from '../../src/sources/classification.ts';
import { makePlan, renderPlan } from '../../src/sources/plan.ts';
import { profileOf } from '../../src/sources/profile.ts';
import { propose } from '../../src/sources/propose.ts';
import { aCatalog } from './a-catalog.ts';

const root = { schema: 'public', table: 'tenants', column: 'id' };

function treatments(tables: Parameters<typeof aCatalog>[0]): Record<string, string> {
  return Object.fromEntries(
    propose(aCatalog(tables), root).map(({ table, treatment: t }) => [table, t.kind === 'tenant' ? `${t.by}` : t.kind]),
  );
}

function classified(tables: Parameters<typeof aCatalog>[0]): Classification {
  const catalog = aCatalog(tables);
  return {
    v: 1,
    source: 's',
    systemIdentifier: '1',
    databaseOid: 5,
    tenantTable: root,
    tables: propose(catalog, root).map(({ schema, table, treatment }) => ({ schema, table, treatment })),
  };
}

const sound = {
  tenants: ['id text'],
  orders: ['id integer', 'tenant text -> tenants.id'],
  lines: ['order_id integer -> orders.id', 'amount numeric'],
  parts: ['line integer -> lines.order_id', 'label text'],
};

describe('a proposal', () => {
  it('follows foreign keys to the tenant over any distance', () => {
    expect(treatments(sound)).toEqual({ tenants: 'column', orders: 'column', lines: 'path', parts: 'path' });
  });

  it('refuses what it is not sure of: two ways to a tenant, a key without a foreign key, people, secrets, events', () => {
    expect(
      treatments({
        tenants: ['id text'],
        transfers: ['seller text -> tenants.id', 'buyer text -> tenants.id'],
        audit: ['tenant_id text', 'what jsonb'],
        staff: ['id integer', 'last_name text'],
        logins: ['id integer', 'api_key text'],
        events: ['id integer', 'at timestamp with time zone'],
        shifts: ['person integer -> staff.id', 'day date'],
      }),
    ).toEqual({
      tenants: 'column',
      transfers: 'refused',
      audit: 'refused',
      staff: 'refused',
      logins: 'refused',
      events: 'refused',
      shifts: 'refused',
    });
  });

  it('calls nothing reference before a tenant table is named', () => {
    const proposals = propose(aCatalog({ colours: ['id integer', 'name character varying'] }), null);
    expect(proposals.map((one) => one.treatment.kind)).toEqual(['refused']);
  });
});

describe('a plan', () => {
  const facts = {
    catalog: aCatalog(sound),
    classification: classified(sound),
    rowSecurityElsewhere: [],
    rowObstacles: [],
  };

  it('is the same for the same facts, and another for any other classification', () => {
    expect(makePlan(facts).hash).toBe(makePlan(structuredClone(facts)).hash);
    const without = {
      ...facts.classification,
      tables: facts.classification.tables.filter((one) => one.table !== 'parts'),
    };
    expect(makePlan({ ...facts, classification: without }).hash).not.toBe(makePlan(facts).hash);
  });

  it('enables row security and never forces it, restricts every command, and has an inverse for all that it makes', () => {
    const plan = makePlan(facts);
    const sql = plan.steps.flatMap((step) => step.sql).join('\n');
    const undo = plan.steps.flatMap((step) => step.undo).join('\n');
    expect(sql).not.toMatch(/force row level/i);
    expect(sql.match(/as restrictive for all to gov_grantee using \(.*\) with check \(.*\)/g)).toHaveLength(4);
    for (const [, what] of sql.matchAll(/^create (?:function|table|schema|policy) (\S+)/gm)) {
      expect(undo).toContain(what?.replace(/\($/, '') ?? '');
    }
    expect(plan.obstacles).toEqual([]);
    expect(renderPlan(plan)).toContain('-- plan ');
  });

  it('says why it cannot be applied when a path leads through a refused table or in a circle', () => {
    const through = {
      ...facts.classification,
      tables: facts.classification.tables.map((one) =>
        one.table === 'orders' ? { ...one, treatment: { kind: 'refused', reason: '' } as const } : one,
      ),
    };
    expect(makePlan({ ...facts, classification: through }).obstacles.join()).toContain(
      "public.orders is not a tenant's table",
    );
  });

  it('gives no role BYPASSRLS that another row security binds', () => {
    const reach = ['orders', 'mine'].map((table) => ({
      role: 'app',
      schema: 'public',
      table,
      owns: false,
      selects: true,
    }));
    const role = { name: 'app', superuser: false, login: true, inherit: true, bypassRowSecurity: false, memberOf: [] };
    const base = aCatalog({ ...sound, mine: ['id integer'] }, { reach, roles: [role] });
    const bound = {
      ...base,
      relations: base.relations.map((one) => (one.table === 'mine' ? { ...one, rowSecurity: true } : one)),
    };
    expect(makePlan({ ...facts, catalog: base }).steps.at(-1)?.sql).toEqual(['alter role "app" bypassrls;']);
    expect(makePlan({ ...facts, catalog: bound }).appChanges.join()).toContain('under the row security of public.mine');
    expect(makePlan({ ...facts, catalog: base, rowSecurityElsewhere: ['other'] }).appChanges.join()).toContain(
      'the database other',
    );
  });
});

describe('a classification', () => {
  it('is loosened when what held tenants becomes reference, not when it is refused', () => {
    const before = classified(sound);
    const as = (treatment: Classification['tables'][number]['treatment']): Classification => ({
      ...before,
      tables: before.tables.map((one) => (one.table === 'orders' ? { ...one, treatment } : one)),
    });
    expect(loosened(before, as({ kind: 'reference' }))).toEqual([{ schema: 'public', table: 'orders' }]);
    expect(loosened(before, as({ kind: 'refused', reason: '' }))).toEqual([]);
    expect(classificationHash(as({ kind: 'reference' }))).not.toBe(classificationHash(before));
  });
});

describe('the profile of a grant', () => {
  const catalog = aCatalog(sound);
  const everything = { tables: null, columns: null };

  it('reads and nothing else in read mode, and never truncates in write mode', () => {
    const read = profileOf(catalog, classified(sound), { mode: 'read', scope: everything });
    expect(new Set(read.rights.flatMap((one) => one.privileges))).toEqual(new Set(['select']));
    const write = profileOf(catalog, classified(sound), { mode: 'write', scope: everything });
    expect(new Set(write.rights.flatMap((one) => one.privileges))).toEqual(
      new Set(['select', 'insert', 'update', 'delete']),
    );
    expect(write.role).not.toBe(read.role);
  });

  it('refuses a name that is not exactly a granted one, patterns included', () => {
    for (const name of ['Orders', 'order*', 'public.*', '%', '', 'orders ', 'tenants.id']) {
      expect(() =>
        profileOf(catalog, classified(sound), { mode: 'read', scope: { tables: [name], columns: null } }),
      ).toThrow(/The scope names/);
    }
  });
});
