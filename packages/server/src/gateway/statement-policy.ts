import type { StatementClass } from '@gatehouse/terms';
import { loadModule, parseSync } from 'libpg-query';
import type { AccessMode } from './ports.ts';
import { walkQuery } from './statement-tree.ts';
import { checkSetting, checkTransactionOptions } from './statement-settings.ts';
import { Denial, type Tree, list, struct, text } from './statement-reading.ts';
import { shownSettings } from './statement-lists.ts';

/**
 * What a permitted text does with names that outlive it. SQL and the extended protocol share one name space of prepared
 * statements and one of portals; the session uses this to keep the two apart, so that what runs is always what was logged.
 */
export type StatementNames = {
  readonly prepares: readonly string[];
  readonly executes: readonly string[];
  readonly declares: readonly string[];
  readonly fetches: readonly string[];
};

/** The policy's answer to one text. A denial has one sentence that says why. */
export type Verdict =
  | {
      readonly permit: true;
      readonly statements: number;
      readonly names: StatementNames;
      /** What the text does, by its strongest statement; the terms decide whether the grant covers that. */
      readonly class: StatementClass;
      /** For each COPY of the text, in order: whether its first line is a header, which is no row. */
      readonly copyHeaders: readonly boolean[];
    }
  | { readonly permit: false; readonly why: string };

/** Must have resolved before the first `judge`. Loads the PostgreSQL 18 grammar. */
export async function loadGrammar(): Promise<void> {
  await loadModule();
}

const noNames: StatementNames = { prepares: [], executes: [], declares: [], fetches: [] };
const nothing = { permit: true, statements: 0, names: noNames, class: 'session', copyHeaders: [] } as const;

/**
 * Judges the whole text of a Query or Parse message: permitted only if every statement in it is on the list of its mode.
 * It is the second fence and the explanation; the first fence is the role in the database. Defaults deny: what cannot be
 * parsed, what nests too deep and every kind of node that is not known here.
 */
export function judge(mode: AccessMode, sql: string): Verdict {
  if (mode !== 'read')
    return { permit: false, why: `Mode ${mode} has no statement policy yet, so nothing runs in it.` };
  if (sql.includes('\0')) return { permit: false, why: 'The text holds a NUL, after which a parser would not look.' };
  if (sql.trim() === '') return nothing;
  let statements: readonly unknown[];
  try {
    statements = (parseSync(sql).stmts ?? []) as readonly unknown[];
  } catch (fault) {
    return { permit: false, why: `The text is not a statement that PostgreSQL 18 can parse: ${sentence(fault)}` };
  }
  if (statements.length === 0) return nothing;
  const names = { prepares: [], executes: [], declares: [], fetches: [] };
  try {
    for (const statement of statements) judgeStatement(struct(struct(statement)['stmt']), names);
  } catch (fault) {
    if (fault instanceof Denial) return { permit: false, why: fault.message };
    throw fault;
  }
  return {
    permit: true,
    statements: statements.length,
    names,
    class: classOf(statements),
    copyHeaders: copyHeadersOf(statements),
  };
}

const classByKind: ReadonlyMap<string, StatementClass> = new Map([
  ['VariableShowStmt', 'session'],
  ['VariableSetStmt', 'session'],
  ['TransactionStmt', 'session'],
  ['DeallocateStmt', 'session'],
  ['ClosePortalStmt', 'session'],
  ['CopyStmt', 'copy_out'],
]);

/** Bulk reading outweighs reading, reading outweighs what touches no data. */
function classOf(statements: readonly unknown[]): StatementClass {
  const classes = statements.map((statement) => {
    const [kind = ''] = Object.keys(struct(struct(statement)['stmt']));
    return classByKind.get(kind) ?? 'read';
  });
  if (classes.includes('copy_out')) return 'copy_out';
  return classes.includes('read') ? 'read' : 'session';
}

