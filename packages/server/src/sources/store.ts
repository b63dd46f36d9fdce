import type { Pool, PoolClient } from 'pg';
import type { Classification } from './classification.ts';
import type { Shape } from './fingerprint.ts';
import type { Plan } from './plan.ts';
import type { TenantTable } from './propose.ts';
import type { SourceConnection } from './source.ts';

type Queryable = Pick<Pool | PoolClient, 'query'>;

/** A registered source as stored. The password is not here (`secrets.ts`). */
export type StoredSource = {
  readonly name: string;
  readonly systemIdentifier: string;
  readonly databaseOid: number;
  readonly database: string;
  readonly serverVersion: number;
  readonly connection: Omit<SourceConnection, 'password'>;
  readonly tenantTable: TenantTable | null;
  readonly mapSalt: Buffer;
  readonly registeredAt: number;
};

/** What was done to a source and not undone. `fingerprint` is null until it is committed there and logged. */
export type StoredApplication = {
  readonly number: number;
  readonly classificationHash: string;
  readonly planHash: string;
  readonly plan: Plan;
  readonly fingerprint: string | null;
  readonly shape: Shape | null;
};

/** A tenant of a source. `recordedHash`: the classification that its log was told of. */
export type MappedTenant = {
  readonly tenantKey: string;
  readonly tenantId: string;
  readonly logId: string;
  readonly recordedHash: string | null;
};

/** The role of a grant that was opened and not closed. */
export type StoredGrantRole = {
  readonly grantId: string;
  readonly source: string;
  readonly role: string;
  readonly tenantKey: string;
};

const sourceColumns = `name, system_identifier as "systemIdentifier", database_oid::float8 as "databaseOid", database,
  server_version as "serverVersion", connection, tenant_table as "tenantTable", map_salt as "mapSalt",
  (extract(epoch from registered_at) * 1000)::float8 as "registeredAt"`;

