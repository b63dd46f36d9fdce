import { sign } from 'node:crypto';
import {
  canonicalBytes,
  commitment,
  createFrontier,
  encodeEntryBundle,
  encodeTile,
  entryBundlePath,
  formatCheckpoint,
  formatNote,
  formatSignatureLine,
  formatTime,
  formatVkey,
  type JsonObject,
  leafHash,
  makeVkey,
  noteMessage,
  type Opening,
  type ReadFile,
  tilePath,
  treeRoot,
  type Vkey,
} from '../src/index.ts';
import { aPerson } from './people.ts';

/** What a test says of an entry; the rest is filled in. A payload gets a commitment and an opening. */
export type EntryDraft = { readonly type: string; readonly payload?: JsonObject } & {
  readonly [member: string]: unknown;
};

const origin = 'cloud.example/log/t/00112233445566778899aabbccddeeff';
const owner = aPerson(origin);
const begin = Date.parse('2026-03-02T09:00:00.000Z');

/** A log in memory, published in tlog-tiles layout: real keys, real bytes. */
export class BuiltLog {
  readonly origin = origin;
  readonly key: Vkey = makeVkey(origin, 1, Buffer.from(owner.jwk.x, 'base64url'));
  readonly vkey = formatVkey(this.key);
  readonly files = new Map<string, Uint8Array>();
  readonly openings = new Map<number, Opening>();
  readonly entries: Uint8Array[] = [];
  #counted = 0;

  constructor() {
    this.append({ type: 'log.open', origin, slot: 1, vkey: this.vkey, keep: 730 });
  }

  /** Appends an entry; `access.*` entries get a source and its number. Returns its seq. */
  append({ payload, ...members }: EntryDraft): number {
    const seq = this.entries.length;
    const source =
      members.type.startsWith('access.') && members['src'] === undefined
        ? { src: 'cloud.example/gateway/1', n: this.#counted++ }
        : {};
    const sealed = payload === undefined ? {} : { cmt: this.#commit(seq, payload), kid: '0'.repeat(32) };
    this.entries.push(
      canonicalBytes({ v: 1, seq, time: formatTime(begin + seq * 1000), ...source, ...sealed, ...members }),
    );
    return seq;
  }

  #commit(seq: number, payload: JsonObject): string {
    const opening = { payload: canonicalBytes(payload), salt: new Uint8Array(32).fill(seq & 255) };
    this.openings.set(seq, opening);
    return commitment(opening);
  }

  /** Writes tiles, entry bundles and the signed checkpoint of the present size; returns the checkpoint. */
  publish(): Uint8Array {
    const size = this.entries.length;
    for (let at = 0; at < size; at += 256) {
      const bundle = this.entries.slice(at, at + 256);
      this.files.set(entryBundlePath(at / 256, bundle.length), encodeEntryBundle(bundle));
    }
    let hashes = this.entries.map((entry) => leafHash(entry));
    for (let level = 0; hashes.length > 0; level++) {
      const above: Uint8Array[] = [];
      for (let at = 0; at < hashes.length; at += 256) {
        const tile = hashes.slice(at, at + 256);
        this.files.set(tilePath({ level, index: at / 256, width: tile.length }), encodeTile(tile));
        if (tile.length === 256) above.push(treeRoot(tile));
      }
      hashes = above;
    }
    const frontier = createFrontier();
    for (const entry of this.entries) frontier.append(leafHash(entry));
    const text = formatCheckpoint({ origin, size, root: frontier.root() });
    const line = formatSignatureLine(this.key, sign(null, noteMessage(text), owner.privateKey));
    const checkpoint = new TextEncoder().encode(formatNote(text, [line]));
    this.files.set('checkpoint', checkpoint);
    return checkpoint;
  }

  /** Reads the published files. */
  get read(): ReadFile {
    return async (path) => this.files.get(path) ?? null;
  }
}
