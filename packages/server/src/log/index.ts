import { openCustodian } from '@gatehouse/custodian';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { Logger } from '../logger.ts';
import { endingsOf } from './crash-recovery.ts';
import { Engine } from './engine.ts';
import { Epochs } from './epochs.ts';
import { LogError, messageOf } from './errors.ts';
import type { Log } from './log.ts';
import { operatorLogId } from './names.ts';
import { openEpochs, openIdentity } from './open.ts';
import { Publisher } from './publisher.ts';
import type { Random } from './random.ts';
import { createSealer } from './sealer.ts';
import { defaultLimits, Sequencer, type SequencerLimits } from './sequencer.ts';
import { insertOpening } from './store.ts';

export type { Appended, AppendRefusal, Draft, Place, Write } from './draft.ts';
export { LogError, type LogErrorCode } from './errors.ts';
export type { Log, LogHealth } from './log.ts';
export type { BundleAnswer } from './proofs.ts';
export type { CommittedEntry, PayloadAnswer } from './reading.ts';

/** What the log stands on. */
export type LogOptions = {
  readonly database: Pick<Database, 'pool'>;
  /** Holds `log/` (published files, lock file) and `keys/` (seed, custodian). */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly random: Random;
  /** N of LOG-SPEC 1.6, at the first start only; later it must be the same or left out. */
  readonly operatorName?: string;
  readonly logger: Logger;
  /** 1 s and 60 s by default (LOG-SPEC 4.4). */
  readonly epochs?: { readonly cadenceMs: number; readonly heartbeatMs: number };
  readonly limits?: Partial<SequencerLimits>;
};

const defaultEpochs = { cadenceMs: 1_000, heartbeatMs: 60_000 };

/**
 * Opens the log: finds out who this deployment is, becomes its one sequencer, compares database, files and lock file, brings what is
 * published up to the newest epoch, and ends what a killed program left open. Throws `LogError` and then holds nothing.
 */
export async function openLog(options: LogOptions): Promise<Log> {
  const { dataDir, clock, random, logger } = options;
  const { pool } = options.database;
  const cadence = options.epochs ?? defaultEpochs;
  const identity = await openIdentity({ pool, dataDir, random, operatorName: options.operatorName });
  const { operatorName, lock, keys } = identity;
  const custodian = openCustodian({
    folder: join(dataDir, 'keys', 'compartments'),
    rootKeyFile: join(dataDir, 'keys', 'custodian.root'),
    name: 'operator',
    random,
    record: (opening) => insertOpening(pool, { ...opening, at: new Date(clock.now()) }),
  });
  const limits = { ...defaultLimits, ...options.limits };
  const sequencer = await Sequencer.start({ pool, operatorName, clock, logger, limits });
  try {
    const { cutter, newest } = await openEpochs({ db: pool, lock, operatorName }, sequencer.state, {
      ...cadence,
      clock,
    });
    const folder = join(dataDir, 'log');
    const publisher = new Publisher({ db: pool, folder, operatorName, keys, lock });
    if (newest !== null) await publishFirst(publisher, newest);
    const epochs = new Epochs({ sequencer, cutter, publisher, db: pool, logger, cadenceMs: cadence.cadenceMs }, newest);
    const sealer = createSealer({ db: pool, custodian, clock, random });
    const log = new Engine({ pool, folder, identity, random, custodian, sealer, sequencer, publisher, epochs });
    if (log.logs().length === 0) await log.openLog(operatorLogId);
    await Promise.all(endingsOf(sequencer.state).map(({ logId, draft }) => log.append(logId, draft)));
    epochs.start();
    return log;
  } catch (error) {
    await sequencer.stop();
    throw error;
  }
}

/** What was committed before is published, and thereby compared with what was signed, before anything new is taken. */
async function publishFirst(publisher: Publisher, newest: Parameters<Publisher['publish']>[0]): Promise<void> {
  try {
    await publisher.publish(newest);
  } catch (cause) {
    if (cause instanceof LogError) throw cause;
    throw new LogError(
      'LOG_UNAVAILABLE',
      `The log could not be published (${messageOf(cause)}), so it was not opened: make the data directory writable, with room.`,
      { cause },
    );
  }
}
