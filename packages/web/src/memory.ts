import { decodeBase64, encodeBase64 } from '@gatehouse/verifier/browser';
import { at } from './words.ts';

/** What this browser trusts of a log from one visit to the next. */
export type Trusted = { readonly vkey: string; readonly checkpoint: Uint8Array };

/** What the browser has kept: nothing yet, something unusable (which must be said, it could hide a change), or a trust. */
export type Memory =
  | { readonly kind: 'none' }
  | { readonly kind: 'unusable' }
  | { readonly kind: 'trusted'; readonly trusted: Trusted };

/** Recalls what an earlier visit kept about the log. */
export function recall(storage: () => Storage, logId: string): Memory {
  try {
    const kept = storage().getItem(nameOf(logId));
    if (kept === null) return { kind: 'none' };
    const value: unknown = JSON.parse(kept);
    const vkey = at(value, 'vkey');
    const checkpoint = at(value, 'checkpoint');
    const bytes = typeof checkpoint === 'string' ? decodeBase64(checkpoint) : null;
    if (typeof vkey !== 'string' || bytes === null) return { kind: 'unusable' };
    return { kind: 'trusted', trusted: { vkey, checkpoint: bytes } };
  } catch {
    // A browser that forbids storage, or text that is no JSON: both are said on the page.
    return { kind: 'unusable' };
  }
}

/** Keeps a trust for the next visit. False if this browser keeps nothing. */
export function remember(storage: () => Storage, logId: string, { vkey, checkpoint }: Trusted): boolean {
  try {
    storage().setItem(nameOf(logId), JSON.stringify({ vkey, checkpoint: encodeBase64(checkpoint) }));
    return true;
  } catch {
    // Storage is forbidden or full; the page says that the next visit will know nothing of this one.
    return false;
  }
}

function nameOf(logId: string): string {
  return `gatehouse:${logId}`;
}
