import { type Catalog, isOwnRole, ordinaryRoles, sameTable, type UniqueKey } from './catalog.ts';
import { type Classification, treatmentOf } from './classification.ts';
import { showName, showTable, showText } from './names.ts';
import { protectedTables } from './plan.ts';
import { rolesWithout } from './public-rights.ts';
import { mislabelled, type RowFacts } from './rows.ts';

/** What `doctor` can find. An `error` means that no grant role is opened. */
export type FindingCode =
  | 'NOT_CLASSIFIED'
  | 'NOT_APPLIED'
  | 'SCHEMA_CHANGED'
  | 'CLASSIFICATION_NEWER'
  | 'MIXED_TABLE'
  | 'MISLABELLED_TABLE'
  | 'SERVER_OUTDATED'
  | 'OWN_ROLE_POWERFUL'
  | 'OWN_ROLE_OWNS'
  | 'ROLE_LEFT_OVER'
  | 'ROLE_LACKS_RIGHTS'
  | 'ROLE_UNDER_ROW_SECURITY'
  | 'UNIQUE_ORACLE'
  | 'FOREIGN_KEY_ORACLE'
  | 'ROWS_WITHOUT_TENANT'
  | 'KEYS_IMPOSSIBLE'
  | 'KEYS_UNMAPPED'
  | 'ESCAPE_EXTENSION'
  | 'DATABASE_OPEN'
  | 'CONNECTION_UNENCRYPTED'
  | 'ADMIN_NOT_SUPERUSER';

/** One thing found: the code for machines, the sentence for people. */
export type Finding = {
  readonly severity: 'error' | 'warning' | 'note';
  readonly code: FindingCode;
  readonly message: string;
};

/**
 * The examination of a source. Tier A: the database itself is the wall. Tier B: some ways around it can only be detected, or
 * are held by the gateway's statement policy alone.
 */
export type Diagnosis = { readonly ok: boolean; readonly tier: 'A' | 'B'; readonly findings: readonly Finding[] };

/** Facts about what `apply` left, gathered by the command. */
export type DoctorFacts = {
  readonly catalog: Catalog;
  readonly classification: Classification | null;
  /** Null where nothing is applied; else what changed since, and whether the newest classification is the applied one. */
  readonly applied: { readonly changes: readonly string[]; readonly newest: boolean } | null;
  readonly rows: RowFacts;
  readonly keys: { readonly impossible: number; readonly unmapped: number };
  /** Roles of grants in the cluster that no open grant explains. */
  readonly leftOver: readonly string[];
  /** Objects that roles of ours own in this database, other than the definer's schema. */
  readonly ownedByOwn: readonly string[];
  /** Roles of ours with an attribute or membership that they must not have. */
  readonly powerful: readonly string[];
  readonly unencrypted: boolean;
};

/** First minor releases without known ways around row security (CVE-2025-8713 and before). */
const firstSafeMinor: { readonly [major: number]: number } = { 15: 14, 16: 10, 17: 6, 18: 0 };

/** Null, or why a server of that version cannot be a source. */
export function versionFault(serverVersion: number): string | null {
  const major = Math.floor(serverVersion / 10_000);
  if (firstSafeMinor[major] !== undefined) return null;
  return `The source runs PostgreSQL ${major}; Gatehouse protects PostgreSQL 15 to 18.`;
}

/** Examines a source. Pure: the command gathers the facts. */
export function examine(facts: DoctorFacts): Diagnosis {
  const findings = [...standing(facts), ...structure(facts), ...roles(facts), ...surroundings(facts)];
  const ok = !findings.some((one) => one.severity === 'error');
  const holes: readonly FindingCode[] = ['ADMIN_NOT_SUPERUSER', 'ESCAPE_EXTENSION', 'SERVER_OUTDATED'];
  return { ok, tier: ok && !findings.some((one) => holes.includes(one.code)) ? 'A' : 'B', findings };
}

function finding(severity: Finding['severity'], code: FindingCode, message: string): Finding {
  return { severity, code, message };
}

function standing({ classification, applied }: DoctorFacts): readonly Finding[] {
  if (classification === null)
    return [
      finding(
        'error',
        'NOT_CLASSIFIED',
        'The source is not classified, so nothing of it is granted: run classify, then apply.',
      ),
    ];
  if (applied === null)
    return [finding('error', 'NOT_APPLIED', 'The wall is not built: look at the plan, then apply it.')];
  const changed =
    applied.changes.length === 0
      ? []
      : [
          finding(
            'error',
            'SCHEMA_CHANGED',
            `The schema changed since apply (${some(applied.changes)}), so no grant is opened: undo, classify and apply again.`,
          ),
        ];
  const newer = applied.newest
    ? []
    : [
        finding(
          'warning',
          'CLASSIFICATION_NEWER',
          'A newer classification is filed than the applied one: undo and apply to use it.',
        ),
      ];
  return [...changed, ...newer];
}

