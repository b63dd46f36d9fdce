import { describe, expect, it } from 'vitest';
import {
  type Checked,
  type Checkpoint,
  createSlotReplay,
  decodeBase64,
  type Envelope,
  type FindingCode,
  openCheckpoint,
  openEnvelope,
  openWitnessed,
  parseDelta,
  parseEntry,
  parseEnvelopes,
  parseEpochRecord,
  parsePolicy,
  parseSlotLeaf,
  payloadStates,
  policyOf,
  proveConsistency,
  leafHash,
  verifyBundle,
  verifyConsistency,
  verifyCounter,
  verifyLog,
  verifyTlogProof,
} from '../src/index.ts';
import { entryIs } from '../src/entry.ts';
import { checkOpen } from '../src/log-open.ts';
import { expectedCodes } from './invalid-codes.ts';
import { valueOf, vector, vectorJson, vectorKey, vectorLog, vectorNames, vectorText } from './vectors.ts';

type Variant = {
  readonly id: string;
  readonly op: string;
  readonly file: string;
  readonly reason: string;
  readonly quorum: number;
  readonly old: string;
  readonly new: string;
  readonly log: string;
  readonly vkey: string;
  readonly entry: string;
  readonly seq: number;
  readonly after: number;
};

const variants = vectorJson<readonly Variant[]>('invalid.json');
const rootKey = vectorKey('keys/vkeys');
const witness = vectorKey('keys/witness.vkey');
const bytesOf = (text: string) => decodeBase64(text) ?? new Uint8Array();
const trust = (quorum: number) => policyOf({ logs: [rootKey], witnesses: [witness], quorum });

describe('the published invalid variants of the log format', () => {
  it('has 86 variants, and expects a code for each', () => {
    expect(variants).toHaveLength(86);
    expect(Object.keys(expectedCodes).toSorted()).toEqual(variants.map(({ id }) => id).toSorted());
  });

  it.each(variants)('rejects $id: $reason', async (variant) => {
    const codes = await present(variant);
    expect(codes).toContain(expectedCodes[variant.id]);
  });
});

/** Presents a variant as its `op` says, and gives the codes of what was found. */
async function present(variant: Variant): Promise<readonly FindingCode[]> {
  switch (variant.op) {
    case 'checkpoint':
      return codesOf(await openWitnessed(vector(variant.file), trust(variant.quorum)));
    case 'consistency':
      return codesOf(await compare(variant));
    case 'fsck':
      return fsck(variant);
    case 'proof':
      return codesOf(
        await verifyTlogProof(vector(variant.file), {
          leafHash: leafHash(vector(variant.entry)),
          policy: trust(variant.quorum),
        }),
      );
    case 'bundle':
      return codesOf(await verifyBundle(vectorText(variant.file), { policy: trust(variant.quorum) }));
    case 'policy':
      return codesOf(parsePolicy(vectorText(variant.file)));
    case 'payload':
      return codesOf(open(variant));
    case 'payloads':
      return lost(variant);
    case 'leaf':
      return codesOf(await leaf(variant));
    case 'replay':
      return codesOf(replay(variant));
    default:
      throw new Error(`unknown op ${variant.op}`);
  }
}

function codesOf(checked: Checked<unknown>): readonly FindingCode[] {
  return checked.ok ? [] : [checked.finding.code];
}

/** Both checkpoints are signed; the proof is the one that a log with the newer tree would give. */
async function compare(variant: Variant): Promise<Checked<null>> {
  const open = async (file: string): Promise<Checkpoint> =>
    valueOf(await openCheckpoint(vector(file), { logs: [rootKey] })).checkpoint;
  const [older, newer] = [await open(variant.old), await open(variant.new)];
  const proof =
    older.size > newer.size
      ? []
      : valueOf(await proveConsistency({ read: vectorLog('root'), size: newer.size }, older.size));
  return verifyConsistency({
    oldSize: older.size,
    oldRoot: older.root,
    newSize: newer.size,
    newRoot: newer.root,
    proof,
  });
}

async function fsck(variant: Variant): Promise<readonly FindingCode[]> {
  const report = await verifyLog({
    read: vectorLog(variant.log),
    originOrVkey: vectorText(variant.vkey).trim(),
    tiles: true,
  });
  expect(report.ok).toBe(false);
  return report.findings.map(({ code }) => code);
}

function open(variant: Variant): Checked<unknown> {
  const { origin, entry, kek, envelope } = vectorJson<{
    origin: string;
    entry: string;
    kek: string;
    envelope: Envelope;
  }>(variant.file);
  const seq = (JSON.parse(new TextDecoder().decode(bytesOf(entry))) as { seq: number }).seq;
  return openEnvelope(bytesOf(kek), origin, valueOf(parseEntry(bytesOf(entry), seq)), envelope);
}

function lost(variant: Variant): readonly FindingCode[] {
  const lines = vectorText('payload/entries-1-26.txt').trim().split('\n');
  const { erasures } = vectorJson<{ erasures: { entry: string; seq: number }[] }>('payload/erased.json');
  const entries = [
    ...lines.map((line, at) => valueOf(parseEntry(new TextEncoder().encode(line), at + 1))),
    ...erasures.map(({ entry, seq }) => valueOf(parseEntry(bytesOf(entry), seq))),
  ];
  const { findings } = payloadStates({ entries, envelopes: valueOf(parseEnvelopes(vectorText(variant.file))) });
  expect(findings.map(({ index }) => index)).toEqual([10]);
  return findings.map(({ code }) => code);
}

async function leaf(variant: Variant): Promise<Checked<unknown>> {
  const entry = parseEntry(vector(variant.file), variant.seq);
  if (!entry.ok) return entry;
  const origin = `cloud.example/log/${variant.log}`;
  if (entryIs(entry.value, 'counter'))
    return verifyCounter({ origin, entry: entry.value, keys: [vectorKey('keys/counter.vkey')] });
  if (!entryIs(entry.value, 'log.open')) return entry;
  const newest = vectorJson<{ slotLeaves: string[] }>('epochs/6.json').slotLeaves.map((slot) =>
    valueOf(parseSlotLeaf(bytesOf(slot))),
  );
  const slotLeaf = newest.find(({ log }) => log === origin);
  return checkOpen(entry.value, { origin, ...(slotLeaf === undefined ? {} : { slot: slotLeaf.slot }) });
}

function replay(variant: Variant): Checked<null> {
  const slots = createSlotReplay();
  for (const name of vectorNames('epochs')
    .toSorted()
    .slice(0, variant.after + 1)) {
    const { epoch } = vectorJson<{ epoch: string }>(`epochs/${name}`);
    const record = valueOf(parseEpochRecord(bytesOf(epoch)));
    valueOf(slots.apply(valueOf(parseDelta(vectorText(`root/delta/${record.epoch}`))), record));
  }
  const { epoch, delta } = vectorJson<{ epoch: string; delta: unknown }>(variant.file);
  return slots.apply(valueOf(parseDelta(JSON.stringify(delta))), valueOf(parseEpochRecord(bytesOf(epoch))));
}
