import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { Directories } from '../identity/index.ts';
import type { Log } from '../log/index.ts';
import type { Logger } from '../logger.ts';
import type { Personnel } from '../personnel/index.ts';
import type { Tenants } from '../tenants/index.ts';
import type { UpstreamTls } from '../upstream-tls.ts';
import type { Random } from './credential.ts';
import type { Setting } from './documents.ts';

/** Where the ephemeral role of a grant logs in. */
export type RoleAddress = {
  readonly host: string;
  readonly port: number;
  readonly tls: UpstreamTls | null;
  readonly database: string;
  readonly user: string;
  readonly password: string;
};

/**
 * What this module needs of the sources: which classification is in force, whether the tenant has data there, and the
 * ephemeral role of a grant. `open` is idempotent for one grant, and says why a source gives none; `close` leaves nothing behind or says so.
 */
export interface GrantRoles {
  describe(
    source: string,
    tenant: string,
  ): Promise<
    | { readonly found: true; readonly classificationHash: string; readonly tenantKey: string }
    | { readonly found: false; readonly why: 'source_unknown' | 'tenant_not_in_source' }
    | { readonly found: false; readonly why: 'source_not_ready'; readonly message: string }
  >;
  open(grant: {
    readonly grantId: string;
    readonly source: string;
    readonly tenantKey: string;
    readonly mode: 'read' | 'write';
    readonly tables: readonly string[] | null;
    readonly columns: readonly string[] | null;
    readonly notAfter: number;
    /** What the request statement names; a source that is classified otherwise gives no role. */
    readonly classificationHash: string;
  }): Promise<
    { readonly opened: true; readonly address: RoleAddress } | { readonly opened: false; readonly message: string }
  >;
  extend(grantId: string, notAfter: number): Promise<void>;
  close(grantId: string): Promise<{ readonly closed: true } | { readonly closed: false; readonly fault: string }>;
}

/** Everything that the commands of this module stand on. */
export type AccessOptions = {
  readonly database: Database;
  readonly log: Log;
  readonly directories: Directories;
  readonly personnel: Personnel;
  readonly tenants: Tenants;
  readonly roles: GrantRoles;
  readonly clock: Clock;
  readonly random: Random;
  readonly setting: Setting;
  readonly logger: Logger;
  /** Where a refused person is sent to ask. */
  readonly askUrl: () => string;
};
