import { apply, plan, undo } from './adopt.ts';
import { classify } from './classify.ts';
import { classified, connectionOf, inSource, known, type SourcesOptions } from './context.ts';
import { doctor } from './examination.ts';
import { type GrantRoles, openGrantRoles } from './grants.ts';
import { introspect } from './introspect.ts';
import { grantable } from './profile.ts';
import { propose } from './propose.ts';
import { add, shown } from './registration.ts';
import type { Sources } from './sources.ts';
import { mapTenants } from './tenants.ts';
import * as store from './store.ts';

/** Opens the sources; their tables exist since migration 0003. */
export function openSources(options: SourcesOptions): Sources {
  const grants = openGrantRoles({
    pool: options.database.pool,
    now: () => options.clock.now(),
    random: options.random,
    logger: options.logger,
    connectionOf: (source) => connectionOf(options, source),
    sourceOf: (name) => known(options, name),
  });
  return { ...adoption(options), ...grantRolesOf(grants), close: () => Promise.resolve() };
}

function grantRolesOf(
  grants: GrantRoles,
): Pick<Sources, 'openGrantRole' | 'extendGrantRole' | 'closeGrantRole' | 'reapGrantRoles'> {
  return {
    openGrantRole: (request) => grants.open(request),
    extendGrantRole: (grantId, notAfter) => grants.extend(grantId, notAfter),
    closeGrantRole: (grantId) => grants.close(grantId),
    reapGrantRoles: () => grants.reap(),
  };
}

type Adoption = Omit<Sources, 'openGrantRole' | 'extendGrantRole' | 'closeGrantRole' | 'reapGrantRoles' | 'close'>;

function adoption(options: SourcesOptions): Adoption {
  const { pool } = options.database;
  return {
    add: (command) => add(options, command),
    list: async () => await Promise.all((await store.listSources(pool)).map((one) => shown(options, one))),
    find: async (name) => {
      const found = await store.findSource(pool, name);
      return found === null ? null : await shown(options, found);
    },
    propose: async (name) => {
      const source = await known(options, name);
      return await inSource(options, source, async (client) => propose(await introspect(client), source.tenantTable));
    },
    classify: (command) => classify(options, command),
    classification: async (name) => await store.newestClassification(pool, (await known(options, name)).name),
    plan: (name, asked) => plan(options, name, asked?.measure === true),
    apply: (command) => apply(options, command),
    undo: (command) => undo(options, command),
    mapTenants: (name) => mapTenants(options, name),
    doctor: (name) => doctor(options, name),
    tenants: async (name) => await store.mappedTenants(pool, (await known(options, name)).name),
    grantable: async (name) => {
      const source = await known(options, name);
      const filed = await classified(options, source.name);
      return await inSource(options, source, async (client) =>
        grantable(await introspect(client), filed.classification),
      );
    },
  };
}
