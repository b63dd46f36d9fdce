import { decodeBase64, encodeBase64 } from './base64.ts';
import { sameBytes } from './bytes.ts';
import { type Checked, fails, holds, show } from './finding.ts';
import { emptyRoot } from './merkle.ts';
import { type Note, parseNote, type VerifiedSignature, verifyNote } from './note.ts';
import type { Primitives } from './primitives.ts';
import type { Vkey } from './vkey.ts';

/** The text of a checkpoint (C2SP tlog-checkpoint): this log has this many entries and this root. It has no time of its own. */
export type Checkpoint = {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** Non-empty extension lines, which have no meaning (LOG-SPEC 2.3). */
  readonly extensions: readonly string[];
};

/** A checkpoint that a trusted log key signed. */
export type OpenedCheckpoint = {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
  readonly logKey: Vkey;
  /** Trusted cosigners, each once, with the time they state (POSIX seconds). */
  readonly cosignatures: readonly { readonly key: Vkey; readonly time: bigint }[];
};

/** The three lines that are signed; producers never write extension lines (LOG-SPEC 2.3). */
export function formatCheckpoint(checkpoint: Pick<Checkpoint, 'origin' | 'size' | 'root'>): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${encodeBase64(checkpoint.root)}\n`;
}

/** Parses the text of a checkpoint note and rejects what LOG-SPEC 2.3 rejects; signatures are {@link openCheckpoint}'s part. */
export function parseCheckpoint(primitives: Primitives, text: string): Checked<Checkpoint> {
  if (!text.endsWith('\n')) return fails('CHECKPOINT_MALFORMED', 'The checkpoint text does not end in a newline.');
  const [origin, sizeText, rootText, ...extensions] = text.slice(0, -1).split('\n');
  if (origin === undefined || sizeText === undefined || rootText === undefined) {
    return fails('CHECKPOINT_MALFORMED', 'The checkpoint has fewer than three lines; expected origin, size and root.');
  }
  if (origin === '' || extensions.includes(''))
    return fails('CHECKPOINT_MALFORMED', 'The checkpoint has an empty line inside its text.');
  const size = /^(0|[1-9][0-9]{0,15})$/.test(sizeText) ? Number(sizeText) : Number.NaN;
  if (!Number.isSafeInteger(size)) {
    return fails(
      'CHECKPOINT_MALFORMED',
      `The size ${show(sizeText)} is not a decimal number from 0 to 2^53-1 without leading zeros.`,
    );
  }
  const root = decodeBase64(rootText);
  if (root?.length !== 32)
    return fails('CHECKPOINT_MALFORMED', `The root ${show(rootText)} is not strict base64 of 32 bytes.`);
  if (size === 0 && !sameBytes(root, emptyRoot(primitives))) {
    return fails('ROOT_OF_EMPTY_TREE', 'Size 0 has another root than SHA-256 of nothing.');
  }
  return holds({ origin, size, root, extensions });
}

/** Who may sign a checkpoint: log keys (0x01), of which one must, and witnesses (0x04), which may. */
export type CheckpointKeys = { readonly logs: readonly Vkey[]; readonly witnesses?: readonly Vkey[] };

/**
 * Parses and verifies a signed checkpoint: at least one trusted log key whose name is the origin signed it, and no
 * trusted signature fails (LOG-SPEC 2.2, 2.3). How many cosignatures are enough is the policy's part (section 7).
 */
export async function openCheckpoint(
  primitives: Primitives,
  bytes: Uint8Array,
  keys: CheckpointKeys,
): Promise<Checked<OpenedCheckpoint>> {
  const note = parseNote(bytes);
  if (!note.ok) return note;
  const checkpoint = parseCheckpoint(primitives, note.value.text);
  if (!checkpoint.ok) return checkpoint;
  const verified = await verifyNote(primitives, note.value, [...keys.logs, ...(keys.witnesses ?? [])]);
  if (!verified.ok) return verified;
  const logKeys = verified.value.filter(({ key }) => key.type === 1 && keys.logs.includes(key)).map(({ key }) => key);
  const stranger = logKeys.find(({ name }) => name !== checkpoint.value.origin);
  if (stranger !== undefined) {
    return fails(
      'ORIGIN_NOT_KEY_NAME',
      `The origin ${show(checkpoint.value.origin)} is not the name ${show(stranger.name)} of the key that signed.`,
    );
  }
  const logKey = logKeys[0];
  if (logKey === undefined) {
    return fails(
      'NO_TRUSTED_LOG_SIGNATURE',
      `No trusted log key signed this checkpoint of ${show(checkpoint.value.origin)}.`,
    );
  }
  return holds({
    checkpoint: checkpoint.value,
    note: note.value,
    logKey,
    cosignatures: cosignaturesOf(verified.value),
  });
}

function cosignaturesOf(verified: readonly VerifiedSignature[]): { key: Vkey; time: bigint }[] {
  return verified.flatMap(({ key, time }) => (time === undefined ? [] : [{ key, time }]));
}
