import type { Pool } from 'pg';
import type { Logger } from '../logger.ts';
import type { Classification } from './classification.ts';
import { withSource } from './connection.ts';
import { differences, fingerprintOf, readWall, shapeOf } from './fingerprint.ts';
import { createGrantRole, dropGrantRole, moveGrantRoleEnd, resetGrantRole } from './grant-role.ts';
import { introspect } from './introspect.ts';
import { showName } from './names.ts';
import { profileOf } from './profile.ts';
import { some } from './doctor.ts';
import { scramVerifier } from './scram.ts';
import {
  type GrantRoleClosing,
  type GrantRoleCredential,
  type GrantRoleRequest,
  type SourceConnection,
  SourceError,
} from './source.ts';
import * as store from './store.ts';

/** What the roles of grants stand on. */
export type GrantRolesOptions = {
  readonly pool: Pool;
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
  readonly logger: Logger;
  readonly connectionOf: (source: store.StoredSource) => SourceConnection;
  readonly sourceOf: (name: string) => Promise<store.StoredSource>;
};

/** The ephemeral roles of grants: opened, moved, closed, reaped. */
export interface GrantRoles {
  open(request: GrantRoleRequest): Promise<GrantRoleCredential>;
  extend(grantId: string, notAfter: number): Promise<void>;
  close(grantId: string): Promise<GrantRoleClosing>;
  reap(): Promise<readonly (GrantRoleClosing & { readonly grantId: string })[]>;
}

type Held = { readonly credential: GrantRoleCredential; readonly request: GrantRoleRequest };

/** Opens the keeping of roles. Passwords live in this object only: after a restart every role is made anew. */
export function openGrantRoles(options: GrantRolesOptions): GrantRoles {
  const held = new Map<string, Held>();
  const queues = new Map<string, Promise<unknown>>();

  /** One act at a time for each grant: an opening never overtakes a closing. */
  function inTurn<T>(grantId: string, work: () => Promise<T>): Promise<T> {
    const before = queues.get(grantId) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.then(
      () => undefined,
      () => undefined, // the caller of `work` has the rejection; the next in turn only waits
    );
    queues.set(grantId, settled);
    void settled.then(() => {
      if (queues.get(grantId) === settled) queues.delete(grantId);
    });
    return mine;
  }

  return {
    open: (request) => inTurn(request.grantId, () => open(options, held, request)),
    extend: (grantId, notAfter) => inTurn(grantId, () => extend(options, held, grantId, notAfter)),
    close: (grantId) => inTurn(grantId, () => closeAll(options, held, grantId)),
    reap: async () => {
      const closings: (GrantRoleClosing & { grantId: string })[] = [];
      for (const role of await store.openGrantRoles(options.pool, null)) {
        if (held.has(role.grantId)) continue;
        closings.push({ grantId: role.grantId, ...(await inTurn(role.grantId, () => closeOne(options, role))) });
      }
      return closings;
    },
  };
}

async function open(
  options: GrantRolesOptions,
  held: Map<string, Held>,
  request: GrantRoleRequest,
): Promise<GrantRoleCredential> {
  if (request.notAfter <= options.now()) {
    throw new SourceError(
      'GRANT_ROLE_ENDED',
      `The grant ended at ${new Date(request.notAfter).toISOString()}: ask for a new one.`,
    );
  }
  const source = await options.sourceOf(request.source);
  const application = await readyApplication(options, source, request);
  const connection = options.connectionOf(source);
  const present = held.get(request.grantId);
  return await withSource(source, connection, async (client) => {
    const catalog = await introspect(client);
    const wall = await readWall(client);
    const shape = wall === null ? {} : shapeOf(catalog, wall);
    if (fingerprintOf(shape) !== application.fingerprint) {
      throw new SourceError(
        'SOURCE_SCHEMA_CHANGED',
        `The schema of source ${source.name} changed since it was applied (${some(differences(application.shape ?? {}, shape))}): an administrator must undo, classify and apply it again before any grant opens.`,
      );
    }
    if (present !== undefined) {
      checkSame(present.request, request);
      await resetGrantRole(client, present.credential.user);
      return present.credential;
    }
    // What an earlier process, or a failed opening, left for this grant goes first.
    for (const role of await store.openGrantRoles(options.pool, request.grantId)) await closeOne(options, role);
    const profile = profileOf(catalog, application.classification, {
      mode: request.mode,
      scope: request.scope ?? { tables: null, columns: null },
    });
    const role = `g_${hex(options.random(16))}`;
    const password = Buffer.from(options.random(32)).toString('base64url');
    await store.insertGrantRole(
      options.pool,
      { grantId: request.grantId, source: source.name, role, tenantKey: request.tenantKey },
      { notAfter: request.notAfter, openedAt: options.now() },
    );
    const verifier = await scramVerifier(password, options.random(16));
    await createGrantRole(client, catalog, {
      role,
      verifier,
      tenantKey: request.tenantKey,
      notAfter: request.notAfter,
      profile,
    });
    const credential = {
      host: connection.host,
      port: connection.port,
      tls: connection.tls,
      database: source.database,
      user: role,
      password,
    };
    held.set(request.grantId, { credential, request });
    return credential;
  });
}

