import type { Pool, PoolClient } from 'pg';
import type { PublishedKey, PublishedSealingKey } from '@gatehouse/custodian';

/** A connection or the pool. */
export type Queryable = Pick<Pool | PoolClient, 'query'>;

/** A row of one committed batch or epoch; columns become one text each, a line per row (migration 0001, `log.lines`). */
export type BatchRows = {
  readonly opened: readonly { readonly slot: number; readonly id: string }[];
  readonly entries: readonly {
    readonly slot: number;
    readonly seq: number;
    readonly type: string;
    readonly ref: string | undefined;
    readonly intent: number | undefined;
    readonly leaf: string;
  }[];
  readonly sealingKeys: readonly { readonly slot: number; readonly document: PublishedSealingKey }[];
  readonly sealed: readonly {
    readonly slot: number;
    readonly seq: number;
    readonly sk: string;
    readonly wrap: string;
    readonly nonce: string;
    readonly data: string;
  }[];
  readonly heads: readonly {
    readonly slot: number;
    readonly oldSize: number;
    readonly newSize: number;
    readonly subtrees: readonly Uint8Array[];
    readonly sources: ReadonlyMap<string, number>;
  }[];
};

/** Who commits, as which batch, at which time. */
export type BatchHead = { readonly fence: number; readonly batch: number; readonly time: number };

/** Appends a batch: one statement, so without a surrounding transaction it is its own. Throws when fenced or when a head moved. */
export async function appendBatch(client: Queryable, head: BatchHead, rows: BatchRows): Promise<void> {
  const { opened, entries, sealingKeys, sealed, heads } = rows;
  await client.query({
    name: 'log_append_batch',
    text: `select log.append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                                   $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`,
    values: [
      head.fence,
      head.batch,
      head.time,
      lines(opened, (row) => row.slot),
      lines(opened, (row) => row.id),
      lines(entries, (row) => row.slot),
      lines(entries, (row) => row.seq),
      lines(entries, (row) => row.type),
      lines(entries, (row) => row.ref),
      lines(entries, (row) => row.intent),
      lines(entries, (row) => row.leaf),
      lines(sealingKeys, (row) => row.document.sk),
      lines(sealingKeys, (row) => row.slot),
      lines(sealingKeys, (row) => JSON.stringify(row.document)),
      lines(sealed, (row) => row.slot),
      lines(sealed, (row) => row.seq),
      lines(sealed, (row) => row.sk),
      lines(sealed, (row) => row.wrap),
      lines(sealed, (row) => row.nonce),
      lines(sealed, (row) => row.data),
      lines(heads, (row) => row.slot),
      lines(heads, (row) => row.oldSize),
      lines(heads, (row) => row.newSize),
      lines(heads, (row) => Buffer.concat(row.subtrees).toString('base64')),
      lines(heads, (row) => JSON.stringify(Object.fromEntries(row.sources))),
    ],
  });
}

function lines<Row>(rows: readonly Row[], column: (row: Row) => string | number | undefined): string {
  return rows.map((row) => column(row) ?? '').join('\n');
}

/** The deployment's row, which a database without a log does not have. */
export type Deployment = {
  readonly operatorName: string;
  readonly fence: number;
  readonly batch: number;
  readonly lastTime: number;
  readonly epochs: number;
  readonly epochSubtrees: readonly Uint8Array[];
};

type DeploymentRow = {
  operator_name: string;
  fence: string;
  batch: string;
  last_time: string;
  epochs: string;
  epoch_subtrees: Buffer;
};

/** Reads the deployment's row. */
export async function readDeployment(db: Queryable): Promise<Deployment | null> {
  const { rows } = await db.query<DeploymentRow>('select * from log.deployment');
  return rows[0] === undefined ? null : deploymentOf(rows[0]);
}

/** Makes the row of a new deployment; nothing when there is one already. */
export async function insertDeployment(db: Queryable, operatorName: string): Promise<void> {
  await db.query('insert into log.deployment (operator_name) values ($1) on conflict (one) do nothing', [operatorName]);
}

/** Takes over: every sequencer before is fenced from here on. The rest of the row is as the last committed batch left it. */
export async function raiseFence(db: Queryable): Promise<Deployment> {
  const { rows } = await db.query<DeploymentRow>('update log.deployment set fence = fence + 1 returning *');
  if (rows[0] === undefined) throw new Error('log.deployment has no row; it is made before the first sequencer starts');
  return deploymentOf(rows[0]);
}

function deploymentOf(row: DeploymentRow): Deployment {
  return {
    operatorName: row.operator_name,
    fence: Number(row.fence),
    batch: Number(row.batch),
    lastTime: Number(row.last_time),
    epochs: Number(row.epochs),
    epochSubtrees: hashesOf(row.epoch_subtrees),
  };
}

function hashesOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / 32 }, (_, at) => Uint8Array.from(bytes.subarray(at * 32, at * 32 + 32)));
}

