import {
  catalogRelations,
  countingColumns,
  deniedFunctions,
  lengthMakingFunctions,
  longestMadeText,
  readFunctions,
  schemaRelations,
  shownSettings,
} from './statement-lists.ts';
import { Denial, type Tree, list, nameOf, struct, text } from './statement-reading.ts';

/** Kinds of nodes that a query may consist of. A kind that is not here is denied wherever it stands. */
const queryNodes = new Set(
  `SelectStmt RangeVar RangeSubselect RangeFunction JoinExpr ResTarget ColumnRef A_Star A_Const A_Expr BoolExpr NullTest
   BooleanTest CaseExpr CaseWhen CoalesceExpr MinMaxExpr SubLink TypeCast TypeName CollateClause FuncCall NamedArgExpr
   ParamRef SortBy WindowDef GroupingSet GroupingFunc CommonTableExpr CTESearchClause CTECycleClause A_ArrayExpr
   A_Indirection A_Indices RowExpr SQLValueFunction List String Integer Float Boolean BitString ColumnDef DefElem
   LockingClause JsonFormat JsonReturning JsonValueExpr JsonOutput JsonKeyValue JsonObjectConstructor
   JsonArrayConstructor JsonArrayQueryConstructor JsonIsPredicate JsonObjectAgg JsonArrayAgg JsonAggConstructor`.split(
    /\s+/,
  ),
);

/** What one walk has seen of pg_class, whose counts belong to every tenant together. */
type Sightings = {
  readonly countedNames: Set<string>;
  readonly columns: string[][];
  readonly qualifiedStars: string[];
  readonly attributes: string[];
  readonly usings: string[];
  catalogued: boolean;
  bareStar: boolean;
  indirectStar: boolean;
  natural: boolean;
  renamed: boolean;
};

/**
 * Walks a query from its root with a list, not by recursion: depth costs nothing. Throws `Denial` at the first node,
 * function or relation that mode read does not know, and at INTO and FOR UPDATE, which are fields and not nodes.
 */
export function walkQuery(root: Tree): void {
  const seen: Sightings = {
    countedNames: new Set(),
    columns: [],
    qualifiedStars: [],
    attributes: [],
    usings: [],
    catalogued: false,
    bareStar: false,
    indirectStar: false,
    natural: false,
    renamed: false,
  };
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value) open.push(item);
      continue;
    }
    for (const [field, content] of Object.entries(value)) {
      if (/^[A-Z]/.test(field)) visit(field, struct(content), seen);
      else if (field === 'larg' || field === 'rarg' || field === 'query') visitSelect(content, seen);
      else refuseClause(field, content);
      open.push(content);
    }
  }
  checkCounts(seen);
}

function visit(kind: string, node: Tree, seen: Sightings): void {
  if (!queryNodes.has(kind)) {
    if (/^(Insert|Update|Delete|Merge)Stmt$/.test(kind))
      throw new Denial('A WITH query that writes is part of this one, and this grant reads.');
    if (kind.startsWith('Xml')) throw new Denial('XML expressions are not on the list of mode read.');
    if (kind === 'RangeTableSample') throw new Denial('TABLESAMPLE works on the pages of every tenant together.');
    throw new Denial(`${kind} is not on the list of what a query of mode read may hold.`);
  }
  switch (kind) {
    case 'SelectStmt':
      return visitSelect(node, seen);
    case 'FuncCall':
      return checkFunction(node);
    case 'RangeVar':
      return checkRelation(node, seen);
    case 'ColumnRef':
      return visitColumn(node, seen);
    case 'A_Indirection':
      return visitIndirection(node, seen);
    case 'JoinExpr':
      return visitJoin(node, seen);
    case 'LockingClause':
      throw new Denial('FOR UPDATE and FOR SHARE lock rows of the application, and this grant reads.');
  }
}

function refuseClause(field: string, content: unknown): void {
  if (field === 'intoClause') throw new Denial('SELECT INTO writes a table, and this grant reads.');
  if (field === 'lockingClause' && list(content).length > 0) {
    throw new Denial('FOR UPDATE and FOR SHARE lock rows of the application, and this grant reads.');
  }
}

function visitSelect(content: unknown, seen: Sightings): void {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return;
  const node = content as Tree;
  const direct: unknown[] = [...list(node['fromClause'])];
  let counted = false;
  while (direct.length > 0) {
    const item = struct(direct.pop());
    if ('JoinExpr' in item) {
      const join = struct(item['JoinExpr']);
      direct.push(join['larg'], join['rarg']);
    } else if ('RangeVar' in item) counted ||= isCounted(struct(item['RangeVar']));
  }
  if (!counted) return;
  for (const target of list(node['targetList'])) {
    const value = struct(struct(struct(target)['ResTarget'] ?? {})['val'] ?? {});
    if (!('ColumnRef' in value)) continue;
    const fields = list(struct(value['ColumnRef'])['fields']);
    if (fields.length === 1 && 'A_Star' in struct(fields[0])) seen.bareStar = true;
  }
}

function checkFunction(node: Tree): void {
  const name = nameOf(node['funcname']);
  const last = name.at(-1) ?? '';
  const expandsArray = name.join('.') === 'information_schema._pg_expandarray';
  if (expandsArray) return;
  if (name.length > 2 || (name.length === 2 && name[0] !== 'pg_catalog')) {
    throw new Denial(`The function ${shown(name)} is not one of pg_catalog; only those on the list are known.`);
  }
  if (!readFunctions.has(last)) {
    const reason = deniedFunctions.find(([pattern]) => pattern.test(last))?.[1];
    throw new Denial(
      reason === undefined
        ? `The function ${shown(name)} is not on the list of mode read.`
        : `The function ${shown(name)} is not allowed: ${reason}.`,
    );
  }
  const args = list(node['args']);
  if (last === 'current_setting') return checkShown(args[0]);
  if (lengthMakingFunctions.has(last)) checkLength(last, args[1]);
}

