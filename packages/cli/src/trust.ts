import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliFailure } from './failure.ts';
import { countOf, fieldsOf, textOf, textOrNullOf } from './reading.ts';

/** The root log as it was last verified. */
export type TrustedRoot = {
  readonly vkey: string;
  /** How the key came here, for people. */
  readonly from: string;
  /** The last signed root checkpoint that held; null before the first verification. */
  readonly checkpoint: string | null;
  /** Hash of the statement that began the operator's key directory; null until it was first replayed. */
  readonly operatorGenesis: string | null;
};

/** A tenant's log as it was last verified. */
export type TrustedLog = {
  readonly tenant: string;
  readonly logId: string;
  readonly vkey: string;
  readonly checkpoint: string;
  readonly size: number;
  readonly root: string;
  /** The newest epoch whose slot of this log was checked. */
  readonly epoch: number;
};

/**
 * What one person believes of one deployment, kept under `DIR/profiles/EMAIL/trust/`: the root key (pinned on first use),
 * and the last checkpoints that held. Never taken from the server once it is here.
 */
export class Trust {
  readonly #folder: string;

  constructor(dataDir: string, person: string) {
    this.#folder = join(dataDir, 'profiles', person, 'trust');
  }

  /** The pinned root; null before the first use. */
  root(): TrustedRoot | null {
    const said = this.#read('root.json');
    return said === null
      ? null
      : {
          vkey: textOf(said, 'vkey'),
          from: textOf(said, 'from'),
          checkpoint: textOrNullOf(said, 'checkpoint'),
          operatorGenesis: textOrNullOf(said, 'operatorGenesis'),
        };
  }

  /** The log of a tenant as last verified; null before. */
  log(tenant: string): TrustedLog | null {
    const said = this.#read(fileOf(tenant));
    if (said === null) return null;
    return {
      tenant: textOf(said, 'tenant'),
      logId: textOf(said, 'logId'),
      vkey: textOf(said, 'vkey'),
      checkpoint: textOf(said, 'checkpoint'),
      size: countOf(said, 'size'),
      root: textOf(said, 'root'),
      epoch: countOf(said, 'epoch'),
    };
  }

  /** Keeps the root. */
  keepRoot(root: TrustedRoot): void {
    this.#write('root.json', root);
  }

  /** Keeps the log of a tenant. */
  keepLog(log: TrustedLog): void {
    this.#write(fileOf(log.tenant), log);
  }

  /** Pins `vkey` if nothing is pinned yet; refuses another key than the pinned one, whoever offers it. */
  pin(vkey: string, from: string): { readonly root: TrustedRoot; readonly pinnedNow: boolean } {
    const pinned = this.root();
    if (pinned === null) {
      const root = { vkey, from, checkpoint: null, operatorGenesis: null };
      this.keepRoot(root);
      return { root, pinnedNow: true };
    }
    if (pinned.vkey === vkey) return { root: pinned, pinnedNow: false };
    throw new CliFailure(
      'root_key_changed',
      `The root key from ${from} is ${vkey}, but ${pinned.vkey} was pinned before (from ${pinned.from}). Ask the operator why; if the change is right, remove ${join(this.#folder, 'root.json')}.`,
    );
  }

  #read(name: string) {
    const file = join(this.#folder, name);
    try {
      return fieldsOf(JSON.parse(readFileSync(file, 'utf8')));
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
      throw new CliFailure(
        'trust_unreadable',
        `What was trusted before cannot be read from ${file}. Restore the file; without it, earlier changes of the log would go unseen.`,
      );
    }
  }

  #write(name: string, value: TrustedRoot | TrustedLog): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const next = join(this.#folder, `${name}.${process.pid}`);
    writeFileSync(next, `${JSON.stringify(value)}\n`, { mode: 0o600 });
    renameSync(next, join(this.#folder, name));
  }
}

/** Tenant keys are any text; a file name is not. */
function fileOf(tenant: string): string {
  return `log-${createHash('sha256').update(tenant).digest('hex').slice(0, 32)}.json`;
}
