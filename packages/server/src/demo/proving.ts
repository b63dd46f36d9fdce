import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type DirectoryStatements,
  entryBundlePath,
  type LogReport,
  type Opening,
  parseOpening,
  parseVkey,
  policyOf,
  readFolder,
  type ReadFile,
  replayDecisions,
  replayStatements,
  type SignedStatement,
  tileWidth,
  verifyBundle,
  verifyLog,
} from '@gatehouse/verifier';
import { found, type Figures, ms, shows, type Stage } from './story.ts';

/** What the customer saved, and where the evidence in it points. */
export type Saved = { readonly folder: string; readonly origin: string; readonly intent: number };

/** Step: the customer takes its log home and checks it there, with nothing of the server. */
export async function verifierSaysOk(
  stage: Stage,
  intent: number,
): Promise<Figures & Pick<Saved, 'folder' | 'origin'>> {
  const { people, tell, stopwatch, rootVkey } = stage;
  const { logId } = await people.ada.get<{ logId: string }>('/api/v1/tenants/acme');
  const origin = `${rootVkey.split('+')[0]?.replace(/\/root$/, '')}/t/${logId}`;
  const folder = join(stage.customerFolder, 'acme-log');
  await save(stage, { logId, origin, folder, intent });

  const startedAt = stopwatch();
  const { report, openings } = await checkFolder(folder, origin);
  shows(report.ok, `expected the log to verify, found: ${report.findings[0]?.message ?? 'nothing'}`);
  const decisions = replayDecisions(report);
  shows(
    decisions.findings.length === 0,
    `expected every decision to be decided alike: ${decisions.findings[0]?.message ?? ''}`,
  );
  const statements = await replayStatements({
    opened: report.opened,
    operator: await readOperator(folder),
    deployment: rootVkey,
  });
  shows(statements.findings.length === 0, `expected every signature to hold: ${statements.findings[0]?.message ?? ''}`);
  shows(statements.checked > 0 && statements.unchecked === 0, 'expected the signatures of every grant to be checked');
  await checkBundle(folder, rootVkey, intent);
  const took = ms(stopwatch() - startedAt);
  tell(
    `Ada Acker, acme's administrator, has saved her log to ${folder} and disconnects. Her verifier reads files only:`,
  );
  tell(`  OK: ${report.size} entries, none missing, all hash to the signed root ${report.root ?? ''}`);
  tell(
    `  OK: ${openings} payloads are the ones committed to; ${decisions.counts.same} decisions decided again, 0 differ`,
  );
  tell(`  OK: ${statements.checked} grant opened with the signatures of Emil, Maria and Arno, and with nothing less`);
  tell(`  OK: the evidence bundle of entry ${intent} leads to the public root (${took} ms for all of it)`);
  return { folder, origin, entries: report.size, decisions: decisions.counts.same, milliseconds: took };
}

/** Step: one byte of a copy is changed, and the verifier names the entry. */
export async function tamperingIsNamed(stage: Stage, { folder, origin, intent }: Saved): Promise<Figures> {
  const copy = `${folder}-changed`;
  await rm(copy, { recursive: true, force: true });
  await cp(folder, copy, { recursive: true });
  const { file, offset, before, after } = await changeOneByte(copy, intent);
  const { report } = await checkFolder(copy, origin);
  const named = report.findings.find(({ code, index }) => code === 'ENTRY_CHANGED' && index === intent);
  shows(
    !report.ok && named !== undefined,
    `expected entry ${intent} to be named, found: ${report.findings[0]?.message ?? 'nothing'}`,
  );
  stage.tell(`Somebody changes one byte of a copy: in ${file}, byte ${offset} from "${before}" to "${after}".`);
  stage.tell(`  FAILED: ${named.message}`);
  return { entry: intent, offset };
}

