import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Caller, deploymentOf, tenantOf } from '../caller.ts';
import { type Family, example, wholeNumber } from '../desk.ts';
import { CliFailure } from '../failure.ts';
import { logLine, payloadLines } from '../log-words.ts';
import { type Answer, shown } from '../output.ts';
import { countOf, type Fields, fieldsOf, listOf, textOf } from '../reading.ts';
import { copiedFiles, servedFiles } from '../verification/files.ts';
import { Report } from '../verification/report.ts';
import { verifyTenant } from '../verification/tenant.ts';

type TenantFlag = { readonly tenant?: string };
type ListFlags = TenantFlag & { readonly after?: number; readonly limit: number };
type ShowFlags = TenantFlag & { readonly seq: number; readonly bundle?: boolean };
type TailFlags = TenantFlag & { readonly limit: number; readonly follow?: boolean };
type ExportFlags = TenantFlag & { readonly out: string };

const seqMost = Number.MAX_SAFE_INTEGER;

/** The verbs that read a customer's own log. */
export const logVerbs: Family = (program, desk) => {
  const log = program.command('log').description("read your company's access log: list, show, tail, export");
  const whose = ['--tenant <tenant>', 'whose log; by default your own company'] as const;

  const list = log
    .command('list')
    .description('list entries, oldest first')
    .option(...whose)
    .option('--after <seq>', 'only entries after this one', wholeNumber('--after', 0, seqMost))
    .option('--limit <count>', 'how many at most', wholeNumber('--limit', 1, 100_000), 100)
    .action((flags: ListFlags) => desk.asCaller((caller) => listEntries(caller, flags)));
  example(list, '--as admin@acme.example log list --tenant acme');

  const show = log
    .command('show')
    .description('show one entry with its content, or the evidence bundle that proves it to others')
    .option(...whose)
    .requiredOption('--seq <seq>', 'the number of the entry', wholeNumber('--seq', 0, seqMost))
    .option('--bundle', 'print the evidence bundle, to be checked with: gatehouse verify --bundle FILE')
    .action((flags: ShowFlags) => desk.asCaller((caller) => showEntry(caller, flags)));
  example(show, '--as admin@acme.example log show --tenant acme --seq 12 --bundle > entry-12.bundle.json');

  const tail = log
    .command('tail')
    .description('show the newest entries, and with --follow those to come')
    .option(...whose)
    .option('--limit <count>', 'how many at most', wholeNumber('--limit', 1, 1000), 20)
    .option('--follow', 'go on with new entries as they come, until Ctrl-C')
    .action((flags: TailFlags) => desk.asCaller((caller) => tailEntries(caller, flags)));
  example(tail, '--as admin@acme.example log tail --follow');

  const exported = log
    .command('export')
    .description('write the whole log with everything that its verification needs, and verify it on the way')
    .option(...whose)
    .requiredOption('--out <folder>', 'a folder that is empty or not there yet')
    .action((flags: ExportFlags) => desk.asCaller((caller) => exportLog(caller, flags)));
  example(exported, '--as admin@acme.example log export --tenant acme --out ./acme-log', 'verify --export ./acme-log');
};

const pageMost = 1000;

type Page = { readonly items: readonly Fields[]; readonly size: number };

async function readPage({ client }: Caller, tenant: string, after: number, limit: number): Promise<Page> {
  const query = new URLSearchParams({ after: String(after), limit: String(limit) });
  const page = fieldsOf(await client.get(`/api/v1/tenants/${encodeURIComponent(tenant)}/log?${query.toString()}`));
  return { items: listOf(page, 'items'), size: countOf(page, 'size') };
}

async function listEntries(caller: Caller, flags: ListFlags): Promise<Answer> {
  const tenant = await tenantOf(caller, flags.tenant);
  const items: Fields[] = [];
  for (let after = flags.after ?? -1; items.length < flags.limit; ) {
    const page = await readPage(caller, tenant, after, Math.min(pageMost, flags.limit - items.length));
    items.push(...page.items);
    const last = page.items.at(-1);
    if (last === undefined) break;
    after = countOf(last, 'seq');
  }
  return shown({ items }, items.map(logLine).join('\n'));
}

