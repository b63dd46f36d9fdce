import { decodeBase64 } from './base64.ts';
import { utf8 } from './bytes.ts';
import { isCount, isObject, type JsonObject, type JsonValue, parseJson } from './canonical-json.ts';
import { type Entry, parseEntry } from './entry.ts';
import { type EpochRecord, parseEpochRecord, parseSlotLeaf, type SlotLeaf } from './epoch.ts';
import { type Checked, fails, type Finding, holds, show } from './finding.ts';
import { leafHash, verifyInclusion } from './merkle.ts';
import { type Opening, parseOpening, verifyOpening } from './payload.ts';
import type { Primitives } from './primitives.ts';
import { parseTlogProof, type TlogProof } from './tlog-proof.ts';
import { openWitnessed, type TrustPolicy, type WitnessedCheckpoint } from './trust-policy.ts';

/** An evidence bundle (LOG-SPEC 6.1), parsed: one entry and everything up to a witnessed root. Nothing is verified yet. */
export type Bundle = {
  readonly entry: Uint8Array;
  readonly seq: number;
  readonly size: number;
  readonly proof: readonly Uint8Array[];
  readonly slotLeaf: Uint8Array;
  readonly slot: number;
  readonly slots: number;
  readonly slotProof: readonly Uint8Array[];
  readonly epoch: Uint8Array;
  readonly rootProof: TlogProof;
  readonly opening: Opening | null;
};

/** What a bundle proves: this entry was in this log when that many witnesses saw the root. */
export type VerifiedBundle = {
  readonly entry: Entry;
  readonly slotLeaf: SlotLeaf;
  readonly epoch: EpochRecord;
  readonly checkpoint: WitnessedCheckpoint;
  /** The content, if the bundle shows it. */
  readonly payload: JsonObject | null;
};

/** Whom to trust, and the log that was asked about, if one was. */
export type BundleTrust = { readonly policy: TrustPolicy; readonly origin?: string };

const bundleBytesMost = 262_144;

/** Parses a bundle; white space and member order are free, unknown members are ignored. */
export function parseBundle(text: string): Checked<Bundle> {
  if (utf8(text).length > bundleBytesMost)
    return fails('BUNDLE_MALFORMED', `The bundle is longer than ${bundleBytesMost} bytes.`);
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  if (!isObject(parsed.value)) return fails('BUNDLE_MALFORMED', 'The bundle is not a JSON object.');
  const value = parsed.value;
  if (value['v'] !== 1)
    return fails('BUNDLE_VERSION', `The bundle has version ${show(value['v'])}; this verifier knows version 1.`);
  const reader = new MemberReader(value);
  const [seq, size, slot, slots] = [
    reader.count('seq'),
    reader.count('size'),
    reader.count('slot'),
    reader.count('slots'),
  ];
  const [entry, slotLeaf, epoch] = [reader.bytes('entry'), reader.bytes('slotLeaf'), reader.bytes('epoch')];
  const [proof, slotProof] = [reader.hashes('proof'), reader.hashes('slotProof')];
  const proofText = value['rootProof'];
  if (reader.wrong !== null || typeof proofText !== 'string') {
    const name = reader.wrong ?? 'rootProof';
    return fails(
      'BUNDLE_MALFORMED',
      `The member "${name}" of the bundle is missing or malformed: ${show(value[name])}.`,
    );
  }
  const rootProof = parseTlogProof(utf8(proofText));
  if (!rootProof.ok) return rootProof;
  if (rootProof.value.extra !== null)
    return fails('BUNDLE_MALFORMED', 'The rootProof of the bundle has an extra line; expected none.');
  const opening = value['opening'] === undefined ? null : parseOpening(value['opening']);
  if (opening !== null && !opening.ok) return opening;
  return holds({
    entry,
    seq,
    size,
    proof,
    slotLeaf,
    slot,
    slots,
    slotProof,
    epoch,
    rootProof: rootProof.value,
    opening: opening?.value ?? null,
  });
}

/** Reads members one by one and remembers the first that is wrong. */
class MemberReader {
  wrong: string | null = null;
  readonly #value: JsonObject;

  constructor(value: JsonObject) {
    this.#value = value;
  }

  count(name: string): number {
    const value = this.#value[name];
    return isCount(value) ? value : this.#fail(name, 0);
  }

  bytes(name: string): Uint8Array {
    return decoded(this.#value[name]) ?? this.#fail(name, new Uint8Array());
  }

  hashes(name: string): readonly Uint8Array[] {
    const value = this.#value[name];
    const hashes = Array.isArray(value) ? value.map(decoded) : [null];
    return hashes.every((hash) => hash?.length === 32) ? hashes.filter((hash) => hash !== null) : this.#fail(name, []);
  }

  #fail<T>(name: string, instead: T): T {
    this.wrong ??= name;
    return instead;
  }
}

function decoded(value: JsonValue | undefined): Uint8Array | null {
  return typeof value === 'string' ? decodeBase64(value) : null;
}