/** Takes the lock that one sequencer per database holds, as long as the connection lives; false when another holds it. */
export async function tryLock(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [advisoryLock]);
  return rows[0]?.taken === true;
}

/** Any constant will do: it only has to be the same in every Gatehouse, and another than the migrations' ("gatelog1" as eight bytes). */
const advisoryLock = '7449366291762143025';

/** A statement of the sequencer that takes longer is cut off: one caller's transaction must not stop every log. */
export async function boundStatements(db: Queryable): Promise<void> {
  await db.query(
    `set statement_timeout = '10s'; set lock_timeout = '5s'; set idle_in_transaction_session_timeout = '20s'`,
  );
}

/** The heads of all logs by slot, each with the highest stored seq beside its size. */
export async function readHeads(db: Queryable): Promise<
  readonly {
    readonly slot: number;
    readonly id: string;
    readonly size: number;
    readonly stored: number;
    readonly subtrees: readonly Uint8Array[];
    readonly sources: ReadonlyMap<string, number>;
  }[]
> {
  const { rows } = await db.query<{
    slot: number;
    id: string;
    size: string;
    stored: string;
    subtrees: Buffer;
    sources: Record<string, number>;
  }>(
    `select   l.slot, l.id, l.size, l.subtrees, l.sources,
              (select coalesce(max(e.seq) + 1, 0) from log.entries e where e.slot = l.slot) as stored
     from     log.logs l
     order by l.slot`,
  );
  return rows.map((row) => ({
    slot: row.slot,
    id: row.id,
    size: Number(row.size),
    stored: Number(row.stored),
    subtrees: hashesOf(row.subtrees),
    sources: new Map(Object.entries(row.sources)),
  }));
}

/** The entries that opened or moved a grant that has no end entry yet, in the order of each log. */
export async function readGrantEntries(
  db: Queryable,
  ends: readonly string[],
): Promise<readonly { readonly slot: number; readonly leaf: string }[]> {
  const { rows } = await db.query<{ slot: number; leaf: string }>(
    `select   e.slot, e.leaf
     from     log.entries e
     where    e.type in ('access.activated', 'access.extended')
     and      not exists (select from log.entries x where x.slot = e.slot and x.ref = e.ref and x.type = any($1))
     order by e.slot, e.seq`,
    [ends],
  );
  return rows;
}

/** Whether a grant of this ref was opened or ended before: then it is not opened again. */
export async function grantHasHistory(
  db: Queryable,
  slot: number,
  ref: string,
  ends: readonly string[],
): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    `select exists (select from log.entries
                    where  slot = $1 and ref = $2 and (type = 'access.activated' or type = any($3))) as found`,
    [slot, ref, ends],
  );
  return rows[0]?.found === true;
}

/** Intents that no outcome ends, in the order of each log. */
export async function readOpenIntents(
  db: Queryable,
): Promise<readonly { readonly slot: number; readonly seq: number; readonly ref: string }[]> {
  const { rows } = await db.query<{ slot: number; seq: string; ref: string }>(
    `select   i.slot, i.seq, i.ref
     from     log.entries i
     left join log.entries o on o.slot = i.slot and o.intent = i.seq and o.type = 'access.outcome'
     where    i.type = 'access.intent' and o.seq is null
     order by i.slot, i.seq`,
  );
  return rows.map((row) => ({ ...row, seq: Number(row.seq) }));
}

/** The leaves of a log from `from` (inclusive) to `to` (exclusive), in order. */
export async function readLeaves(db: Queryable, slot: number, from: number, to: number): Promise<readonly string[]> {
  const { rows } = await db.query<{ leaf: string }>({
    name: 'log_read_leaves',
    text: 'select leaf from log.entries where slot = $1 and seq >= $2 and seq < $3 order by seq',
    values: [slot, from, to],
  });
  return rows.map((row) => row.leaf);
}

/** An entry with its sealed payload and the sealing key's published form, as far as they are there; null when there is no such entry. */
export async function readSealed(
  db: Queryable,
  slot: number,
  seq: number,
): Promise<{
  readonly leaf: string;
  readonly envelope: {
    readonly sk: string;
    readonly wrap: string;
    readonly nonce: string;
    readonly data: string;
  } | null;
  readonly sealingKey: PublishedSealingKey | null;
} | null> {
  const { rows } = await db.query<{
    leaf: string;
    sk: string | null;
    wrap: string | null;
    nonce: string | null;
    data: string | null;
    document: PublishedSealingKey | null;
  }>({
    name: 'log_read_sealed',
    text: `select e.leaf, s.sk, k.document,
                  translate(encode(w.wrap, 'base64'), e'\\n', '') as wrap,
                  translate(encode(s.nonce, 'base64'), e'\\n', '') as nonce,
                  translate(encode(s.data, 'base64'), e'\\n', '') as data
           from      log.entries e
           left join log.envelopes s using (slot, seq)
           left join log.wraps w using (slot, seq)
           left join log.sealing_keys k on k.sk = s.sk
           where     e.slot = $1 and e.seq = $2`,
    values: [slot, seq],
  });
  const row = rows[0];
  if (row === undefined) return null;
  const { leaf, sk, wrap, nonce, data, document } = row;
  const whole = sk !== null && wrap !== null && nonce !== null && data !== null;
  return { leaf, envelope: whole ? { sk, wrap, nonce, data } : null, sealingKey: document };
}

