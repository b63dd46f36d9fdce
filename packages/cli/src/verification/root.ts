import {
  type EpochRecord,
  leafHash,
  openCheckpoint,
  openWitnessed,
  parseEpochRecord,
  parseVkey,
  policyOf,
  proveConsistency,
  proveInclusion,
  readEntries,
  type ReadFile,
  type TrustPolicy,
  verifyConsistency,
  verifyInclusion,
  type Checked,
  type Finding,
  type Vkey,
} from '@gatehouse/verifier';
import { CliFailure } from '../failure.ts';

/** The public root log as its newest checkpoint shows it, with that checkpoint verified. */
export type Root = {
  readonly read: ReadFile;
  readonly vkey: Vkey;
  /** N of LOG-SPEC 1.6: the logs of this operator are `N/t/<id>`. */
  readonly operatorName: string;
  readonly checkpoint: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly cosignatures: number;
};

/** Whom a verification trusts: the root key, and how many of which witnesses must have seen the root. */
export type Trusted = { readonly vkey: string; readonly witnesses: readonly string[]; readonly quorum: number };

/** The keys as a policy (LOG-SPEC 7); refuses what is no key of its kind. */
export function policyFrom({ vkey, witnesses, quorum }: Trusted): TrustPolicy & { readonly rootKey: Vkey } {
  const rootKey = keyFrom(vkey, '--vkey', 1);
  const named = witnesses.map((text) => keyFrom(text, '--witness', 4));
  if (quorum > named.length) {
    throw new CliFailure(
      'quorum_invalid',
      `--quorum is ${quorum}, but ${named.length} witnesses are named; expected at least as many --witness VKEY.`,
      2,
    );
  }
  return { ...policyOf({ logs: [rootKey], witnesses: named, quorum }), rootKey };
}

function keyFrom(text: string, flag: string, type: number): Vkey {
  const key = parseVkey(text.trim());
  if (!key.ok) throw new CliFailure('vkey_invalid', `${flag}: ${key.finding.message}`, 2);
  if (key.value.type === type) return key.value;
  throw new CliFailure('vkey_invalid', `${flag} is a key of type ${key.value.type}; expected type ${type}.`, 2);
}

/** Opens the root checkpoint: signed by the trusted key, seen by the quorum (LOG-SPEC 9, point 1). */
export async function openRoot(read: ReadFile, trusted: Trusted): Promise<Checked<Root>> {
  const policy = policyFrom(trusted);
  const bytes = await read('checkpoint');
  if (bytes === null) return fault('FILE_MISSING', 'The root log has no checkpoint.');
  const opened = await openWitnessed(bytes, policy);
  if (!opened.ok) return opened;
  const { checkpoint, cosignatures } = opened.value;
  return {
    ok: true,
    value: {
      read,
      vkey: policy.rootKey,
      operatorName: checkpoint.origin.replace(/\/root$/, ''),
      checkpoint: new TextDecoder().decode(bytes),
      size: checkpoint.size,
      root: checkpoint.root,
      cosignatures: cosignatures.length,
    },
  };
}

/** Proves that the root log still holds all that the checkpoint kept from last time committed to; the number of epochs then. */
export async function checkGrowth(root: Root, before: string): Promise<Checked<number>> {
  const opened = await openCheckpoint(Buffer.from(before), { logs: [root.vkey] });
  if (!opened.ok) return opened;
  const old = opened.value.checkpoint;
  if (old.size > root.size) {
    return fault(
      'LOG_SHRANK',
      `The root log had ${old.size} epochs when it was last verified and now has ${root.size}; a log only grows.`,
    );
  }
  const proof = await proveConsistency(root, old.size);
  if (!proof.ok) return proof;
  const grown = verifyConsistency({
    oldSize: old.size,
    oldRoot: old.root,
    newSize: root.size,
    newRoot: root.root,
    proof: proof.value,
  });
  return grown.ok
    ? { ok: true, value: old.size }
    : { ok: false, finding: { ...grown.finding, code: 'HISTORY_REWRITTEN' } };
}

/** The record of an epoch, proved to be in the root log. */
export async function epochRecord(root: Root, epoch: number): Promise<Checked<EpochRecord>> {
  const bundle = Math.floor(epoch / 256);
  const entries = await readEntries(root.read, bundle, Math.min(256, root.size - bundle * 256));
  if (!entries.ok) return entries;
  const bytes = entries.value.entries[epoch - bundle * 256];
  if (bytes === undefined) return fault('FILE_MISSING', `The root log has no epoch ${epoch}; it has ${root.size}.`);
  const proof = await proveInclusion(root, epoch);
  if (!proof.ok) return proof;
  const included = verifyInclusion({
    leafHash: leafHash(bytes),
    index: epoch,
    size: root.size,
    proof: proof.value,
    root: root.root,
  });
  if (!included.ok)
    return {
      ok: false,
      finding: {
        ...included.finding,
        message: `Epoch ${epoch} in the root log: ${included.finding.message}`,
        index: epoch,
      },
    };
  const record = parseEpochRecord(bytes);
  if (!record.ok || record.value.epoch === epoch) return record;
  return fault('EPOCH_INDEX', `The record at ${epoch} of the root log says epoch ${record.value.epoch}.`);
}

function fault(code: Finding['code'], message: string): { readonly ok: false; readonly finding: Finding } {
  return { ok: false, finding: { code, message } };
}
