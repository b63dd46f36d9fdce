import type { Caller } from '../caller.ts';
import { type Family, example } from '../desk.ts';
import { CliFailure } from '../failure.ts';
import { type Answer, shown } from '../output.ts';
import { countOf, type Fields, fieldsOf, listOf, textOf, textOrNullOf } from '../reading.ts';
import { columns, counted, plain, plainLines, time } from '../words.ts';

type ClassifyFlags = {
  readonly acceptSuggestions?: boolean;
  readonly table?: readonly string[];
  readonly tenantTable?: string;
};

/** The verbs about the databases to protect. Adoption is the security officers' act. */
export const sourceVerbs: Family = (program, desk) => {
  const source = program.command('source').description('databases to protect: adopt, examine, give back');

  const add = source
    .command('add <name>')
    .description('register a PostgreSQL database; nothing in it is changed')
    .requiredOption(
      '--url <url>',
      "an administrator's address of it; - reads it from stdin, away from the process list",
    )
    .option('--tenant-table <table>', 'the table whose keys are the customers, as table or table:column')
    .action((name: string, flags: { url: string; tenantTable?: string }) =>
      desk.asCaller((caller) => addSource(caller, name, flags)),
    );
  example(add, 'source add shop --url postgresql://postgres@db.internal/shop --tenant-table customers');

  const list = source
    .command('list')
    .description('list the databases')
    .action(() => desk.asCaller(listSources));
  example(list, 'source list');

  const show = source
    .command('show <name>')
    .description('show a database, and what each of its tables looks like and is classified as')
    .action((name: string) => desk.asCaller((caller) => showSource(caller, name)));
  example(show, 'source show shop');

  const classify = source
    .command('classify <name>')
    .description('say of each table whose data it holds; the classification is logged for every customer it touches')
    .option('--accept-suggestions', 'take what gatehouse source show suggests; what is unsure stays refused')
    .option(
      '--table <table=treatment>',
      'tenant:COLUMN, path:FOREIGN_KEY, reference or refused; may be repeated',
      append,
    )
    .option('--tenant-table <table>', 'the table whose keys are the customers, as table or table:column')
    .action((name: string, flags: ClassifyFlags) => desk.asCaller((caller) => classifySource(caller, name, flags)));
  example(classify, 'source classify shop --accept-suggestions --table audit_trail=refused');

  const plan = source
    .command('plan <name>')
    .description('print as SQL what apply would do; changes nothing')
    .option('--no-measure', 'leave out what row security costs the application, which is measured on copies')
    .action((name: string, flags: { measure: boolean }) =>
      desk.asCaller((caller) => planSource(caller, name, flags.measure)),
    );
  example(plan, 'source plan shop');

  const apply = source
    .command('apply <name>')
    .description('do what the plan says, in one transaction, or nothing')
    .option('--plan <hash>', 'only if the plan is still this one')
    .option('--accept-app-changes', 'accept what the plan says will change for the application')
    .action((name: string, flags: { plan?: string; acceptAppChanges?: boolean }) =>
      desk.asCaller((caller) => applySource(caller, name, flags)),
    );
  example(apply, 'source apply shop');

  const undo = source
    .command('undo <name>')
    .description('put schema, rights and roles back as they were')
    .action((name: string) => desk.asCaller((caller) => undoSource(caller, name)));
  example(undo, 'source undo shop');

  const doctor = source
    .command('doctor <name>')
    .description('examine the wall in a database: what leaks, what is missing; exit 1 if access must stay closed')
    .action((name: string) => desk.asCaller((caller) => examineSource(caller, name)));
  example(doctor, 'source doctor shop');
};

