/** Access: requests, approvals, grants and their ends, and what the gateway asks before it lets anything through. */
export { type Access, type Credential, openAccess } from './commands.ts';
export type { AccessOptions, GrantRoles, RoleAddress } from './context.ts';
export type { Act } from './documents.ts';
export type { RequestFilter, RequestRecord, StatementRecord } from './record.ts';
export type { AccessRefusal, Result } from './refusal.ts';
export type { Asked } from './requesting.ts';