function checkShown(argument: unknown): void {
  const constant = argument === undefined ? {} : struct(argument);
  const sval = 'A_Const' in constant ? struct(constant['A_Const'])['sval'] : undefined;
  const setting = sval === undefined ? '' : text(struct(sval)['sval'] ?? '').toLowerCase();
  if (!shownSettings.has(setting))
    throw new Denial('current_setting needs the written name of a setting that SHOW may show.');
}

function checkLength(name: string, argument: unknown): void {
  const constant = argument === undefined ? {} : struct(argument);
  const ival = 'A_Const' in constant ? struct(constant['A_Const'])['ival'] : undefined;
  const length = ival === undefined ? Number.POSITIVE_INFINITY : Number(struct(ival)['ival'] ?? 0);
  if (length > longestMadeText) throw new Denial(`${name} needs a written length of at most ${longestMadeText}.`);
}

function checkRelation(node: Tree, seen: Sightings): void {
  const relation = text(node['relname']);
  const schema = node['schemaname'] === undefined ? '' : text(node['schemaname']);
  if (schema === 'information_schema') {
    if (!schemaRelations.has(relation))
      throw new Denial(`information_schema.${shown([relation])} is not on the list of mode read.`);
    return;
  }
  if (schema !== 'pg_catalog' && schema.startsWith('pg_'))
    throw new Denial('Toast and temporary schemas are not read.');
  const catalogued = schema === 'pg_catalog' || (schema === '' && relation.startsWith('pg_'));
  if (!catalogued) return;
  if (!catalogRelations.has(relation))
    throw new Denial(`The system relation ${shown([relation])} is not on the list of mode read.`);
  if (!isCounted(node)) return;
  seen.catalogued = true;
  seen.countedNames.add(relation);
  const alias = node['alias'] === undefined ? {} : struct(node['alias']);
  if (alias['aliasname'] !== undefined) seen.countedNames.add(text(alias['aliasname']));
  if (list(alias['colnames']).length > 0) seen.renamed = true;
}

function isCounted(node: Tree): boolean {
  const schema = node['schemaname'];
  return node['relname'] === 'pg_class' && (schema === undefined || schema === 'pg_catalog');
}

function visitColumn(node: Tree, seen: Sightings): void {
  const fields = list(node['fields']).map((field) => struct(field));
  const last = fields.at(-1);
  const names = fields.filter((field) => 'String' in field).map((field) => text(struct(field['String'])['sval'] ?? ''));
  if (last !== undefined && 'A_Star' in last) {
    const qualifier = names.at(-1);
    if (qualifier !== undefined) seen.qualifiedStars.push(qualifier);
    return;
  }
  seen.columns.push(names);
}

function visitIndirection(node: Tree, seen: Sightings): void {
  for (const step of list(node['indirection'])) {
    const part = struct(step);
    if ('A_Star' in part) seen.indirectStar = true;
    if (!('String' in part)) continue;
    const attribute = text(struct(part['String'])['sval'] ?? '');
    // PostgreSQL reads (value).name as name(value), for any type and for the application's functions too.
    if (!attributeIsHarmless(node, attribute)) {
      throw new Denial(
        `The attribute ${shown([attribute])} could call a function that is not on the list; name a column instead.`,
      );
    }
    seen.attributes.push(attribute);
  }
}

function attributeIsHarmless(node: Tree, attribute: string): boolean {
  if (attribute === 'current_setting' || lengthMakingFunctions.has(attribute)) return false;
  if (readFunctions.has(attribute)) return true;
  const of = struct(node['arg']);
  if (!('FuncCall' in of) || !/^[nx]$/.test(attribute)) return false;
  return nameOf(struct(of['FuncCall'])['funcname']).join('.') === 'information_schema._pg_expandarray';
}

function visitJoin(node: Tree, seen: Sightings): void {
  if (node['isNatural'] === true) seen.natural = true;
  for (const column of list(node['usingClause'])) seen.usings.push(text(struct(struct(column)['String'])['sval']));
  const alias = node['alias'] === undefined ? {} : struct(node['alias']);
  if (alias['aliasname'] !== undefined) seen.countedNames.add(text(alias['aliasname']));
  if (list(alias['colnames']).length > 0) seen.renamed = true;
}

function checkCounts(seen: Sightings): void {
  if (!seen.catalogued) return;
  const why = 'pg_class counts the rows of every tenant together, so it is read by named columns without its counts';
  const counted =
    seen.bareStar ||
    seen.indirectStar ||
    seen.natural ||
    seen.renamed ||
    seen.qualifiedStars.some((name) => seen.countedNames.has(name)) ||
    seen.attributes.some((name) => countingColumns.has(name)) ||
    seen.usings.some((name) => countingColumns.has(name)) ||
    seen.columns.some((names) => countingColumns.has(names.at(-1) ?? '') || seen.countedNames.has(names.at(-1) ?? ''));
  if (counted) throw new Denial(`${why}.`);
}

function shown(name: readonly string[]): string {
  const joined = name.join('.');
  return /^[\w.]{1,127}$/.test(joined) ? joined : 'of this name';
}
