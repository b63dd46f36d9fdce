import {
  type Checked,
  checkOpen,
  decodeBase64,
  entryIs,
  type LogReport,
  parseEntry,
  proveConsistency,
  readEntries,
  type ReadFile,
  verifyConsistency,
  verifyLog,
} from '@gatehouse/verifier';
import type { TrustedLog } from '../trust.ts';
import { formatDuration } from '../durations.ts';
import { counted, time } from '../words.ts';
import type { LogFiles, Openings } from './files.ts';
import { replay } from './replay.ts';
import type { Fault, Report } from './report.ts';
import { checkGrowth, openRoot, type Root, type Trusted } from './root.ts';
import { checkChain, type ProvedSlot, proveSlot } from './slot.ts';

/** What to verify of one tenant, and what was believed before. */
export type TenantClaim = {
  readonly tenant: string;
  readonly logId: string;
  readonly trusted: Trusted;
  /** What held last time; null for the first time, or for files that were exported whole. */
  readonly rootBefore: string | null;
  readonly logBefore: TrustedLog | null;
  readonly operatorGenesis: string | null;
  /** Decide every decision and check every grant's signatures again, from the first entry. */
  readonly replay: boolean;
  /** The time now, for freshness; null for files of another day. */
  readonly now: number | null;
  readonly pause: (milliseconds: number) => Promise<void>;
};

/** What may be believed from now on. */
export type Verified = {
  readonly root: Root;
  readonly slot: ProvedSlot;
  readonly log: LogReport;
  readonly vkey: string;
  readonly operatorGenesis: string | null;
};

/** An epoch comes at least every minute, whatever happens (LOG-SPEC 4.4); three allow for a slow machine and a clock that is off. */
const freshForMs = 3 * 60_000;

/** A log that grows between two reads is read again (LOG-SPEC 9, point 3); epochs are a second apart. */
const readings = 20;

/**
 * Verifies a tenant's log as LOG-SPEC section 9 says, with nothing of the server's but its files: root, slot, checkpoint,
 * growth since last time, every entry, payloads against commitments, the chain of epochs, and on demand the decisions and
 * signatures. Everything that was checked stands in the report. Null if it did not get to the end.
 */
export async function verifyTenant(files: LogFiles, claim: TenantClaim, report: Report): Promise<Verified | null> {
  const standing = await readStanding(files, claim);
  if (!standing.ok) return give(report, standing.finding);
  const { root, slot, checkpoint } = standing.value;
  sayRoot(report, claim, root, slot);
  if (claim.rootBefore !== null) {
    const grown = await checkGrowth(root, claim.rootBefore);
    if (!grown.ok) return give(report, grown.finding);
    report.held(`The root log still holds the ${counted(grown.value, 'epoch')} that were verified last time.`);
  }

  const read: ReadFile = async (path) => (path === 'checkpoint' ? checkpoint : files.read(`t/${claim.logId}/${path}`));
  const since = claim.replay ? null : claim.logBefore;
  const openings = await files.openings(since?.size ?? 0, slot.leaf.size);
  const log = await verifyLog({
    read,
    originOrVkey: claim.logBefore?.vkey ?? `${root.operatorName}/t/${claim.logId}`,
    openings,
    tiles: since === null,
    ...(since === null ? {} : { since: Buffer.from(since.checkpoint) }),
  });
  report.found(...log.findings);
  if (log.root !== null && (log.root !== slot.leaf.root || log.size !== slot.leaf.size)) {
    report.found({
      code: 'LOG_NOT_IN_SLOT',
      message: `The log's checkpoint shows ${log.size} entries with root ${log.root}; its slot in epoch ${slot.epoch} says ${slot.leaf.size} with ${slot.leaf.root}: others are shown another log.`,
    });
  }
  if (log.root === null) return null;
  await checkBefore(report, claim, { read, size: log.size, root: decodeBase64(log.root) ?? new Uint8Array() });
  const vkey = await checkFirstEntry(report, claim, {
    read,
    log,
    slot,
    origin: `${root.operatorName}/t/${claim.logId}`,
  });
  sayLog(report, log, slot, openings);

  const chain = await checkChain(files, root, { logId: claim.logId, from: slot, until: claim.logBefore?.epoch ?? -1 });
  if (!chain.ok) report.found(chain.finding);
  else
    report.held(
      `${counted(chain.value, 'earlier epoch')} of this log: the same slot each time, and the log only grew.`,
    );
  const operatorGenesis = claim.replay ? await replay(files, { claim, log, report }) : claim.operatorGenesis;
  return { root, slot, log, vkey, operatorGenesis };
}

type Standing = { readonly root: Root; readonly slot: ProvedSlot; readonly checkpoint: Uint8Array };