async function showEntry(caller: Caller, { seq, bundle, ...flags }: ShowFlags): Promise<Answer> {
  const tenant = await tenantOf(caller, flags.tenant);
  if (bundle === true) {
    const made = await readBundle(caller, tenant, seq);
    return shown(made, JSON.stringify(made, null, 2));
  }
  const [entry] = (await readPage(caller, tenant, seq - 1, 1)).items;
  if (entry === undefined) throw new CliFailure('entry_unknown', `The log of ${tenant} has no entry ${seq}.`);
  return shown(entry, `${logLine(entry)}\n${payloadLines(entry)}`);
}

/** A fresh entry is in no epoch for a second; the bundle is there after the next one (LOG-SPEC 8.2). */
async function readBundle({ client, surroundings }: Caller, tenant: string, seq: number): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await client.get(`/api/v1/tenants/${encodeURIComponent(tenant)}/log/${seq}/bundle`);
    } catch (cause) {
      if (!(cause instanceof CliFailure) || cause.code !== 'entry_not_in_epoch' || tries === 10) throw cause;
      await surroundings.pause(1000);
    }
  }
}

async function tailEntries(caller: Caller, flags: TailFlags): Promise<Answer> {
  const { settings, surroundings } = caller;
  if (flags.follow === true && settings.json) {
    throw new CliFailure('usage', '--follow has no end and --json prints one document; leave out one of them.', 2);
  }
  const tenant = await tenantOf(caller, flags.tenant);
  const { size } = await readPage(caller, tenant, -1, 1);
  let { items } = await readPage(caller, tenant, Math.max(-1, size - 1 - flags.limit), flags.limit);
  if (flags.follow !== true) return shown({ items }, items.map(logLine).join('\n'));
  for (let after = size - 1; ; ) {
    for (const item of items) surroundings.print(`${logLine(item)}\n`);
    const last = items.at(-1);
    if (last !== undefined) after = countOf(last, 'seq');
    await surroundings.pause(1000);
    ({ items } = await readPage(caller, tenant, after, pageMost));
  }
}

async function exportLog(caller: Caller, flags: ExportFlags): Promise<Answer> {
  const { client, trust, surroundings } = caller;
  const tenant = await tenantOf(caller, flags.tenant);
  const vkey = deploymentOf(caller);
  const { logId } = fieldsOf(await client.get(`/api/v1/tenants/${encodeURIComponent(tenant)}`)) as { logId?: unknown };
  const id = textOf({ logId }, 'logId');
  if (!/^[0-9a-f]{32}$/.test(id))
    throw new CliFailure('server_answer', 'The server named a log whose id is not 32 hex digits.');
  await requireEmpty(flags.out);
  const report = new Report();
  const claim = {
    tenant,
    logId: id,
    trusted: { vkey, witnesses: [], quorum: 0 },
    rootBefore: null,
    logBefore: null,
    replay: true,
  };
  const verified = await verifyTenant(
    copiedFiles(servedFiles(client, tenant), flags.out),
    {
      ...claim,
      operatorGenesis: trust.root()?.operatorGenesis ?? null,
      now: surroundings.now(),
      pause: surroundings.pause,
    },
    report,
  );
  const about = {
    v: 1,
    tenant,
    logId: id,
    vkey,
    exportedAt: new Date(surroundings.now()).toISOString(),
    entries: verified?.log.size ?? 0,
  };
  await writeFile(join(flags.out, 'export.json'), `${JSON.stringify(about, null, 2)}\n`);
  report.held(
    `Everything is in ${flags.out}; verify it again without a server with: gatehouse verify --export ${flags.out} --vkey ${vkey}`,
  );
  return report.answer(`the export of the log of ${tenant}`, { ...about, out: flags.out });
}

async function requireEmpty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length === 0) return;
  throw new CliFailure(
    'folder_not_empty',
    `The folder ${folder} is not empty; expected an empty one, so that nothing old is mistaken for the log.`,
  );
}
