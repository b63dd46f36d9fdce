import { checkAccess } from './access.ts';
import { isObject, type JsonObject, type JsonValue } from './canonical-json.ts';
import { type Directory, directoryAt } from './directory.ts';
import { replayDirectory } from './directory-replay.ts';
import type { Finding } from './finding.ts';
import type { OpenedEntry } from './log-report.ts';
import type { Primitives } from './primitives.ts';
import { parseSignedStatement, type SignatureContext, type SignedStatement } from './signature.ts';
import { type Statement, statementHash } from './statement.ts';
import { parseTime } from './time.ts';

/** The statements of a key directory, oldest first. `time` is when the log recorded each; null where only the list is known. */
export type DirectoryStatements = readonly { readonly statement: SignedStatement; readonly time: string | null }[];

/** What the signatures in a tenant's log are checked against. */
export type StatementClaim = {
  /** The opened payloads of the tenant's log, in order. */
  readonly opened: readonly OpenedEntry[];
  /** The operator's directory, as its log or its API gives it; without it nothing of the operator's can be checked. */
  readonly operator: DirectoryStatements | null;
  /** The tenant's directory; by default what the tenant's own log holds. */
  readonly customer?: DirectoryStatements;
  /** Pinned genesis hashes; a directory without a pin is believed as it stands, and the report says so. */
  readonly pins?: { readonly operator?: string; readonly customer?: string };
  readonly deployment?: string;
  readonly context?: SignatureContext;
};

/** What the statements of a log prove. */
export type StatementReplay = {
  /** Grants whose first use was checked, and those that could not be, because a directory or a payload is missing. */
  readonly checked: number;
  readonly unchecked: number;
  /** Directories that were believed without a pin. */
  readonly unpinned: readonly ('operator' | 'customer')[];
  readonly findings: readonly Finding[];
};

type Timed = { readonly directory: Directory; readonly times: readonly (string | null)[] };
type Directories = { readonly operator: Timed | null; readonly customer: Timed | null };
/** The statements about one request that stood in the log before its first use. */
type Case = { request: SignedStatement | null; matter: JsonValue | null; readonly statements: SignedStatement[] };

/**
 * Checks every grant of a log again from its signed statements, with `checkAccess`, against the directories as they
 * stood when it was first used: what the gateway must have seen. Finds a grant that was opened without the signatures.
 */
export async function replayStatements(primitives: Primitives, claim: StatementClaim): Promise<StatementReplay> {
  const findings: Finding[] = [];
  const unpinned: ('operator' | 'customer')[] = [];
  const own = claim.customer ?? directoryStatements(claim.opened, (tenant) => tenant !== null);
  const open = async (who: 'operator' | 'customer', statements: DirectoryStatements | null): Promise<Timed | null> => {
    const first = statements?.[0];
    if (statements === null || first === undefined) return null;
    if (claim.pins?.[who] === undefined) unpinned.push(who);
    const genesisHash = claim.pins?.[who] ?? statementHash(primitives, first.statement.document);
    const list = statements.map(({ statement }) => statement);
    const replayed = await replayDirectory(primitives, { genesisHash, statements: list, ...settingOf(claim) });
    if (replayed.ok) return { directory: replayed.directory, times: statements.map(({ time }) => time) };
    findings.push({ ...replayed.finding, message: `The ${who}'s key directory: ${replayed.finding.message}` });
    return null;
  };
  const directories = { operator: await open('operator', claim.operator), customer: await open('customer', own) };
  const counts = await replayCases(primitives, claim, directories, findings);
  return { ...counts, unpinned, findings };
}

function settingOf({ deployment, context }: StatementClaim): { deployment?: string; context?: SignatureContext } {
  return { ...(deployment === undefined ? {} : { deployment }), ...(context === undefined ? {} : { context }) };
}