/** A compartment's key id and the custodians' public keys to it. */
export type Compartment = { readonly kid: string; readonly publicKeys: readonly PublishedKey[] };

/** The compartment of a person in a log, or null. */
export async function findCompartment(
  db: Queryable,
  at: { readonly slot: number; readonly kind: string; readonly person: string },
): Promise<Compartment | null> {
  const { rows } = await db.query<{ kid: string; public_keys: PublishedKey[] }>(
    'select kid, public_keys from log.compartments where slot = $1 and kind = $2 and person = $3',
    [at.slot, at.kind, at.person],
  );
  return rows[0] === undefined ? null : { kid: rows[0].kid, publicKeys: rows[0].public_keys };
}

/** Records a new compartment; the first of two at once wins, and the caller reads again. */
export async function insertCompartment(
  db: Queryable,
  at: { readonly slot: number; readonly kind: string; readonly person: string },
  key: PublishedKey,
): Promise<void> {
  await db.query(
    `insert into log.compartments (slot, kind, person, kid, public_keys)
     values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [at.slot, at.kind, at.person, key.kid, JSON.stringify([key])],
  );
}

/** Records that a payload is about to be opened, and by what right. */
export async function insertOpening(
  db: Queryable,
  opening: {
    readonly at: Date;
    readonly right: object;
    readonly origin: string;
    readonly kid: string;
    readonly cmt: string;
  },
): Promise<void> {
  await db.query('insert into log.openings (at, by, log, kid, cmt) values ($1, $2, $3, $4, $5)', [
    opening.at,
    JSON.stringify(opening.right),
    opening.origin,
    opening.kid,
    opening.cmt,
  ]);
}

/** Commits an epoch: its record, the slot leaves that it wrote, the root log's frontier. */
export async function cutEpoch(
  client: Queryable,
  epoch: {
    readonly fence: number;
    readonly epoch: number;
    readonly time: number;
    readonly record: string;
    readonly subtrees: readonly Uint8Array[];
    readonly leaves: readonly { readonly slot: number; readonly leaf: string }[];
  },
): Promise<void> {
  await client.query({
    name: 'log_cut_epoch',
    text: 'select log.cut_epoch($1, $2, $3, $4, $5, $6, $7)',
    values: [
      epoch.fence,
      epoch.epoch,
      epoch.time,
      epoch.record,
      Buffer.concat(epoch.subtrees),
      lines(epoch.leaves, (row) => row.slot),
      lines(epoch.leaves, (row) => row.leaf),
    ],
  });
}

/** The epoch records from `from` (inclusive) to `to` (exclusive). */
export async function readEpochs(db: Queryable, from: number, to: number): Promise<readonly string[]> {
  const { rows } = await db.query<{ record: string }>(
    'select record from log.epochs where epoch >= $1 and epoch < $2 order by epoch',
    [from, to],
  );
  return rows.map((row) => row.record);
}

/** A slot leaf with the epoch that wrote it. */
export type SlotLeafRow = { readonly slot: number; readonly epoch: number; readonly leaf: string };

/** The slot leaves as epoch `epoch` has them, by slot. */
export async function readSlotLeavesAt(db: Queryable, epoch: number): Promise<readonly SlotLeafRow[]> {
  const { rows } = await db.query<{ slot: number; epoch: string; leaf: string }>(
    `select   l.slot, n.epoch, n.leaf
     from     log.logs l
     cross join lateral (select epoch, leaf from log.slot_leaves s
                         where  s.slot = l.slot and s.epoch <= $1
                         order by s.epoch desc limit 1) n
     order by l.slot`,
    [epoch],
  );
  return rows.map((row) => ({ ...row, epoch: Number(row.epoch) }));
}

/** The slot leaves that epoch `epoch` wrote, by slot, each with the leaf that it replaced. */
export async function readSlotChanges(
  db: Queryable,
  epoch: number,
): Promise<readonly { readonly slot: number; readonly leaf: string; readonly before: string | null }[]> {
  const { rows } = await db.query<{ slot: number; leaf: string; before: string | null }>(
    `select   s.slot, s.leaf,
              (select b.leaf from log.slot_leaves b
               where  b.slot = s.slot and b.epoch < s.epoch
               order by b.epoch desc limit 1) as before
     from     log.slot_leaves s
     where    s.epoch = $1
     order by s.slot`,
    [epoch],
  );
  return rows;
}