/** Adds a source; returns the name of the one that has this name or this database already, or null when it was added. */
export async function insertSource(db: Queryable, source: StoredSource): Promise<string | null> {
  const { rowCount } = await db.query(
    `insert into sources.sources (name, system_identifier, database_oid, database, server_version, connection, tenant_table, map_salt, registered_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
    [
      source.name,
      source.systemIdentifier,
      source.databaseOid,
      source.database,
      source.serverVersion,
      JSON.stringify(source.connection),
      source.tenantTable === null ? null : JSON.stringify(source.tenantTable),
      source.mapSalt,
      new Date(source.registeredAt),
    ],
  );
  if (rowCount === 1) return null;
  const { rows } = await db.query<{ name: string }>(
    'select name from sources.sources where name = $1 or (system_identifier = $2 and database_oid = $3) order by name = $1 desc',
    [source.name, source.systemIdentifier, source.databaseOid],
  );
  return rows[0]?.name ?? source.name;
}

/** The source under that identity, whatever its name. */
export async function sourceByIdentity(
  db: Queryable,
  systemIdentifier: string,
  databaseOid: number,
): Promise<string | null> {
  const { rows } = await db.query<{ name: string }>(
    'select name from sources.sources where system_identifier = $1 and database_oid = $2',
    [systemIdentifier, databaseOid],
  );
  return rows[0]?.name ?? null;
}

/** The source of that name, or null. */
export async function findSource(db: Queryable, name: string): Promise<StoredSource | null> {
  const { rows } = await db.query<StoredSource>(`select ${sourceColumns} from sources.sources where name = $1`, [name]);
  return rows[0] ?? null;
}

/** All sources by name. */
export async function listSources(db: Queryable): Promise<readonly StoredSource[]> {
  const { rows } = await db.query<StoredSource>(`select ${sourceColumns} from sources.sources order by name`);
  return rows;
}

/** Sets the tenant table of a source. */
export async function setTenantTable(db: Queryable, name: string, table: TenantTable): Promise<void> {
  await db.query('update sources.sources set tenant_table = $2 where name = $1', [name, JSON.stringify(table)]);
}

/** Files a classification as the newest version. */
export async function insertClassification(
  db: Queryable,
  source: string,
  filed: { classification: Classification; hash: string; at: number },
): Promise<void> {
  await db.query(
    `insert into sources.classifications (source, version, hash, document, classified_at)
     select $1, coalesce(max(version), 0) + 1, $2, $3, $4 from sources.classifications where source = $1`,
    [source, filed.hash, JSON.stringify(filed.classification), new Date(filed.at)],
  );
}

/** The newest classification, or null. */
export async function newestClassification(
  db: Queryable,
  source: string,
): Promise<{ classification: Classification; hash: string } | null> {
  const { rows } = await db.query<{ classification: Classification; hash: string }>(
    'select document as classification, hash from sources.classifications where source = $1 order by version desc limit 1',
    [source],
  );
  return rows[0] ?? null;
}

/** The classification of that hash, or null. */
export async function classificationByHash(
  db: Queryable,
  source: string,
  hash: string,
): Promise<Classification | null> {
  const { rows } = await db.query<{ document: Classification }>(
    'select document from sources.classifications where source = $1 and hash = $2 order by version desc limit 1',
    [source, hash],
  );
  return rows[0]?.document ?? null;
}

/** Every classification that was ever applied. */
export async function appliedClassifications(db: Queryable, source: string): Promise<readonly Classification[]> {
  const { rows } = await db.query<{ document: Classification }>(
    `select c.document from sources.classifications c
      where c.source = $1
        and exists (select from sources.applications a where a.source = $1 and a.classification_hash = c.hash and a.fingerprint is not null)`,
    [source],
  );
  return rows.map((row) => row.document);
}

/** What stands, or null. */
export async function standingApplication(db: Queryable, source: string): Promise<StoredApplication | null> {
  const { rows } = await db.query<StoredApplication>(
    `select number, classification_hash as "classificationHash", plan_hash as "planHash", plan, fingerprint, shape
       from sources.applications where source = $1 and undone_at is null`,
    [source],
  );
  return rows[0] ?? null;
}

/** Files a plan before it is applied. Fails where one stands. */
export async function insertApplication(db: Queryable, source: string, plan: Plan, at: number): Promise<void> {
  await db.query(
    `insert into sources.applications (source, number, classification_hash, plan_hash, plan, applied_at)
     select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5 from sources.applications where source = $1`,
    [source, plan.classificationHash, plan.hash, JSON.stringify(plan), new Date(at)],
  );
}

/** Says that what stands is committed in the source and logged. */
export async function confirmApplication(
  db: Queryable,
  source: string,
  as: { fingerprint: string; shape: Shape },
): Promise<void> {
  await db.query(
    'update sources.applications set fingerprint = $2, shape = $3 where source = $1 and undone_at is null',
    [source, as.fingerprint, JSON.stringify(as.shape)],
  );
}

/** Says that what stood does not stand any more. */
export async function endApplication(db: Queryable, source: string, at: number): Promise<void> {
  await db.query('update sources.applications set undone_at = $2 where source = $1 and undone_at is null', [
    source,
    new Date(at),
  ]);
}

/** The tenants of a source by key. */
export async function mappedTenants(db: Queryable, source: string): Promise<readonly MappedTenant[]> {
  const { rows } = await db.query<MappedTenant>(
    `select tenant_key as "tenantKey", tenant_id as "tenantId", log_id as "logId", recorded_hash as "recordedHash"
       from sources.tenant_map where source = $1 order by tenant_key collate "C"`,
    [source],
  );
  return rows;
}

/** One tenant of a source, or null. */
export async function mappedTenant(db: Queryable, source: string, tenantKey: string): Promise<MappedTenant | null> {
  const { rows } = await db.query<MappedTenant>(
    `select tenant_key as "tenantKey", tenant_id as "tenantId", log_id as "logId", recorded_hash as "recordedHash"
       from sources.tenant_map where source = $1 and tenant_key = $2`,
    [source, tenantKey],
  );
  return rows[0] ?? null;
}

/** Maps a key to its tenant's log, once and for ever. */
export async function insertMappedTenant(
  db: Queryable,
  source: string,
  tenant: Omit<MappedTenant, 'recordedHash'>,
): Promise<void> {
  await db.query(
    'insert into sources.tenant_map (source, tenant_key, tenant_id, log_id) values ($1, $2, $3, $4) on conflict do nothing',
    [source, tenant.tenantKey, tenant.tenantId, tenant.logId],
  );
}

/** Says that a tenant's log was told of the map under a classification. */
export async function tenantRecorded(db: Queryable, source: string, tenantKey: string, hash: string): Promise<void> {
  await db.query('update sources.tenant_map set recorded_hash = $3 where source = $1 and tenant_key = $2', [
    source,
    tenantKey,
    hash,
  ]);
}

/** After an undo every tenant's log has to be told anew before anything opens there again. */
export async function tenantsUntold(db: Queryable, source: string): Promise<void> {
  await db.query('update sources.tenant_map set recorded_hash = null where source = $1', [source]);
}

/** Files a grant's role before it is made, so that a killed program's roles are found. */
export async function insertGrantRole(
  db: Queryable,
  role: StoredGrantRole,
  times: { notAfter: number; openedAt: number },
): Promise<void> {
  await db.query(
    'insert into sources.grant_roles (grant_id, source, role_name, tenant_key, not_after, opened_at) values ($1, $2, $3, $4, $5, $6)',
    [role.grantId, role.source, role.role, role.tenantKey, new Date(times.notAfter), new Date(times.openedAt)],
  );
}

/** Roles not closed, of one grant or of all. */
export async function openGrantRoles(db: Queryable, grantId: string | null): Promise<readonly StoredGrantRole[]> {
  const { rows } = await db.query<StoredGrantRole>(
    `select grant_id as "grantId", source, role_name as role, tenant_key as "tenantKey" from sources.grant_roles
      where closed_at is null and ($1::text is null or grant_id = $1) order by opened_at`,
    [grantId],
  );
  return rows;
}

/** Files a new end of a role. */
export async function grantRoleMoved(db: Queryable, role: string, notAfter: number): Promise<void> {
  await db.query('update sources.grant_roles set not_after = $2 where role_name = $1', [role, new Date(notAfter)]);
}

/** Says that a role is gone, or why it is not. */
export async function grantRoleEnded(
  db: Queryable,
  role: string,
  ended: { at: number } | { fault: string },
): Promise<void> {
  await db.query('update sources.grant_roles set closed_at = $2, fault = $3 where role_name = $1', [
    role,
    'at' in ended ? new Date(ended.at) : null,
    'at' in ended ? null : ended.fault,
  ]);
}
