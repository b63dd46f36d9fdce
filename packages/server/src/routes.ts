import { type Access } from './access/index.ts';
import { accessRoutes } from './access/routes.ts';
import { logRoutes, type LogRoutesOptions } from './audit/routes.ts';
import { identityRoutes } from './identity/routes.ts';
import { operationsRoutes } from './operations/routes.ts';
import type { Route } from './route.ts';
import { type Sources } from './sources/index.ts';
import { sourceRoutes } from './sources/routes.ts';
import { type Tenants } from './tenants/index.ts';
import { tenantRoutes } from './tenants/routes.ts';

/** The parts of the program that have doors of HTTP. */
export type Doors = LogRoutesOptions &
  Parameters<typeof operationsRoutes>[0] & {
    readonly tenants: Tenants;
    readonly sources: Sources;
    readonly access: Access;
  };

/** Every route of the program. Declaring them touches none of the parts, so the document can be made without any. */
export function programRoutes(doors: Doors): readonly Route[] {
  return [
    ...operationsRoutes(doors),
    ...identityRoutes(doors.identity, doors.clock),
    ...tenantRoutes(doors.tenants),
    ...sourceRoutes(doors.sources),
    ...accessRoutes(doors.access),
    ...logRoutes(doors),
  ];
}
