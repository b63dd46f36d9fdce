import { encodeBase64 } from './base64.ts';
import { sameBytes } from './bytes.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { verifyCounter } from './counter.ts';
import { type Entry, entryIs, parseEntry } from './entry.ts';
import { EntrySequence } from './entry-sequence.ts';
import { streamEntries, type StoredEntry } from './entry-stream.ts';
import { type Checked, fails, type Finding, holds } from './finding.ts';
import { checkOpen } from './log-open.ts';
import { findingsMost, type LogReport } from './log-report.ts';
import { Frontier, fullSubtrees, leafHash } from './merkle.ts';
import { PayloadCheck, type PayloadSources } from './payload-check.ts';
import type { Primitives } from './primitives.ts';
import { TileCheck } from './tile-check.ts';
import { subtreeHashes } from './tile-proof.ts';
import { readEntries, type ReadFile } from './tile.ts';
import { parseVkey, type Vkey } from './vkey.ts';

/** What to verify, and against what. */
export type LogClaim = PayloadSources & {
  /** Reads a file below the log's prefix (`checkpoint`, `tile/…`); null when there is none. */
  readonly read: ReadFile;
  /** The log's verifier key; or only its origin, and then the key of its `log.open` is believed and the report says so. */
  readonly originOrVkey: string;
  /** The signed checkpoint of the last verification: the log must contain all of it, and only later entries are checked. */
  readonly since?: Uint8Array;
  /** Compare every stored hash tile too; without it tiles are read only to say where a fault is. */
  readonly tiles?: boolean;
  /** Verifier keys of sources, to check counters with; counters of others are not checked. */
  readonly sourceKeys?: readonly string[];
  readonly onProgress?: (done: { readonly entries: number; readonly size: number }) => void;
};

type Trusted = { readonly key: Vkey; readonly keySource: LogReport['keySource'] };

/**
 * Verifies a log as far as the log alone can show it (LOG-SPEC 9, points 3 to 7): the checkpoint is signed by the log's
 * key, contains the last trusted one, every entry hashes into it, keeps the rules of its type and those between entries,
 * and payloads are those committed to. Streams: memory does not grow with the log unless payloads are given. What it
 * cannot show: that others see the same log (bundles and witnesses do), or that nothing bypassed it.
 */
export async function verifyLog(primitives: Primitives, claim: LogClaim): Promise<LogReport> {
  const trusted = await trustedKey(primitives, claim);
  if (!trusted.ok) return failedReport(trusted.finding);
  const signed = await claim.read('checkpoint');
  if (signed === null)
    return failedReport({ code: 'FILE_MISSING', message: 'The log has no checkpoint.', file: 'checkpoint' });
  const opened = await openCheckpoint(primitives, signed, { logs: [trusted.value.key] });
  if (!opened.ok) return failedReport({ file: 'checkpoint', ...opened.finding });
  const { checkpoint } = opened.value;
  const start = await startFrom(primitives, claim, trusted.value.key, checkpoint);
  if (!start.ok) return failedReport(start.finding);
  const check = new LogCheck(primitives, claim, { ...trusted.value, checkpoint, frontier: start.value, signed });
  return check.run();
}

async function trustedKey(primitives: Primitives, { originOrVkey, read }: LogClaim): Promise<Checked<Trusted>> {
  if (originOrVkey.includes('+')) {
    const key = parseVkey(primitives, originOrVkey);
    return key.ok ? holds({ key: key.value, keySource: 'given' }) : key;
  }
  // Entry 0 is in the full bundle, or in a partial one of a width that only the checkpoint tells; its text is not trusted for more.
  const size = Number(new TextDecoder().decode((await read('checkpoint')) ?? new Uint8Array()).split('\n')[1]);
  const bundle = await readEntries(read, 0, Number.isSafeInteger(size) && size > 0 ? Math.min(size, 256) : 256);
  if (!bundle.ok) return bundle;
  const entry = parseEntry(bundle.value.entries[0] ?? new Uint8Array(), 0);
  if (!entry.ok) return entry;
  const key = parseVkey(primitives, entryIs(entry.value, 'log.open') ? entry.value.vkey : '');
  if (!key.ok) return key;
  if (key.value.name !== originOrVkey)
    return fails('LOG_OPEN_ORIGIN', `Entry 0 opens the log ${key.value.name}; asked was about ${originOrVkey}.`, {
      index: 0,
    });
  return holds({ key: key.value, keySource: 'log.open' });
}

