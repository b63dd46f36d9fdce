import { decodeBase64, encodeBase64 } from './base64.ts';
import { textOf, utf8 } from './bytes.ts';
import type { OpenedCheckpoint } from './checkpoint.ts';
import { type Checked, fails, holds, show } from './finding.ts';
import { verifyInclusion } from './merkle.ts';
import type { Primitives } from './primitives.ts';
import { openWitnessed, type TrustPolicy } from './trust-policy.ts';

/** A C2SP tlog-proof: that a leaf is at `index` of the tree of a signed checkpoint. Parsed, not verified. */
export type TlogProof = {
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string;
  /** The bytes of the optional `extra` line. */
  readonly extra: Uint8Array | null;
};

const firstLine = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^53 leaves needs 53 hashes; more lines cannot belong to one. */
const hashesMost = 63;

/** The text form, without an `extra` line (as LOG-SPEC 6.1 wants it in a bundle). */
export function formatTlogProof({ index, hashes, checkpoint }: Omit<TlogProof, 'extra'>): string {
  return [firstLine, `index ${index}`, ...hashes.map(encodeBase64), '', checkpoint].join('\n');
}

/** Parses the text form. */
export function parseTlogProof(bytes: Uint8Array): Checked<TlogProof> {
  const text = textOf(bytes);
  if (text === null) return fails('NOT_UTF8', 'The proof is not UTF-8.');
  const split = text.indexOf('\n\n');
  if (split < 0) return fails('TLOG_PROOF_MALFORMED', 'The proof has no empty line before its checkpoint.');
  const [version, ...lines] = text.slice(0, split).split('\n');
  if (version !== firstLine)
    return fails('TLOG_PROOF_MALFORMED', `The proof begins with ${show(version)}; expected ${firstLine}.`);
  const extraText = lines[0]?.startsWith('extra ') === true ? lines.shift()?.slice('extra '.length) : undefined;
  const extra = extraText === undefined ? null : decodeBase64(extraText);
  if (extraText !== undefined && extra === null)
    return fails('TLOG_PROOF_MALFORMED', 'The extra line of the proof is not strict base64.');
  const indexLine = lines.shift() ?? '';
  const index = /^index (0|[1-9][0-9]{0,15})$/.test(indexLine) ? Number(indexLine.slice('index '.length)) : Number.NaN;
  if (!Number.isSafeInteger(index)) {
    return fails(
      'TLOG_PROOF_MALFORMED',
      `The proof has the line ${show(indexLine)}; expected "index" and a number without leading zeros.`,
    );
  }
  if (lines.length > hashesMost)
    return fails('PROOF_LENGTH', `The proof has ${lines.length} hashes; no tree needs more than ${hashesMost}.`);
  const hashes = lines.map((line) => decodeBase64(line));
  const odd = hashes.findIndex((hash) => hash?.length !== 32);
  if (odd >= 0)
    return fails(
      'TLOG_PROOF_MALFORMED',
      `The proof has the line ${show(lines[odd])}; expected strict base64 of 32 bytes.`,
    );
  return holds({ index, hashes: hashes.filter((hash) => hash !== null), checkpoint: text.slice(split + 2), extra });
}

/** Proves that a leaf with this hash is in a log that the policy trusts, at the returned index (LOG-SPEC 6.4 says what that means). */
export async function verifyTlogProof(
  primitives: Primitives,
  bytes: Uint8Array,
  { leafHash, policy }: { readonly leafHash: Uint8Array; readonly policy: TrustPolicy },
): Promise<Checked<OpenedCheckpoint & { readonly index: number }>> {
  const proof = parseTlogProof(bytes);
  if (!proof.ok) return proof;
  const { index, hashes, checkpoint } = proof.value;
  const opened = await openWitnessed(primitives, utf8(checkpoint), policy);
  if (!opened.ok) return opened;
  const { size, root } = opened.value.checkpoint;
  const included = verifyInclusion(primitives, { leafHash, index, size, proof: hashes, root });
  return included.ok ? holds({ ...opened.value, index }) : included;
}
