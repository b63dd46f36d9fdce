/** The databases to protect: adoption (classify, plan, apply, undo, doctor) and the ephemeral role of each grant. */
export { openSources } from './commands.ts';
export type { SourcesOptions } from './context.ts';
export type { Assignment, Recorded, ShownPlan, Sources } from './sources.ts';
export { SourceError } from './source.ts';
export type {
  EnsureTenant,
  GrantRoleClosing,
  GrantRoleCredential,
  GrantRoleRequest,
  GrantScope,
  RecordEvent,
  Source,
  SourceConnection,
  SourceErrorCode,
  SourceEvent,
  TableName,
} from './source.ts';
export type { Classification, ClassifiedTable, Treatment } from './classification.ts';
export { fileSecrets } from './secrets.ts';
export type { Secrets } from './secrets.ts';
export type { Diagnosis, Finding, FindingCode } from './doctor.ts';
export type { Proposal } from './propose.ts';
