import { canonicalJson, leafHash, parseEntry } from '@gatehouse/verifier';
import type { Draft } from './draft.ts';
import { LogError } from './errors.ts';

/** What the sequencer adds to a draft. */
export type EntryAt = {
  readonly seq: number;
  readonly time: string;
  readonly cmt: string | null;
  readonly kid: string | null;
  readonly src: string | null;
  readonly n: number;
};

/** An entry as it is stored and hashed. */
export type EntryBytes = { readonly leaf: string; readonly hash: Uint8Array };

/** Makes the entry and checks it by the verifier's own rules, so that nothing is appended that a customer's verifier rejects. */
export function makeEntry(draft: Draft, at: EntryAt): EntryBytes {
  const { type, ref, intent, outcome, grant, fields } = draft;
  const leaf = writeLeaf({
    ...fields,
    v: 1,
    seq: at.seq,
    time: at.time,
    type,
    ...(ref === undefined ? {} : { ref }),
    ...(intent === undefined ? {} : { intent }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(grant === undefined ? {} : { notAfter: new Date(grant.notAfter).toISOString() }),
    ...(at.cmt === null ? {} : { cmt: at.cmt, kid: at.kid }),
    ...(at.src === null ? {} : { src: at.src, n: at.n }),
  });
  const bytes = Buffer.from(leaf, 'utf8');
  const checked = parseEntry(bytes, at.seq);
  if (!checked.ok) throw invalidDraft(type, checked.finding.message);
  return { leaf, hash: leafHash(bytes) };
}

/** A draft that no log takes: a bug of the caller, said in words. */
export function invalidDraft(type: string, reason: string): LogError {
  return new LogError('LOG_DRAFT_INVALID', `The draft ${JSON.stringify(type)} cannot be an entry: ${reason}`);
}

function writeLeaf(members: object): string {
  try {
    return canonicalJson(members);
  } catch (cause) {
    throw new LogError('LOG_DRAFT_INVALID', 'The draft cannot be an entry: a member is no JSON.', { cause });
  }
}