/** The standing application, if this request may be served from it. */
async function readyApplication(
  options: GrantRolesOptions,
  source: store.StoredSource,
  request: GrantRoleRequest,
): Promise<store.StoredApplication & { readonly classification: Classification }> {
  const application = await store.standingApplication(options.pool, source.name);
  if (application === null || application.fingerprint === null) {
    throw new SourceError(
      'SOURCE_NOT_APPLIED',
      `The source ${source.name} is not protected yet: an administrator must apply its plan before any grant opens.`,
    );
  }
  const asked = request.classificationHash;
  if (asked !== undefined && asked !== null && asked !== application.classificationHash) {
    throw new SourceError(
      'SOURCE_CLASSIFICATION_DIFFERS',
      `The grant was approved under the classification ${asked}, but ${source.name} is protected under ${application.classificationHash}: ask for a new grant.`,
    );
  }
  const tenant = await store.mappedTenant(options.pool, source.name, request.tenantKey);
  if (tenant === null || tenant.recordedHash !== application.classificationHash) {
    throw new SourceError(
      'TENANT_NOT_IN_SOURCE',
      `The tenant ${showName(request.tenantKey)} has no recorded place in the source ${source.name}: check the tenant, or let an administrator map the tenants.`,
    );
  }
  const classification = await store.classificationByHash(options.pool, source.name, application.classificationHash);
  if (classification === null) throw new Error('An applied classification is missing from the store.');
  return { ...application, classification };
}

function checkSame(present: GrantRoleRequest, request: GrantRoleRequest): void {
  const of = (one: GrantRoleRequest): string =>
    JSON.stringify([one.source, one.tenantKey, one.mode, one.scope ?? null]);
  if (of(present) === of(request)) return;
  throw new SourceError(
    'GRANT_ROLE_NOT_OPEN',
    'The grant has an open role for another tenant, mode or scope: close it first.',
  );
}

async function extend(
  options: GrantRolesOptions,
  held: Map<string, Held>,
  grantId: string,
  notAfter: number,
): Promise<void> {
  const present = held.get(grantId);
  if (present === undefined) return; // no role is open: the next opening takes the new end
  const source = await options.sourceOf(present.request.source);
  const moved = await withSource(source, options.connectionOf(source), (client) =>
    moveGrantRoleEnd(client, present.credential.user, notAfter),
  );
  if (!moved) {
    throw new SourceError(
      'GRANT_ROLE_ENDED',
      'The role of this grant has already ended in the database, so its end cannot be moved: close it and open the grant again.',
    );
  }
  await store.grantRoleMoved(options.pool, present.credential.user, notAfter);
  held.set(grantId, { ...present, request: { ...present.request, notAfter } });
}

async function closeAll(
  options: GrantRolesOptions,
  held: Map<string, Held>,
  grantId: string,
): Promise<GrantRoleClosing> {
  held.delete(grantId);
  let last: GrantRoleClosing = { kind: 'closed', role: null };
  for (const role of await store.openGrantRoles(options.pool, grantId)) {
    const closing = await closeOne(options, role);
    if (last.kind === 'closed') last = closing;
  }
  return last;
}

async function closeOne(options: GrantRolesOptions, stored: store.StoredGrantRole): Promise<GrantRoleClosing> {
  try {
    const source = await options.sourceOf(stored.source);
    await withSource(source, options.connectionOf(source), (client) => dropGrantRole(client, stored.role));
  } catch (error) {
    // Not swallowed: `close_failed` is an outcome with its own log entry and alarm (DESIGN.md section 3), kept for the reaper.
    const detail = error instanceof SourceError ? error.detail : null;
    const fault = `${error instanceof Error ? error.message : String(error)}${detail === null ? '' : ` (${detail})`}`;
    options.logger.error(
      { role: stored.role, source: stored.source, fault },
      'The role of a grant could not be dropped.',
    );
    await store.grantRoleEnded(options.pool, stored.role, { fault });
    return { kind: 'close_failed', role: stored.role, fault };
  }
  await store.grantRoleEnded(options.pool, stored.role, { at: options.now() });
  return { kind: 'closed', role: stored.role };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