function append(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

function pathOf(name: string, rest = ''): string {
  return `/api/v1/sources/${encodeURIComponent(name)}${rest}`;
}

async function addSource(caller: Caller, name: string, flags: { url: string; tenantTable?: string }): Promise<Answer> {
  const url = flags.url === '-' ? (await caller.surroundings.readInput()).trim() : flags.url;
  const added = fieldsOf(
    await caller.client.post('/api/v1/sources', { name, url, tenantTable: flags.tenantTable ?? null }),
  );
  return shown(
    added,
    `The database ${plain(textOf(added, 'database'))} is registered as ${plain(name)}. Next: gatehouse source show ${plain(name)}`,
  );
}

async function listSources({ client }: Caller): Promise<Answer> {
  const items = listOf(fieldsOf(await client.get('/api/v1/sources')), 'items');
  const rows = items.map((item) => [
    plain(textOf(item, 'name')),
    plain(textOf(item, 'database')),
    readiness(item),
    `since ${time(textOf(item, 'registeredAt'))}`,
  ]);
  return shown(
    { items },
    items.length === 0 ? 'No database is registered. Add one with: gatehouse source add NAME --url URL' : columns(rows),
  );
}

function readiness(source: Fields): string {
  const [newest, applied] = [
    textOrNullOf(source, 'classificationHash'),
    textOrNullOf(source, 'appliedClassificationHash'),
  ];
  if (newest === null) return 'not classified';
  if (applied === null) return 'classified, not applied';
  return applied === newest ? 'protected' : 'protected, with a newer classification to apply';
}

async function showSource({ client }: Caller, name: string): Promise<Answer> {
  const answer = fieldsOf(await client.get(pathOf(name)));
  const source = fieldsOf(answer['source'], 'source');
  const filed =
    answer['classification'] === null
      ? null
      : fieldsOf(fieldsOf(answer['classification'])['classification'], 'classification');
  const classified = new Map(
    (filed === null ? [] : listOf(filed, 'tables')).map((table) => [
      tableName(table),
      treatmentWords(table['treatment']),
    ]),
  );
  const rows = listOf(answer, 'proposals').map((proposal) => [
    tableName(proposal),
    classified.get(tableName(proposal)) ?? 'not classified',
    `suggested: ${treatmentWords(proposal['treatment'])}`,
    plain(textOf(proposal, 'reason')),
  ]);
  const head = `${plain(textOf(source, 'name'))} is the database ${plain(textOf(source, 'database'))}: ${readiness(source)}.`;
  return shown(answer, `${head}\n${columns(rows)}`);
}

function tableName(table: Fields): string {
  return plain(`${textOf(table, 'schema')}.${textOf(table, 'table')}`);
}

function treatmentWords(value: unknown): string {
  const treatment = fieldsOf(value, 'treatment');
  const kind = textOf(treatment, 'kind');
  if (kind !== 'tenant') return plain(kind);
  return plain(
    treatment['by'] === 'path' ? `path:${textOf(treatment, 'foreignKey')}` : `tenant:${textOf(treatment, 'column')}`,
  );
}

async function classifySource({ client }: Caller, name: string, flags: ClassifyFlags): Promise<Answer> {
  const assign = (flags.table ?? []).map(assignment);
  if (flags.acceptSuggestions !== true && assign.length === 0 && flags.tenantTable === undefined) {
    throw new CliFailure(
      'flag_missing',
      `Nothing was said about any table; expected --accept-suggestions or --table T=TREATMENT. See the suggestions with: gatehouse source show ${plain(name)}`,
      2,
    );
  }
  const answer = fieldsOf(
    await client.post(pathOf(name, '/classification'), {
      acceptSuggestions: flags.acceptSuggestions === true,
      assign,
      tenantTable: flags.tenantTable ?? null,
    }),
  );
  const tables = listOf(fieldsOf(answer['classification'], 'classification'), 'tables');
  const rows = tables.map((table) => [tableName(table), treatmentWords(table['treatment'])]);
  return shown(
    answer,
    `${columns(rows)}\n${counted(tables.length, 'table')} classified (${plain(textOf(answer, 'hash'))}). Next: gatehouse source plan ${plain(name)}`,
  );
}

function assignment(text: string): { table: string; treatment: string } {
  const at = text.lastIndexOf('=');
  if (at > 0 && at < text.length - 1) return { table: text.slice(0, at), treatment: text.slice(at + 1) };
  throw new CliFailure(
    'flag_invalid',
    `--table is ${JSON.stringify(text)}; expected TABLE=tenant:COLUMN, TABLE=path:FOREIGN_KEY, TABLE=reference or TABLE=refused.`,
    2,
  );
}

async function planSource({ client }: Caller, name: string, measure: boolean): Promise<Answer> {
  const plan = fieldsOf(await client.get(pathOf(name, `/plan?measure=${measure}`)));
  return shown(plan, plainLines(textOf(plan, 'sql')));
}

async function applySource(
  { client }: Caller,
  name: string,
  flags: { plan?: string; acceptAppChanges?: boolean },
): Promise<Answer> {
  const body = { planHash: flags.plan ?? null, acceptAppChanges: flags.acceptAppChanges === true };
  const applied = fieldsOf(await client.post(pathOf(name, '/apply'), body));
  return shown(
    applied,
    `${plain(name)} is protected: ${counted(countOf(applied, 'tenants'), 'customer')} mapped, plan ${plain(textOf(applied, 'planHash'))}. Check it with: gatehouse source doctor ${plain(name)}`,
  );
}

async function undoSource({ client }: Caller, name: string): Promise<Answer> {
  const undone = fieldsOf(await client.post(pathOf(name, '/undo'), {}));
  return shown(
    undone,
    `${plain(name)} is as it was before: ${counted(countOf(undone, 'statements'), 'statement')} undone.`,
  );
}

async function examineSource({ client }: Caller, name: string): Promise<Answer> {
  const diagnosis = fieldsOf(await client.get(pathOf(name, '/doctor')));
  const findings = listOf(diagnosis, 'findings').map(
    (finding) =>
      `${plain(textOf(finding, 'severity'))}: ${plain(textOf(finding, 'message'))} (${plain(textOf(finding, 'code'))})`,
  );
  const ok = diagnosis['ok'] === true;
  const verdict = `${plain(name)} is ${ok ? 'sound' : 'not sound: no access is opened'}, tier ${plain(textOf(diagnosis, 'tier'))}.`;
  const failure = ok
    ? undefined
    : new CliFailure(
        'source_not_sound',
        `The database ${plain(name)} would leak or has changed; nothing is opened until the errors above are gone.`,
      );
  return shown(diagnosis, [...findings, verdict].join('\n'), failure);
}
