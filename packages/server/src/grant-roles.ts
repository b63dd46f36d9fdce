import type { GrantRoles } from './access/index.ts';
import { SourceError, type Sources } from './sources/index.ts';
import type { Tenants } from './tenants/index.ts';

/** Gives access the roles of grants in the sources. A tenant's rows are found by the log that the tenant map names. */
export function grantRolesOf(sources: Sources, tenants: Tenants): GrantRoles {
  return {
    async describe(name, tenantId) {
      const source = await sources.find(name);
      if (source === null) return { found: false, why: 'source_unknown' };
      if (source.appliedClassificationHash === null) {
        const message = `it is not applied yet; a security officer has to run: gatehouse source apply ${name}`;
        return { found: false, why: 'source_not_ready', message };
      }
      const tenant = await tenants.find(tenantId);
      const mapped = (await sources.tenants(name)).find(({ logId }) => logId === tenant?.logId);
      if (mapped === undefined) return { found: false, why: 'tenant_not_in_source' };
      return { found: true, classificationHash: source.appliedClassificationHash, tenantKey: mapped.tenantKey };
    },
    async open({ grantId, source, tenantKey, mode, tables, columns, notAfter, classificationHash }) {
      const scope = tables === null && columns === null ? {} : { scope: { tables, columns } };
      try {
        const asked = { grantId, source, tenantKey, mode, notAfter, classificationHash, ...scope };
        return { opened: true, address: await sources.openGrantRole(asked) };
      } catch (cause) {
        // A schema that changed, a source that is away: its sentence is for the one who wants to connect.
        if (!(cause instanceof SourceError)) throw cause;
        return { opened: false, message: cause.message };
      }
    },
    async extend(grantId, notAfter) {
      try {
        await sources.extendGrantRole(grantId, notAfter);
      } catch (cause) {
        // Nobody is connected: the role is opened with the new end when somebody is.
        if (!(cause instanceof SourceError) || cause.code !== 'GRANT_ROLE_NOT_OPEN') throw cause;
      }
    },
    async close(grantId) {
      const closing = await sources.closeGrantRole(grantId);
      return closing.kind === 'closed' ? { closed: true } : { closed: false, fault: closing.fault };
    },
  };
}