/** Reads root, slot and checkpoint until the three are of one epoch. */
async function readStanding(files: LogFiles, { logId, trusted, pause }: TenantClaim): Promise<Checked<Standing>> {
  for (let reading = 1; ; reading += 1) {
    const root = await openRoot((path) => files.read(`root/${path}`), trusted);
    if (!root.ok) return root;
    const slot = await proveSlot(files, root.value, { logId, epoch: root.value.size - 1 });
    if (!slot.ok) return slot;
    const checkpoint = await files.read(`t/${logId}/checkpoint`);
    if (checkpoint === null)
      return { ok: false, finding: { code: 'FILE_MISSING', message: `The log ${logId} has no checkpoint.` } };
    const size = Number(new TextDecoder().decode(checkpoint).split('\n')[1]);
    if (size === slot.value.leaf.size || reading === readings) {
      return { ok: true, value: { root: root.value, slot: slot.value, checkpoint } };
    }
    await pause(200);
  }
}

function sayRoot(report: Report, { now, trusted }: TenantClaim, root: Root, slot: ProvedSlot): void {
  const seen =
    trusted.witnesses.length === 0
      ? 'no witness was named, so a second version shown to others would go unseen'
      : `${counted(root.cosignatures, 'named witness', 'named witnesses')} saw it`;
  report.held(`The root log ${root.vkey.name} has ${counted(root.size, 'epoch')}, signed by the trusted key; ${seen}.`);
  const ageMs = now === null ? null : now - Date.parse(slot.time);
  if (ageMs !== null && Math.abs(ageMs) > freshForMs) {
    report.found({
      code: 'ROOT_STALE',
      message: `The newest epoch is of ${time(slot.time)}, ${formatDuration(Math.abs(ageMs))} ${ageMs > 0 ? 'ago' : 'ahead'}; expected one of the last ${formatDuration(freshForMs)}. Either the log stands still, old files are served, or this clock is wrong.`,
    });
    return;
  }
  const age = ageMs === null ? '' : `, ${formatDuration(Math.max(0, ageMs))} ago`;
  report.held(`The newest epoch, ${slot.epoch}, is of ${time(slot.time)}${age}.`);
}

/** The log still holds what was verified last time, also where it was read again from the beginning (LOG-SPEC 9, point 4). */
async function checkBefore(
  report: Report,
  { logBefore }: TenantClaim,
  now: { read: ReadFile; size: number; root: Uint8Array },
): Promise<void> {
  if (logBefore === null) return;
  const { size } = logBefore;
  if (size > now.size)
    return report.found({
      code: 'LOG_SHRANK',
      message: `The log had ${size} entries when it was last verified and now has ${now.size}; a log only grows.`,
    });
  const proof = await proveConsistency(now, size);
  if (!proof.ok) return report.found(proof.finding);
  const oldRoot = decodeBase64(logBefore.root) ?? new Uint8Array();
  const grown = verifyConsistency({ oldSize: size, oldRoot, newSize: now.size, newRoot: now.root, proof: proof.value });
  if (!grown.ok)
    return report.found({
      code: 'HISTORY_REWRITTEN',
      message: `The first ${size} entries are not those that were verified last time: an earlier entry was changed.`,
    });
  report.held(`The log still holds the ${counted(size, 'entry', 'entries')} that were verified last time.`);
}

/** Entry 0 names the key and the slot of the log; where entries before were verified last time, they are known. */
async function checkFirstEntry(
  report: Report,
  { logBefore }: TenantClaim,
  { read, log, slot, origin }: { read: ReadFile; log: LogReport; slot: ProvedSlot; origin: string },
): Promise<string> {
  if (log.from > 0 && logBefore !== null) return logBefore.vkey;
  const bundle = await readEntries(read, 0, Math.min(256, log.size));
  const entry = bundle.ok ? parseEntry(bundle.value.entries[0] ?? new Uint8Array(), 0) : bundle;
  if (!entry.ok || !entryIs(entry.value, 'log.open')) {
    report.found(
      entry.ok ? { code: 'LOG_OPEN_ORIGIN', message: 'Entry 0 does not open the log.', index: 0 } : entry.finding,
    );
    return logBefore?.vkey ?? '';
  }
  const known = checkOpen(entry.value, { origin, slot: slot.leaf.slot });
  if (!known.ok) report.found(known.finding);
  return entry.value.vkey;
}

function sayLog(report: Report, log: LogReport, slot: ProvedSlot, openings: Openings): void {
  if (log.findings.length > 0) return;
  const { intents, outcomes, open } = log.intents;
  const key = log.keySource === 'given' ? 'the key known from last time' : 'the key that its first entry names';
  report.held(
    `The log ${log.origin} has ${counted(log.size, 'entry', 'entries')}, signed by ${key}, and is the one in slot ${slot.leaf.slot} of that epoch.`,
  );
  report.held(
    `${counted(log.entries, 'entry', 'entries')} read from ${log.from} on: without gap, each in its form, hashing to the signed root.`,
  );
  report.held(
    `${counted(intents, 'statement')} announced before running, ${outcomes} with an outcome, ${open} without one.`,
  );
  if (log.payloads !== null) {
    const { open: opened, sealed, erased } = log.payloads;
    report.held(
      `${counted(openings.size, 'payload')} shown, ${opened} of them the ones that their entries committed to; ${sealed} sealed, ${erased} erased.`,
    );
  }
}

function give(report: Report, finding: Fault): null {
  report.found(finding);
  return null;
}