/** Whether each COPY sends a header. What is not surely a header counts as a row: counting one too many is the better mistake. */
function copyHeadersOf(statements: readonly unknown[]): boolean[] {
  return statements.flatMap((statement) => {
    const copy = struct(struct(statement)['stmt'])['CopyStmt'];
    if (copy === undefined) return [];
    const last = list(struct(copy)['options'])
      .map((option) => struct(struct(option)['DefElem']))
      .findLast((option) => text(option['defname']).toLowerCase() === 'header');
    return [last !== undefined && (last['arg'] === undefined || saysTrue(struct(last['arg'])))];
  });
}

/** PostgreSQL's `defGetCopyHeaderOption`: true, on or 1. */
function saysTrue(argument: Tree): boolean {
  if (argument['Boolean'] !== undefined) return struct(argument['Boolean'])['boolval'] === true;
  if (argument['Integer'] !== undefined) return struct(argument['Integer'])['ival'] === 1;
  if (argument['String'] !== undefined) return /^(true|on)$/i.test(text(struct(argument['String'])['sval']));
  return false;
}

type Names = { prepares: string[]; executes: string[]; declares: string[]; fetches: string[] };

function judgeStatement(statement: Tree, names: Names): void {
  const [kind = ''] = Object.keys(statement);
  const body = struct(statement[kind]);
  switch (kind) {
    case 'SelectStmt':
      return walkQuery(statement);
    case 'VariableShowStmt':
      return judgeShow(text(body['name']));
    case 'VariableSetStmt':
      return checkSetting(body);
    case 'TransactionStmt':
      return judgeTransaction(body);
    case 'DeclareCursorStmt':
      if ((Number(body['options'] ?? 0) & withHold) !== 0) {
        throw new Denial('A cursor WITH HOLD keeps rows beyond its transaction; declare it without.');
      }
      names.declares.push(text(body['portalname']));
      return judgeInner(body['query'], 'DECLARE');
    case 'FetchStmt':
      names.fetches.push(text(body['portalname']));
      return;
    case 'ClosePortalStmt':
      if (body['portalname'] !== undefined) names.fetches.push(text(body['portalname']));
      return;
    case 'PrepareStmt':
      names.prepares.push(text(body['name']));
      return judgeInner(body['query'], 'PREPARE', list(body['argtypes']));
    case 'ExecuteStmt':
      names.executes.push(text(body['name']));
      for (const parameter of list(body['params'])) walkQuery(struct(parameter));
      return;
    case 'DeallocateStmt':
      return;
    case 'CopyStmt':
      return judgeCopy(body);
    default:
      throw new Denial(whyNot(kind));
  }
}

const withHold = 0x20;

function judgeInner(query: unknown, of: string, argumentTypes: readonly unknown[] = []): void {
  const inner = struct(query);
  if (!('SelectStmt' in inner))
    throw new Denial(`${of} may only hold a query that reads; this one holds something else.`);
  for (const type of argumentTypes) walkQuery(struct(type));
  walkQuery(inner);
}

function judgeShow(name: string): void {
  const setting = name.toLowerCase();
  if (setting === 'all') throw new Denial('SHOW ALL tells the whole configuration of the server; show one setting.');
  if (!shownSettings.has(setting))
    throw new Denial(`SHOW ${printableName(setting)} is not on the list of settings that may be shown.`);
}

function judgeTransaction(body: Tree): void {
  const kind = text(body['kind']).replace('TRANS_STMT_', '');
  if (/PREPARE|PREPARED/.test(kind))
    throw new Denial('A prepared transaction outlives its session, so it is not allowed.');
  if (!['BEGIN', 'START', 'COMMIT', 'ROLLBACK', 'SAVEPOINT', 'RELEASE', 'ROLLBACK_TO'].includes(kind)) {
    throw new Denial(`The transaction command ${kind} is not on the list of mode read.`);
  }
  checkTransactionOptions(list(body['options']));
}

const copyOptions = new Set(['format', 'header', 'delimiter', 'null', 'quote', 'escape', 'force_quote', 'encoding']);

