import { openCheckpoint } from '@gatehouse/verifier';
import { join } from 'node:path';
import { valueOf } from './damaged.ts';
import { readIfThere, writeAllDurably } from './durable-files.ts';
import type { EpochSnapshot, SlotState } from './epoch-cutter.ts';
import type { LogKeys } from './keys.ts';
import type { LockFile } from './lock-file.ts';
import { rootOriginOf } from './names.ts';
import { signAll } from './signer.ts';
import { readEpochs, readLeaves, type Queryable } from './store.ts';
import { removePartials, type TreeToWrite, writeTree } from './tile-writer.ts';

/** What the publisher stands on. `folder` is served as the prefix N. */
export type PublisherPorts = {
  readonly db: Queryable;
  readonly folder: string;
  readonly operatorName: string;
  readonly keys: LogKeys;
  readonly lock: LockFile;
};

/** What is published: an epoch, with every log's checkpoint at the size of its slot leaf (LOG-SPEC 2.7). */
export type Published = { readonly snapshot: EpochSnapshot; readonly rootCheckpoint: string };

/** Publishes epochs: entries, tiles, read back, signed, checkpoints; in this order (LOG-SPEC 8.3), from committed rows only. */
export class Publisher {
  readonly #ports: PublisherPorts;
  /** Sizes that the checkpoints in the folder show, by origin. */
  readonly #shown = new Map<string, number>();
  #published: Published | null = null;

  constructor(ports: PublisherPorts) {
    this.#ports = ports;
  }

  /** The newest published epoch; null before the first. */
  get published(): Published | null {
    return this.#published;
  }

  /** Publishes `snapshot`. When it throws, nothing newer than before is shown, and doing it again is safe. */
  async publish(snapshot: EpochSnapshot): Promise<void> {
    const grown: { slot: SlotState; since: number }[] = [];
    for (const slot of snapshot.slots) {
      const since = await this.#shownSize(slot.origin);
      if (since !== slot.size) grown.push({ slot, since });
    }
    const root = await this.#rootTree(snapshot);
    const trees = grown.map(({ slot, since }) => this.#treeOf(slot, since));
    for (const tree of [...trees, root]) await writeTree(tree);
    const notes = await this.#sign(
      snapshot,
      trees,
      grown.map(({ slot }) => slot),
    );
    await this.#show(notes);
    for (const tree of [...trees, root]) await removePartials(tree);
    this.#published = { snapshot, rootCheckpoint: notes.get(rootOriginOf(this.#ports.operatorName)) ?? '' };
  }

  async #sign(
    snapshot: EpochSnapshot,
    trees: readonly TreeToWrite[],
    slots: readonly SlotState[],
  ): Promise<ReadonlyMap<string, string>> {
    const { keys, lock, operatorName, folder } = this.#ports;
    const rootOrigin = rootOriginOf(operatorName);
    const wanted = slots.map(({ origin, size, root }, at) => ({
      origin,
      size,
      root,
      folder: trees[at]?.folder ?? folder,
    }));
    const root = { origin: rootOrigin, folder: join(folder, 'root'), size: snapshot.epoch + 1, root: snapshot.root };
    return signAll([...wanted, root], { keys, lock });
  }

  /** Writes the checkpoints, the root log's last: with it the epoch is published. */
  async #show(notes: ReadonlyMap<string, string>): Promise<void> {
    const { folder, operatorName, keys } = this.#ports;
    const rootOrigin = rootOriginOf(operatorName);
    const files: { path: string; bytes: Uint8Array }[] = [];
    for (const [origin, note] of notes) {
      if (origin === rootOrigin) continue;
      const prefix = origin.slice(operatorName.length + 1);
      files.push({ path: `${prefix}/vkey`, bytes: Buffer.from(`${keys.of(origin).vkeyText}\n`, 'utf8') });
      files.push({ path: `${prefix}/checkpoint`, bytes: Buffer.from(note, 'utf8') });
    }
    files.push({ path: 'vkeys', bytes: Buffer.from(`${keys.of(rootOrigin).vkeyText}\n`, 'utf8') });
    files.push({ path: 'root/checkpoint', bytes: Buffer.from(notes.get(rootOrigin) ?? '', 'utf8') });
    await writeAllDurably(folder, files);
    for (const [origin, note] of notes) this.#shown.set(origin, sizeIn(note));
  }

  async #rootTree(snapshot: EpochSnapshot): Promise<TreeToWrite> {
    const { db, folder, operatorName } = this.#ports;
    return {
      folder: join(folder, 'root'),
      leaves: (from, to) => readEpochs(db, from, to),
      since: await this.#shownSize(rootOriginOf(operatorName)),
      size: snapshot.epoch + 1,
    };
  }

  #treeOf({ slot, origin, size }: SlotState, since: number): TreeToWrite {
    const { db, folder, operatorName } = this.#ports;
    return {
      folder: join(folder, origin.slice(operatorName.length + 1)),
      leaves: (from, to) => readLeaves(db, slot, from, to),
      since,
      size,
    };
  }

  /** The size of the checkpoint in the folder; 0 without one, and then everything is written again from the database. */
  async #shownSize(origin: string): Promise<number> {
    const known = this.#shown.get(origin);
    if (known !== undefined) return known;
    const { folder, operatorName, keys } = this.#ports;
    const note = await readIfThere(join(folder, origin.slice(operatorName.length + 1), 'checkpoint'));
    const size =
      note === null ? 0 : valueOf(await openCheckpoint(note, { logs: [keys.of(origin).vkey] })).checkpoint.size;
    this.#shown.set(origin, size);
    return size;
  }
}

function sizeIn(note: string): number {
  return Number(note.split('\n')[1]);
}