function structure({ catalog, classification, rows }: DoctorFacts): readonly Finding[] {
  if (classification === null) return [];
  return [
    ...rows.mixed.map((one) =>
      finding(
        'error',
        'MIXED_TABLE',
        `${showTable(one)} holds ${one.rows} rows that belong to one tenant by its classification and to another by ${one.between}: mend the rows, or classify the table as refused.`,
      ),
    ),
    ...mislabelled(catalog, classification).map((message) => finding('error', 'MISLABELLED_TABLE', message)),
    ...rows.orphans.map((one) =>
      finding(
        'note',
        'ROWS_WITHOUT_TENANT',
        `${showTable(one)} holds ${one.rows} rows that lead to no tenant: they belong to nobody, and no grant shows them.`,
      ),
    ),
    ...oracles(catalog, classification),
  ];
}

/** In write mode an error tells whether a foreign row exists; the gateway cannot hide that, another key can. */
function oracles(catalog: Catalog, classification: Classification): readonly Finding[] {
  const tables = protectedTables(catalog, classification);
  const unique = catalog.uniqueKeys
    .filter((key) => tables.some((one) => sameTable(one.relation, key)) && !boundToTenant(classification, key, catalog))
    .map((key) =>
      finding(
        'warning',
        'UNIQUE_ORACLE',
        `The unique key ${showName(key.name)} of ${showTable(key)} does not contain the tenant's key: in write mode a duplicate error tells that another tenant has the value. Prefer read grants, or a key that begins with the tenant.`,
      ),
    );
  const foreign = catalog.foreignKeys
    .filter((key) => treatmentOf(classification, key)?.kind === 'tenant' && leadsAside(classification, key))
    .map((key) =>
      finding(
        'warning',
        'FOREIGN_KEY_ORACLE',
        `The foreign key ${showName(key.name)} of ${showTable(key)} leads to ${showTable(key.target)} beside the table's own path: in write mode its error tells whether another tenant's row exists.`,
      ),
    );
  return [...unique, ...foreign];
}

function boundToTenant(classification: Classification, key: UniqueKey, catalog: Catalog): boolean {
  const treatment = treatmentOf(classification, key);
  if (treatment?.kind !== 'tenant' || key.expression) return false;
  if (treatment.by === 'column') return key.columns.includes(treatment.column);
  const path = catalog.foreignKeys.find((one) => sameTable(one, key) && one.name === treatment.foreignKey);
  return path?.columns.every((column) => key.columns.includes(column)) === true;
}

function leadsAside(
  classification: Classification,
  key: {
    readonly name: string;
    readonly columns: readonly string[];
    readonly schema: string;
    readonly table: string;
    readonly target: { readonly schema: string; readonly table: string };
  },
): boolean {
  const own = treatmentOf(classification, key);
  const target = treatmentOf(classification, key.target);
  if (own?.kind !== 'tenant' || target === null || target.kind === 'reference') return false;
  return own.by === 'path' ? key.name !== own.foreignKey : !(key.columns.length === 1 && key.columns[0] === own.column);
}

function roles(facts: DoctorFacts): readonly Finding[] {
  const { catalog, classification } = facts;
  const bound = classification === null || facts.applied === null ? [] : protectedTables(catalog, classification);
  const under = ordinaryRoles(catalog).filter(
    (role) =>
      !role.bypassRowSecurity &&
      catalog.reach.some((one) => one.role === role.name && !one.owns && bound.some((t) => sameTable(t.relation, one))),
  );
  return [
    ...facts.powerful.map((one) =>
      finding(
        'error',
        'OWN_ROLE_POWERFUL',
        `${one}: a role of Gatehouse has more than it was made with; take it back, or undo and apply again.`,
      ),
    ),
    ...facts.ownedByOwn.map((one) =>
      finding(
        'error',
        'OWN_ROLE_OWNS',
        `${one} is owned by a role of a grant, which row security does not bind: reassign or drop it.`,
      ),
    ),
    ...facts.leftOver.map((name) =>
      finding(
        'warning',
        'ROLE_LEFT_OVER',
        `The role ${showName(name)} belongs to no open grant of this program: if no other Gatehouse uses this cluster, drop it.`,
      ),
    ),
    ...(facts.applied === null ? [] : rolesWithout(catalog)).map((name) =>
      finding(
        'warning',
        'ROLE_LACKS_RIGHTS',
        `The role ${showName(name)} was made after apply and lacks what PUBLIC had before: make it a member of an older role, or undo and apply again.`,
      ),
    ),
    ...under.map((role) =>
      finding(
        'note',
        'ROLE_UNDER_ROW_SECURITY',
        `The role ${showName(role.name)} reaches protected tables without BYPASSRLS: it sees the same rows, but its COPY FROM fails and its pg_dump needs --enable-row-security.`,
      ),
    ),
  ];
}

