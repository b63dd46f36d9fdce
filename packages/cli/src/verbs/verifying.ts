import { verifyBundle } from '@gatehouse/verifier';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { discover } from '../address.ts';
import { type Caller, deploymentOf, type Settings, tell, tenantOf } from '../caller.ts';
import { type Family, example, wholeNumber } from '../desk.ts';
import { CliFailure } from '../failure.ts';
import type { Answer } from '../output.ts';
import { fieldsOf, textOf } from '../reading.ts';
import type { Surroundings } from '../surroundings.ts';
import { Trust } from '../trust.ts';
import { exportedFiles, readJsonFile, servedFiles } from '../verification/files.ts';
import { Report } from '../verification/report.ts';
import { policyFrom, type Trusted } from '../verification/root.ts';
import { verifyTenant } from '../verification/tenant.ts';
import { counted, plain, plainLines } from '../words.ts';

type VerifyFlags = {
  readonly tenant?: string;
  readonly bundle?: string;
  readonly export?: string;
  readonly vkey?: string;
  readonly witness?: readonly string[];
  readonly quorum?: number;
  readonly replay?: boolean;
};

/** The verb that believes nobody: verify. It uses the verifier and nothing of the server but its files. */
export const verifyingVerbs: Family = (program, desk) => {
  const verify = program
    .command('verify')
    .description("verify a customer's log, an export or an evidence bundle; exit 0 only if everything holds")
    .option('--tenant <tenant>', 'whose log; by default your own company')
    .option('--bundle <file>', 'an evidence bundle instead, without any server')
    .option('--export <folder>', 'an exported log instead, without any server')
    .option(
      '--vkey <key>',
      'the root key to trust; by default the pinned one, or on first use that of DIR/gatehouse.json',
    )
    .option(
      '--witness <key>',
      'a witness whose cosignature counts; may be repeated',
      (key: string, before?: readonly string[]) => [...(before ?? []), key],
    )
    .option('--quorum <count>', 'how many of the witnesses must have seen the root', wholeNumber('--quorum', 0, 100), 0)
    .option('--replay', 'also decide every decision and check every signature again, from the first entry')
    .action((flags: VerifyFlags) => {
      if (flags.bundle !== undefined && flags.export !== undefined) {
        throw new CliFailure('usage', 'Both --bundle and --export were given; expected one of them.', 2);
      }
      if (flags.bundle !== undefined)
        return desk.alone((settings) => verifyBundleFile(settings, flags, String(flags.bundle)));
      if (flags.export !== undefined)
        return desk.alone((settings, surroundings) => verifyExport(settings, surroundings, flags));
      return desk.asCaller((caller) => verifyServed(caller, flags));
    });
  example(
    verify,
    '--as admin@acme.example verify --tenant acme --replay',
    'verify --bundle entry-12.bundle.json --vkey "$ROOT_VKEY"',
  );
};

async function verifyServed(caller: Caller, flags: VerifyFlags): Promise<Answer> {
  const { client, trust, surroundings } = caller;
  const tenant = await tenantOf(caller, flags.tenant);
  const vkey = flags.vkey === undefined ? deploymentOf(caller) : givenKey(caller, flags.vkey.trim());
  const { logId } = fieldsOf(await client.get(`/api/v1/tenants/${encodeURIComponent(tenant)}`)) as { logId?: unknown };
  const [pinned, before] = [trust.root(), trust.log(tenant)];
  const claim = {
    tenant,
    logId: knownLog(before?.logId, textOf({ logId }, 'logId'), tenant),
    trusted: trustedFrom(vkey, flags),
    rootBefore: pinned?.checkpoint ?? null,
    logBefore: before,
    operatorGenesis: pinned?.operatorGenesis ?? null,
    replay: flags.replay === true,
    now: surroundings.now(),
    pause: surroundings.pause,
  };
  const report = new Report();
  const verified = await verifyTenant(servedFiles(client, tenant), claim, report);
  if (verified !== null && verified.log.checkpoint !== null && report.ok) {
    const { root, slot, log, operatorGenesis } = verified;
    trust.keepRoot({ vkey, from: pinned?.from ?? '--vkey', checkpoint: root.checkpoint, operatorGenesis });
    trust.keepLog({
      tenant,
      logId: claim.logId,
      vkey: verified.vkey,
      checkpoint: new TextDecoder().decode(log.checkpoint ?? new Uint8Array()),
      size: log.size,
      root: log.root ?? '',
      epoch: slot.epoch,
    });
  }
  return report.answer(`the log of ${tenant}`, {
    tenant,
    logId: claim.logId,
    vkey,
    entries: verified?.log.entries ?? 0,
    size: verified?.log.size ?? 0,
    epoch: verified?.slot.epoch ?? null,
  });
}

