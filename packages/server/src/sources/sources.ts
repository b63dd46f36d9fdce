import type { Classification, Treatment } from './classification.ts';
import type { Diagnosis } from './doctor.ts';
import type { Plan } from './plan.ts';
import type { Proposal } from './propose.ts';
import type {
  GrantRoleClosing,
  GrantRoleCredential,
  GrantRoleRequest,
  Source,
  SourceConnection,
  SourceEvent,
  TableName,
} from './source.ts';
import type { CostMeasurement } from './measure.ts';

/** A treatment for one table, named `table` or `schema.table` as people write it. */
export type Assignment = { readonly table: string; readonly treatment: Treatment };

/** A plan as it is shown: SQL with comments, what it costs, and what must be accepted or stops it. */
export type ShownPlan = Plan & { readonly sql: string; readonly cost: CostMeasurement | null };

/** What a command that changed what customers rely on has written into their logs. */
export type Recorded = { readonly events: readonly SourceEvent[] };

/**
 * The databases to protect. Registration, classification, tenant map, apply and undo are durable in the logs before they
 * count. Every method rejects with a `SourceError` that says in one sentence what was found and what to do.
 */
export interface Sources {
  /** Registers a database by an administrator's URL or connection. One database is one source: a second name is refused. */
  add(command: {
    readonly name: string;
    readonly connection: string | SourceConnection;
    /** `table`, `schema.table` or either with `:column`; its keys become tenants. */
    readonly tenantTable: string | null;
    readonly by: string;
  }): Promise<Source>;
  list(): Promise<readonly Source[]>;
  /** The source of that name, or null. */
  find(name: string): Promise<Source | null>;
  /** What each table looks like; changes nothing. */
  propose(name: string): Promise<readonly Proposal[]>;
  /** Files the next version of the classification: the last one (or all refused), the suggestions if accepted, then `assign`. */
  classify(command: {
    readonly name: string;
    readonly acceptSuggestions: boolean;
    readonly assign: readonly Assignment[];
    readonly tenantTable?: string;
    readonly by: string;
  }): Promise<Recorded & { readonly classification: Classification; readonly hash: string }>;
  /** The newest classification, or null. */
  classification(name: string): Promise<{ readonly classification: Classification; readonly hash: string } | null>;
  /** What `apply` would do, as SQL. `measure`: also measures what row security costs the application, on copies. */
  plan(name: string, options?: { readonly measure?: boolean }): Promise<ShownPlan>;
  /**
   * Does what the plan says in one transaction, or nothing; maps the tenants; `planHash` refuses any other plan than the one
   * seen. May be repeated: where the newest classification is applied already, only new tenants are mapped.
   */
  apply(command: {
    readonly name: string;
    readonly planHash?: string;
    readonly acceptAppChanges: boolean;
    readonly by: string;
  }): Promise<Recorded & { readonly planHash: string; readonly tenants: number }>;
  /** Puts the schema, rights and roles back as they were. Refused while grants are open. */
  undo(command: { readonly name: string; readonly by: string }): Promise<Recorded & { readonly statements: number }>;
  /** Maps keys of the tenant table that are not mapped yet; returns how many. Refused before `apply`. */
  mapTenants(name: string): Promise<Recorded & { readonly added: number }>;
  doctor(name: string): Promise<Diagnosis>;
  /** Keys of the tenants that have a map entry in the source, with their logs, sorted by key. */
  tenants(name: string): Promise<readonly { readonly tenantKey: string; readonly logId: string }[]>;
  /** Tables that a grant of this source can reach, for the console and the scope check. */
  grantable(name: string): Promise<readonly (TableName & { readonly columns: readonly string[] })[]>;
  /**
   * Makes the ephemeral role of a grant, or returns the one that this process has already made for it. Refuses a source
   * that is not applied or whose schema changed since. The rows of the role end at `notAfter` in the database itself.
   */
  openGrantRole(request: GrantRoleRequest): Promise<GrantRoleCredential>;
  /** Moves the end of an open grant role, in the database. */
  extendGrantRole(grantId: string, notAfter: number): Promise<void>;
  /** Ends the role: rows first, then login, rights, sessions, the role itself. May be repeated; unknown grants are `closed` with role null. */
  closeGrantRole(grantId: string): Promise<GrantRoleClosing>;
  /** Closes what an earlier process left behind. Called at start, before the gateway listens. */
  reapGrantRoles(): Promise<readonly (GrantRoleClosing & { readonly grantId: string })[]>;
  /** Gives the administrators' connections back. */
  close(): Promise<void>;
}