/** Fetches everything that the verifier asks for, once, and keeps it. */
async function save(stage: Stage, log: Saved & { readonly logId: string }): Promise<void> {
  const { ada } = stage.people;
  await rm(log.folder, { recursive: true, force: true });
  const bundle = await found(stage, 'the epoch that holds the entry', () =>
    ada.bytes(`/api/v1/tenants/acme/log/${log.intent}/bundle`),
  );
  await keep(log.folder, 'bundle.json', bundle);
  const keeping: ReadFile = async (path) => {
    const bytes = await ada.bytes(`/log/t/${log.logId}/${path}`);
    if (bytes !== null) await keep(log.folder, path, bytes);
    return bytes;
  };
  // Reading it once through `keeping` saves exactly what a verification needs; the check that counts is on the files.
  await found(stage, 'a checkpoint that covers the entry', async () => {
    const { size, ok } = await verifyLog({ read: keeping, originOrVkey: log.origin, tiles: true });
    return ok && size > log.intent + 1 ? size : null;
  });
  const openings = await ada.get<{ items: readonly { seq: number; payload: string; salt: string }[] }>(
    '/api/v1/tenants/acme/log/openings?limit=1000',
  );
  await keep(log.folder, 'openings.json', Buffer.from(JSON.stringify(openings.items)));
  await keep(log.folder, 'operator.json', Buffer.from(JSON.stringify(await ada.get('/api/v1/directories/operator'))));
}

async function checkFolder(folder: string, origin: string): Promise<{ report: LogReport; openings: number }> {
  const openings = await readOpenings(folder);
  const report = await verifyLog({ read: readFolder(folder), originOrVkey: origin, tiles: true, openings });
  return { report, openings: openings.size };
}

async function readOpenings(folder: string): Promise<ReadonlyMap<number, Opening>> {
  const items = JSON.parse(await readFile(join(folder, 'openings.json'), 'utf8')) as { seq: number }[];
  return new Map(
    items.map(({ seq, ...opening }) => {
      const parsed = parseOpening(opening as never);
      shows(parsed.ok, `expected the opening of entry ${seq} to be readable`);
      return [seq, parsed.value] as const;
    }),
  );
}

async function readOperator(folder: string): Promise<DirectoryStatements> {
  const text = await readFile(join(folder, 'operator.json'), 'utf8');
  const { statements } = JSON.parse(text) as { statements: readonly SignedStatement[] };
  return statements.map((statement) => ({ statement, time: null }));
}

async function checkBundle(folder: string, rootVkey: string, intent: number): Promise<void> {
  const key = parseVkey(rootVkey);
  shows(key.ok, 'expected the key of the root log to be readable');
  const text = await readFile(join(folder, 'bundle.json'), 'utf8');
  const checked = await verifyBundle(text, { policy: policyOf({ logs: [key.value] }) });
  shows(checked.ok, `expected the evidence bundle to verify: ${checked.ok ? '' : checked.finding.message}`);
  shows(checked.value.entry.seq === intent, `expected the bundle of entry ${intent}`);
}

/** Changes one letter of the commitment of entry `seq` in the files of `folder`. */
async function changeOneByte(folder: string, seq: number) {
  const checkpoint = await readFile(join(folder, 'checkpoint'), 'utf8');
  const size = Number(checkpoint.split('\n')[1]);
  const bundle = Math.floor(seq / tileWidth);
  const file = entryBundlePath(bundle, Math.min(tileWidth, size - bundle * tileWidth));
  const bytes = await readFile(join(folder, file));
  // An entry bundle is each entry behind its length in two bytes (C2SP tlog-tiles).
  let start = 0;
  for (let index = bundle * tileWidth; index < seq; index += 1) start += 2 + bytes.readUInt16BE(start);
  const offset = bytes.indexOf('"cmt":"', start) + '"cmt":"'.length;
  const before = String.fromCharCode(bytes[offset] ?? 0);
  const after = before === 'A' ? 'B' : 'A';
  bytes.write(after, offset, 'latin1');
  await writeFile(join(folder, file), bytes);
  return { file, offset, before, after };
}

async function keep(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, bytes);
}