function givenKey(caller: Caller, vkey: string): string {
  policyFrom({ vkey, witnesses: [], quorum: 0 });
  const { root, pinnedNow } = caller.trust.pin(vkey, '--vkey');
  if (pinnedNow) tell(caller, `First use: from now on the root key ${root.vkey} is trusted, as --vkey said.`);
  return root.vkey;
}

function knownLog(before: string | undefined, said: string, tenant: string): string {
  if (!/^[0-9a-f]{32}$/.test(said))
    throw new CliFailure('server_answer', 'The server named a log whose id is not 32 hex digits.');
  if (before === undefined || before === said) return said;
  throw new CliFailure(
    'log_changed',
    `The server shows the log ${said} for ${plain(tenant)}; the log ${before} was verified before. A customer has one log: ask the operator where the other went.`,
  );
}

function trustedFrom(vkey: string, { witness, quorum }: VerifyFlags): Trusted {
  return { vkey, witnesses: witness ?? [], quorum: quorum ?? 0 };
}

async function verifyBundleFile(settings: Settings, flags: VerifyFlags, file: string): Promise<Answer> {
  const policy = policyFrom(trustedFrom(offlineKey(settings, flags), flags));
  const text = await readText(file);
  const report = new Report();
  const verified = await verifyBundle(text, { policy });
  if (!verified.ok) {
    report.found(verified.finding);
    return report.answer(`the bundle ${file}`, {});
  }
  const { entry, slotLeaf, epoch, checkpoint, payload } = verified.value;
  report.held(
    `Entry ${entry.seq} of the log ${slotLeaf.log}, of type ${entry.type} and time ${entry.time}, is in the log of ${counted(slotLeaf.size, 'entry', 'entries')}.`,
  );
  report.held(`The log is in slot ${slotLeaf.slot} of epoch ${epoch.epoch}, of ${epoch.time}.`);
  report.held(
    `The epoch is in the root log of ${counted(checkpoint.checkpoint.size, 'epoch')}, signed by the trusted key and seen by ${counted(checkpoint.cosignatures.length, 'named witness', 'named witnesses')}.`,
  );
  if (payload !== null) report.held(`The entry committed to this content: ${plainLines(JSON.stringify(payload))}`);
  return report.answer(`the bundle ${file}`, { entry, payload, log: slotLeaf.log, epoch: epoch.epoch });
}

async function verifyExport(settings: Settings, { pause }: Surroundings, flags: VerifyFlags): Promise<Answer> {
  const folder = String(flags.export);
  const told = fieldsOf(await readJsonFile(join(folder, 'export.json')), 'export.json');
  const [tenant, logId, vkey] = [textOf(told, 'tenant'), textOf(told, 'logId'), offlineKey(settings, flags)];
  const report = new Report();
  const claim = {
    tenant,
    logId,
    trusted: trustedFrom(vkey, flags),
    rootBefore: null,
    logBefore: null,
    operatorGenesis: null,
    now: null,
    pause,
  };
  const verified = await verifyTenant(exportedFiles(folder), { ...claim, replay: flags.replay === true }, report);
  return report.answer(`the export ${folder} of the log of ${tenant}`, {
    tenant,
    logId,
    vkey,
    entries: verified?.log.entries ?? 0,
    size: verified?.log.size ?? 0,
    epoch: verified?.slot.epoch ?? null,
  });
}

/** The root key without a server: given, pinned by that person, or what the server wrote on this machine. */
function offlineKey({ as, dataDir }: Settings, { vkey }: VerifyFlags): string {
  const known = vkey ?? (as === null ? undefined : new Trust(dataDir, as).root()?.vkey) ?? discover(dataDir)?.rootVkey;
  if (known !== undefined) return known;
  throw new CliFailure(
    'root_key_unknown',
    'Which root key to trust is not known here; expected --vkey KEY, or --data DIR and --as EMAIL of somebody who has verified before.',
    2,
  );
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CliFailure(
      'file_unreadable',
      `The file ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
    );
  }
}