function judgeCopy(body: Tree): void {
  if (body['is_program'] === true) throw new Denial('COPY PROGRAM runs a command on the database server.');
  if (body['is_from'] === true) throw new Denial('COPY FROM writes rows, and this grant reads.');
  if (body['filename'] !== undefined)
    throw new Denial('COPY to a file writes on the database server; use COPY … TO STDOUT.');
  for (const option of list(body['options'])) {
    const element = struct(struct(option)['DefElem']);
    const name = text(element['defname']).toLowerCase();
    if (!copyOptions.has(name)) throw new Denial(`The COPY option ${printableName(name)} is not on the list.`);
    if (name === 'encoding' && !/^(utf-?8|unicode)$/i.test(text(struct(struct(element['arg'])['String'])['sval']))) {
      throw new Denial('COPY in an encoding other than UTF8 is not allowed.');
    }
  }
  if (body['query'] !== undefined) return judgeInner(body['query'], 'COPY');
  const relation = struct(body['relation']);
  if (
    /^pg_|^information_schema$/.test(text(relation['schemaname'] ?? '')) ||
    text(relation['relname']).startsWith('pg_')
  ) {
    throw new Denial('COPY of a system relation is not allowed; select the columns that you need.');
  }
  walkQuery({ RangeVar: relation });
}

const kinds: ReadonlyMap<string, string> = new Map([
  ['ExplainStmt', 'EXPLAIN shows estimates, which count the rows of every tenant.'],
  ['InsertStmt', 'INSERT writes, and this grant reads.'],
  ['UpdateStmt', 'UPDATE writes, and this grant reads.'],
  ['DeleteStmt', 'DELETE writes, and this grant reads.'],
  ['MergeStmt', 'MERGE writes, and this grant reads.'],
  ['TruncateStmt', 'TRUNCATE writes, and this grant reads.'],
  ['DoStmt', 'DO runs code that the policy cannot see.'],
  ['CallStmt', 'CALL runs a procedure that the policy cannot see.'],
  ['LockStmt', 'LOCK can stop the application of every tenant.'],
  ['ListenStmt', 'LISTEN hears the sessions of other tenants.'],
  ['UnlistenStmt', 'LISTEN and UNLISTEN are not part of reading data.'],
  ['NotifyStmt', 'NOTIFY speaks to the sessions of other tenants.'],
  ['AlterRoleStmt', 'ALTER ROLE changes the role of the grant.'],
  ['AlterRoleSetStmt', 'ALTER ROLE … SET changes the role of the grant beyond this session.'],
  ['DiscardStmt', 'DISCARD changes the identity and the settings of the session.'],
  ['LoadStmt', 'LOAD runs a library inside the database server.'],
  ['AlterSystemStmt', 'ALTER SYSTEM changes the configuration of the server.'],
  ['VacuumStmt', 'VACUUM and ANALYZE maintain the tables of every tenant.'],
  ['CheckPointStmt', 'CHECKPOINT administers the server.'],
  ['CreateTableAsStmt', 'CREATE TABLE AS and SELECT INTO write a table, and this grant reads.'],
  ['GrantStmt', 'GRANT and REVOKE change rights.'],
  ['GrantRoleStmt', 'GRANT and REVOKE change rights.'],
  ['ConstraintsSetStmt', 'SET CONSTRAINTS is part of writing.'],
]);

function whyNot(kind: string): string {
  const known = kinds.get(kind);
  if (known !== undefined) return known;
  if (
    /^(Create|Alter|Drop|Rename|Comment|Define|Index|View|Rule|Refresh|Reindex|Cluster|SecLabel|Import|Reassign)/.test(
      kind,
    )
  ) {
    return `${kind} changes the schema, and this grant reads.`;
  }
  return `${kind} is not on the list of statements of mode read.`;
}

/** A name from a statement as a sentence may show it. */
function printableName(name: string): string {
  return /^[\w.]{1,63}$/.test(name) ? name : 'of this name';
}

function sentence(fault: unknown): string {
  const message = fault instanceof Error ? fault.message : 'the parser stopped.';
  return /memory|stack|recursion/i.test(message) ? 'it nests too deep.' : 'its syntax is not known.';
}