/** Verifies a bundle: every one of the conditions (a) to (k) of LOG-SPEC 6.3. */
export async function verifyBundle(
  primitives: Primitives,
  text: string,
  { policy, origin }: BundleTrust,
): Promise<Checked<VerifiedBundle>> {
  const parsed = parseBundle(text);
  if (!parsed.ok) return parsed;
  const bundle = parsed.value;
  const [slotLeaf, epoch] = [parseSlotLeaf(bundle.slotLeaf), parseEpochRecord(bundle.epoch)];
  if (!slotLeaf.ok) return slotLeaf;
  if (!epoch.ok) return epoch;
  const differing = compareMembers(bundle, slotLeaf.value, epoch.value);
  if (differing !== null) return { ok: false, finding: differing };
  const included = checkInclusions(primitives, bundle, { slotLeaf: slotLeaf.value, epoch: epoch.value });
  if (!included.ok) return included;
  const checkpoint = await checkRoot(primitives, bundle, policy);
  if (!checkpoint.ok) return checkpoint;
  const foreign = checkOrigin(slotLeaf.value.log, checkpoint.value.checkpoint.origin, origin);
  if (foreign !== null) return { ok: false, finding: foreign };
  // Only now is it shown that these bytes are the entry; what they say is read last.
  const entry = parseEntry(bundle.entry, bundle.seq);
  if (!entry.ok) return entry;
  const records = { entry: entry.value, slotLeaf: slotLeaf.value, epoch: epoch.value };
  if (bundle.opening === null) return holds({ ...records, checkpoint: checkpoint.value, payload: null });
  const payload = verifyOpening(primitives, records.entry, bundle.opening);
  return payload.ok ? holds({ ...records, checkpoint: checkpoint.value, payload: payload.value }) : payload;
}

type Records = Pick<VerifiedBundle, 'slotLeaf' | 'epoch'>;

/** Conditions (c), (e), (g) and (j): the members of the bundle and of its records say the same. */
function compareMembers(
  { seq, size, slot, slots, rootProof }: Bundle,
  slotLeaf: SlotLeaf,
  epoch: EpochRecord,
): Finding | null {
  const differs = (message: string): Finding => ({ code: 'BUNDLE_MEMBERS_DIFFER', message });
  if (seq >= size)
    return { code: 'INDEX_BEYOND_SIZE', message: `The bundle says seq ${seq}, which is not below its size ${size}.` };
  if (slotLeaf.size !== size) return differs(`The bundle says size ${size}; its slot leaf says ${slotLeaf.size}.`);
  if (slotLeaf.slot !== slot) return differs(`The bundle says slot ${slot}; its slot leaf says ${slotLeaf.slot}.`);
  if (epoch.slots !== slots) return differs(`The bundle says ${slots} slots; its epoch record says ${epoch.slots}.`);
  if (slot >= slots)
    return {
      code: 'INDEX_BEYOND_SIZE',
      message: `The bundle says slot ${slot}, which is not below its ${slots} slots.`,
    };
  if (rootProof.index !== epoch.epoch)
    return differs(`The root proof is for index ${rootProof.index}; the epoch record says epoch ${epoch.epoch}.`);
  if (slotLeaf.prev >= epoch.epoch)
    return differs(`The slot leaf replaces one of epoch ${slotLeaf.prev}, which is not before epoch ${epoch.epoch}.`);
  return null;
}

/** Conditions (d) and (f): the entry is in its log, and the log's state is in the epoch. */
function checkInclusions(primitives: Primitives, bundle: Bundle, { slotLeaf, epoch }: Records): Checked<null> {
  const inLog = verifyInclusion(primitives, {
    leafHash: leafHash(primitives, bundle.entry),
    index: bundle.seq,
    size: bundle.size,
    proof: bundle.proof,
    root: decodeBase64(slotLeaf.root) ?? new Uint8Array(),
  });
  if (!inLog.ok)
    return { ok: false, finding: { ...inLog.finding, message: `The entry in its log: ${inLog.finding.message}` } };
  const inEpoch = verifyInclusion(primitives, {
    leafHash: leafHash(primitives, bundle.slotLeaf),
    index: bundle.slot,
    size: bundle.slots,
    proof: bundle.slotProof,
    root: decodeBase64(epoch.slotRoot) ?? new Uint8Array(),
  });
  return inEpoch.ok
    ? inEpoch
    : { ok: false, finding: { ...inEpoch.finding, message: `The slot leaf in its epoch: ${inEpoch.finding.message}` } };
}

/** Conditions (g) and (h): the epoch record is under a root that the policy trusts. */
async function checkRoot(
  primitives: Primitives,
  bundle: Bundle,
  policy: TrustPolicy,
): Promise<Checked<WitnessedCheckpoint>> {
  const { index, hashes, checkpoint } = bundle.rootProof;
  const opened = await openWitnessed(primitives, utf8(checkpoint), policy);
  if (!opened.ok) return opened;
  const { size, root } = opened.value.checkpoint;
  const inRoot = verifyInclusion(primitives, {
    leafHash: leafHash(primitives, bundle.epoch),
    index,
    size,
    proof: hashes,
    root,
  });
  return inRoot.ok
    ? opened
    : {
        ok: false,
        finding: { ...inRoot.finding, message: `The epoch record in the root log: ${inRoot.finding.message}` },
      };
}

/** Condition (i): the log is the same operator's as the root log, and the one that was asked about. */
function checkOrigin(log: string, rootOrigin: string, asked: string | undefined): Finding | null {
  const operator = rootOrigin.endsWith('/root') ? rootOrigin.slice(0, -'/root'.length) : null;
  if (operator === null || !log.startsWith(`${operator}/t/`)) {
    return {
      code: 'BUNDLE_OTHER_OPERATOR',
      message: `The slot leaf is of ${log}, which is no log of the operator of ${rootOrigin}.`,
    };
  }
  if (asked === undefined || asked === log) return null;
  return { code: 'BUNDLE_OTHER_LOG', message: `The bundle is of ${log}; asked was about ${asked}.` };
}
