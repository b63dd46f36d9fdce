import { type LogReport, verifyLog } from '@gatehouse/verifier/browser';
import { type PortalSession, readBytes } from './session.ts';

/** What this browser trusts of a log from one visit to the next. */
type Trusted = { readonly vkey: string; readonly checkpoint: string | null };

/** The outcome of checking the log here, in the browser. */
export type LogCheck = {
  readonly report: LogReport;
  readonly vkey: string;
  /** True if the key was remembered from an earlier visit, false if it was taken from the server just now. */
  readonly keyRemembered: boolean;
  /** True if the log was shown to contain everything that it contained at the last visit. */
  readonly sinceLastVisit: boolean;
};

/**
 * Checks the whole log in this browser with the verifier that customers can also run without us: signature, every entry,
 * no gap, nothing rewritten since the last visit. Remembers key and checkpoint only when everything held.
 */
export async function checkLog(session: PortalSession, logId: string): Promise<LogCheck> {
  const prefix = `/log/t/${logId}`;
  const name = `gatehouse:${logId}`;
  const trusted = recall(name);
  const vkey =
    trusted?.vkey ?? new TextDecoder().decode((await readBytes(session, `${prefix}/vkey`)) ?? undefined).trim();
  const since = trusted?.checkpoint ? Uint8Array.from(atob(trusted.checkpoint), (char) => char.charCodeAt(0)) : null;
  const readFile = (path: string): Promise<Uint8Array | null> => readBytes(session, `${prefix}/${path}`);
  const report = await verifyLog({ read: readFile, originOrVkey: vkey });
  // The second pass proves that what was trusted before is still all there; the first has checked every entry.
  const grown = since === null ? null : await verifyLog({ read: readFile, originOrVkey: vkey, since });
  const failed = grown !== null && !grown.ok ? grown : report;
  if (failed.ok && report.checkpoint !== null) {
    remember(name, { vkey, checkpoint: btoa(String.fromCharCode(...report.checkpoint)) });
  }
  return { report: failed, vkey, keyRemembered: trusted !== null, sinceLastVisit: grown?.ok ?? false };
}

function recall(name: string): Trusted | null {
  const text = localStorage.getItem(name);
  return text === null ? null : (JSON.parse(text) as Trusted);
}

function remember(name: string, trusted: Trusted): void {
  localStorage.setItem(name, JSON.stringify(trusted));
}