function surroundings(facts: DoctorFacts): readonly Finding[] {
  const { catalog, keys } = facts;
  const major = Math.floor(catalog.serverVersion / 10_000);
  const minor = catalog.serverVersion % 10_000;
  const floor = firstSafeMinor[major];
  const found: Finding[] = [];
  if (floor === undefined || minor < floor) {
    found.push(
      finding(
        'error',
        'SERVER_OUTDATED',
        `PostgreSQL ${major}.${minor} has known ways around row security (CVE-2025-8713); expected at least ${major}.${floor ?? 0}: update the server.`,
      ),
    );
  }
  if (!catalog.admin.superuser) {
    found.push(
      finding(
        'warning',
        'ADMIN_NOT_SUPERUSER',
        `${showName(catalog.admin.role)} is no superuser: PUBLIC keeps the functions of pg_catalog, and only the gateway's statement policy stands before them (tier B).`,
      ),
    );
  }
  const escape = catalog.extensions.filter((name) =>
    /^(dblink|postgres_fdw|file_fdw|adminpack|plperlu|plpython3?u|pltclu|lo|pg_cron|http|plsh)$/.test(name),
  );
  if (escape.length > 0) {
    found.push(
      finding(
        'warning',
        'ESCAPE_EXTENSION',
        `The extensions ${escape.map((one) => showName(one)).join(', ')} lead out of the database; their functions are taken from PUBLIC, and tier A wants them gone.`,
      ),
    );
  }
  if (catalog.openDatabases.length > 0) {
    found.push(
      finding(
        'warning',
        'DATABASE_OPEN',
        `Anybody may connect to ${catalog.openDatabases.map((one) => showName(one)).join(', ')} of the same cluster, roles of grants too: revoke connect on database … from public.`,
      ),
    );
  }
  if (facts.unencrypted) {
    found.push(
      finding(
        'warning',
        'CONNECTION_UNENCRYPTED',
        'The connection to the source crosses a network without TLS: add ?sslmode=verify-full to its URL.',
      ),
    );
  }
  if (keys.impossible > 0) {
    found.push(
      finding(
        'warning',
        'KEYS_IMPOSSIBLE',
        `${keys.impossible} keys of the tenant table are empty or longer than 63 bytes and cannot be tenants: nobody sees their rows through a grant.`,
      ),
    );
  }
  if (keys.unmapped > 0) {
    found.push(
      finding(
        'note',
        'KEYS_UNMAPPED',
        `${keys.unmapped} keys of the tenant table are not tenants yet: map them (source apply does).`,
      ),
    );
  }
  return found;
}

/** The first few, and how many more. */
export function some(items: readonly string[]): string {
  const shown = items.slice(0, 5).join('; ');
  return items.length > 5 ? `${shown}; and ${items.length - 5} more` : shown;
}

/** Names what our own roles must not be, from the catalog. */
export function powerfulRoles(catalog: Catalog): readonly string[] {
  return catalog.roles
    .filter((role) => isOwnRole(role.name))
    .flatMap((role) => {
      const mayBypass = role.name === 'gov_definer';
      const groups = role.memberOf.filter((group) => !isOwnRole(group) || group === 'gov_definer');
      return [
        ...(role.superuser ? [`${role.name} is a superuser`] : []),
        ...(role.bypassRowSecurity && !mayBypass ? [`${role.name} has BYPASSRLS`] : []),
        ...groups.map((group) => `${role.name} is a member of ${showName(group)}`),
      ];
    });
}

/** Objects of the user's schemas that roles of ours own. */
export function ownedByOwnRoles(catalog: Catalog): readonly string[] {
  return [
    ...catalog.relations.filter((one) => isOwnRole(one.owner)).map((one) => showTable(one)),
    ...catalog.routines.filter((one) => isOwnRole(one.owner)).map((one) => showText(one.signature)),
    ...catalog.schemas.filter((one) => isOwnRole(one.owner)).map((one) => `schema ${showName(one.name)}`),
  ].filter((name, index, list) => list.indexOf(name) === index);
}