/** The right edge of the tree at the last trusted checkpoint, rebuilt from tiles and proved by that checkpoint's root. */
async function startFrom(
  primitives: Primitives,
  { since, read }: LogClaim,
  key: Vkey,
  checkpoint: Checkpoint,
): Promise<Checked<Frontier>> {
  if (since === undefined) return holds(new Frontier(primitives));
  const opened = await openCheckpoint(primitives, since, { logs: [key] });
  if (!opened.ok)
    return fails('SINCE_NOT_TRUSTED', `The checkpoint to start from is not this log's: ${opened.finding.message}`);
  const { size, root } = opened.value.checkpoint;
  if (size > checkpoint.size)
    return fails('LOG_SHRANK', `The log had ${size} entries and now has ${checkpoint.size}; a log only grows.`);
  const subtrees = await subtreeHashes(primitives, { read, size: checkpoint.size }, fullSubtrees(0, size));
  if (!subtrees.ok) return subtrees;
  const frontier = new Frontier(primitives, { size, subtrees: subtrees.value });
  if (sameBytes(frontier.root(), root)) return holds(frontier);
  return fails(
    'HISTORY_REWRITTEN',
    `The first ${size} entries are not those of the checkpoint that was trusted before: an earlier entry was changed.`,
  );
}

type Opened = Trusted & { readonly checkpoint: Checkpoint; readonly frontier: Frontier; readonly signed: Uint8Array };

/** One pass over the entries of a log. */
class LogCheck {
  readonly #primitives: Primitives;
  readonly #claim: LogClaim;
  readonly #opened: Opened;
  readonly #from: number;
  readonly #sequence: EntrySequence;
  readonly #payloads: PayloadCheck;
  readonly #tiles: TileCheck | null;
  readonly #sourceKeys: readonly Vkey[];
  readonly #findings: Finding[] = [];
  readonly #types = new Map<string, number>();

  constructor(primitives: Primitives, claim: LogClaim, opened: Opened) {
    this.#primitives = primitives;
    this.#claim = claim;
    this.#opened = opened;
    this.#from = opened.frontier.size;
    this.#sequence = new EntrySequence({ origin: opened.checkpoint.origin, from: this.#from });
    this.#payloads = new PayloadCheck(primitives, claim);
    this.#tiles = claim.tiles === true && this.#from === 0 ? new TileCheck(primitives, claim.read) : null;
    this.#sourceKeys = (claim.sourceKeys ?? [])
      .map((text) => parseVkey(primitives, text))
      .flatMap((key) => (key.ok ? [key.value] : []));
  }