async function replayCases(
  primitives: Primitives,
  claim: StatementClaim,
  directories: Directories,
  findings: Finding[],
): Promise<Pick<StatementReplay, 'checked' | 'unchecked'>> {
  const cases = new Map<string, Case>();
  const counts = { checked: 0, unchecked: 0 };
  for (const opened of claim.opened) {
    const { ref } = opened.entry;
    if (ref === undefined || !opened.entry.type.startsWith('access.')) continue;
    const about = cases.get(ref) ?? { request: null, matter: null, statements: [] };
    cases.set(ref, about);
    // What was refused counts for nothing; whether the refusal was right is for the replay of decisions.
    if (opened.entry.type !== 'access.refused') collect(about, opened.payload);
    if (opened.entry.type !== 'access.activated') continue;
    const finding = await checkCase(primitives, claim, { about, opened, directories });
    counts[finding === 'unchecked' ? 'unchecked' : 'checked']++;
    if (finding !== null && finding !== 'unchecked') findings.push({ ...finding, index: opened.entry.seq });
  }
  return counts;
}

function collect(about: Case, payload: JsonObject): void {
  for (const signed of statementsIn(payload)) {
    if (signed.document.type !== 'access.request') about.statements.push(signed);
    else {
      about.request = signed;
      about.matter = payload['request'] ?? null;
    }
  }
}

/** The signed statements that a payload carries: its member `statement`, or several in `statements`. What is none is skipped; a missing one shows as a missing approval. */
export function statementsIn(payload: JsonObject): readonly SignedStatement[] {
  const { statement, statements } = payload;
  const carried = [statement, ...(Array.isArray(statements) ? statements : [])];
  return carried.map((value) => parseSignedStatement(value)).flatMap((parsed) => (parsed.ok ? [parsed.value] : []));
}

type Activation = { readonly about: Case; readonly opened: OpenedEntry; readonly directories: Directories };

async function checkCase(
  primitives: Primitives,
  claim: StatementClaim,
  { about, opened, directories }: Activation,
): Promise<Finding | 'unchecked' | null> {
  const { request, matter, statements } = about;
  const { operator, customer } = directories;
  if (operator === null) return 'unchecked';
  if (request === null)
    return { code: 'ACCESS_MATTER', message: 'The grant was used, and no signed request of it is in the log before.' };
  const { tenant, deployment } = request.document;
  const all = [request, ...statements];
  const checked = await checkAccess(primitives, {
    request,
    statements,
    required: { managerApproval: true, customerApprovals: approvalsRequired(opened.payload) },
    now: parseTime(opened.entry.time),
    deployment: claim.deployment ?? deployment,
    tenant: tenant ?? '',
    operator: asOf(operator, opened.entry.time, all),
    customer: customer === null ? null : asOf(customer, opened.entry.time, all),
    ...(matter === null ? {} : { matter }),
    ...(claim.context === undefined ? {} : { context: claim.context }),
  });
  return checked.ok ? null : checked.finding;
}

/** How many approvals the decision's own facts say were needed. A falsified number shows in the replay of the policy entries, not here. */
function approvalsRequired(payload: JsonObject): number {
  const decided = isObject(payload['decided']) ? payload['decided'] : payload;
  const facts = isObject(decided['facts']) ? decided['facts'] : {};
  const tenant = isObject(facts['tenant']) ? facts['tenant'] : {};
  if (tenant['customerApproval'] !== true || facts['standingApproval'] === true) return 0;
  return typeof tenant['quorum'] === 'number' ? tenant['quorum'] : 1;
}

/** The directory as it stood at `time`; where times are unknown, as the latest of the signers saw it. */
function asOf({ directory, times }: Timed, time: string, statements: readonly SignedStatement[]): Directory {
  const known = times.every((recorded) => recorded !== null);
  const seen = statements.filter(({ document }) => directory.keys.some(({ keyId }) => keyId === document.keyId));
  const position = known
    ? times.filter((recorded) => recorded !== null && recorded <= time).length
    : Math.max(
        ...seen.map(({ document }: { document: Statement }) => document.directoryPosition ?? directory.position),
        0,
      );
  return directoryAt(directory, position);
}

/** The directory statements in the opened entries of a log, oldest first, of directories that `of` accepts by their tenant (null: the operator's). */
export function directoryStatements(
  opened: readonly OpenedEntry[],
  of: (tenant: string | null) => boolean,
): DirectoryStatements {
  return opened
    .filter(({ entry }) => entry.type.startsWith('directory.'))
    .flatMap(({ entry, payload }) => statementsIn(payload).map((statement) => ({ statement, time: entry.time })))
    .filter(({ statement }) => of(statement.document.tenant));
}