  async run(): Promise<LogReport> {
    const { checkpoint, frontier } = this.#opened;
    const stream = streamEntries({ read: this.#claim.read, from: this.#from, size: checkpoint.size });
    let next = await stream.next();
    for (; next.done !== true; next = await stream.next()) {
      for (const stored of next.value) await this.#accept(stored);
      this.#claim.onProgress?.({ entries: frontier.size, size: checkpoint.size });
    }
    if (next.value === null) await this.#conclude();
    else this.#add(next.value);
    return this.#report();
  }

  async #accept(stored: StoredEntry): Promise<void> {
    const { index, bytes, file } = stored;
    const hash = leafHash(this.#primitives, bytes);
    this.#opened.frontier.append(hash);
    if (this.#tiles !== null) await this.#tiles.append(hash);
    const parsed = parseEntry(bytes, index);
    if (!parsed.ok) {
      this.#add({ ...parsed.finding, index, file });
      return;
    }
    const entry = parsed.value;
    this.#types.set(entry.type, (this.#types.get(entry.type) ?? 0) + 1);
    for (const finding of this.#sequence.accept(entry)) this.#add({ ...finding, file });
    this.#payloads.accept(entry);
    if (index === 0 || entry.type === 'counter') await this.#checkKeys(entry, file);
  }

  async #checkKeys(entry: Entry, file: string): Promise<void> {
    const { key, checkpoint } = this.#opened;
    if (entryIs(entry, 'log.open')) {
      const known = checkOpen(entry, { origin: checkpoint.origin, key });
      if (!known.ok) this.#add({ ...known.finding, file });
      return;
    }
    if (!entryIs(entry, 'counter') || !this.#sourceKeys.some(({ name }) => name === entry.counter.source)) return;
    const signed = await verifyCounter(this.#primitives, { origin: checkpoint.origin, entry, keys: this.#sourceKeys });
    if (!signed.ok) this.#add({ ...signed.finding, file });
  }

  /** Compares the tree of what was read with the signed root; where they differ, says which entry or tile is wrong. */
  async #conclude(): Promise<void> {
    const { checkpoint, frontier } = this.#opened;
    const rootHolds = sameBytes(frontier.root(), checkpoint.root);
    if (this.#tiles !== null) await this.#tiles.finish();
    for (const finding of this.#payloads.conclude()) this.#add(finding);
    for (const finding of this.#tiles?.findings ?? []) this.#add(finding);
    if (rootHolds) {
      for (const { tile, file, offset } of this.#tiles?.differences ?? []) {
        this.#add({
          code: 'TILE_DIFFERS',
          message: `Hash ${offset} of the tile ${file} (level ${tile.level}) is not that of the entries, which are those that were signed.`,
          file,
        });
      }
      return;
    }
    const changed = await this.#changedEntries();
    for (const finding of changed) this.#findings.unshift(finding);
    if (changed.length > 0) return;
    this.#add({
      code: 'ROOT_DIFFERS',
      message: `The ${checkpoint.size} entries do not hash to the root that was signed, and no stored hash tells which of them was changed.`,
    });
  }

  /** The entries whose hash is not the one in its tile. Reads the log a second time; only a log that failed is worth it. */
  async #changedEntries(): Promise<readonly Finding[]> {
    const { read } = this.#claim;
    const check = new TileCheck(this.#primitives, read);
    const files: string[] = [];
    for await (const stored of entriesOf(read, this.#opened.checkpoint.size)) {
      files[Math.floor(stored.index / 256)] = stored.file;
      await check.append(leafHash(this.#primitives, stored.bytes));
    }
    await check.finish();
    const leaves = check.differences.filter(({ tile }) => tile.level === 0).slice(0, findingsMost);
    return leaves.reverse().map(({ tile, offset }) => {
      const index = tile.index * 256 + offset;
      const file = files[tile.index] ?? '';
      return {
        code: 'ENTRY_CHANGED',
        message: `Entry ${index} in ${file} is not the entry that was signed: its hash differs from the tree's.`,
        index,
        file,
      };
    });
  }

  #add(finding: Finding): void {
    if (this.#findings.length < findingsMost) this.#findings.push(finding);
  }

  #report(): LogReport {
    const { checkpoint, frontier, signed, keySource } = this.#opened;
    return {
      ok: this.#findings.length === 0,
      origin: checkpoint.origin,
      size: checkpoint.size,
      root: encodeBase64(checkpoint.root),
      checkpoint: signed,
      keySource,
      from: this.#from,
      entries: frontier.size - this.#from,
      types: Object.fromEntries(this.#types),
      intents: this.#sequence.counts,
      payloads: this.#payloads.counts,
      opened: this.#payloads.opened,
      unopened: this.#payloads.unopened,
      findings: this.#findings,
    };
  }
}

async function* entriesOf(read: ReadFile, size: number): AsyncGenerator<StoredEntry> {
  for await (const bundle of streamEntries({ read, from: 0, size })) yield* bundle;
}

function failedReport(finding: Finding): LogReport {
  return {
    ok: false,
    origin: null,
    size: 0,
    root: null,
    checkpoint: null,
    keySource: 'given',
    from: 0,
    entries: 0,
    types: {},
    intents: { intents: 0, outcomes: 0, open: 0 },
    payloads: null,
    opened: [],
    unopened: [],
    findings: [finding],
  };
}
