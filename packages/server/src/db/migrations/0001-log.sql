-- The log: entries of every log, sealed payloads, epochs. LOG-SPEC.md says what the bytes mean; nothing here is ever updated
-- but the heads, and nothing is deleted but envelopes and wraps by an erasure.
create schema log;

create table log.deployment (
  one            boolean primary key default true check (one),
  operator_name  text   not null,                 -- N of LOG-SPEC 1.6; also in lock.json
  fence          bigint not null default 0,       -- grows with each sequencer that takes over; an older one cannot commit
  batch          bigint not null default 0,       -- number of the last committed batch: tells a lost answer from a lost commit
  last_time      bigint not null default 0,       -- newest time given out, epoch milliseconds; never goes back
  epochs         bigint not null default 0,
  epoch_subtrees bytea  not null default ''       -- full subtrees of the root log, 32 bytes each
);

create table log.logs (
  slot     integer primary key,                   -- place in the slot tree, given once
  id       text    not null unique,
  size     bigint  not null,
  subtrees bytea   not null,
  sources  jsonb   not null                       -- next counter of each source
);

create table log.entries (
  slot   integer not null,
  seq    bigint  not null,
  type   text    not null,
  ref    text,
  intent bigint,
  leaf   text    not null,                        -- the bytes that are hashed; printable ASCII by LOG-SPEC 1.4
  primary key (slot, seq)
);

create index entries_of_grants on log.entries (slot, ref, type)
  where type in ('access.activated', 'access.extended', 'access.revoked', 'access.expired', 'access.completed',
                 'access.withdrawn', 'access.close_failed', 'access.denied', 'access.lapsed');

-- A compartment is named by a person; this table and the key go together, and neither is in the log.
create table log.compartments (
  slot        integer not null,
  kind        text    not null,
  person      text    not null,
  kid         text    not null unique,
  public_keys jsonb   not null,
  primary key (slot, kind, person)
);

create table log.sealing_keys (
  sk       text primary key,
  slot     integer not null,
  document jsonb   not null
);

create table log.envelopes (
  slot  integer not null,
  seq   bigint  not null,
  sk    text    not null,
  nonce bytea   not null,
  data  bytea   not null,
  primary key (slot, seq)
);
alter table log.envelopes alter column data set storage external;

-- Apart from the envelopes, because backups of it are kept at most 30 days (LOG-SPEC 5.4).
create table log.wraps (
  slot integer not null,
  seq  bigint  not null,
  wrap bytea   not null,
  primary key (slot, seq)
);

create table log.openings (
  id    bigint generated always as identity primary key,
  at    timestamptz not null,
  by    jsonb       not null,                     -- the right that was stated
  log   text        not null,
  kid   text        not null,
  cmt   text        not null
);

create table log.epochs (
  epoch  bigint primary key,
  record text   not null
);

create table log.slot_leaves (
  slot  integer not null,
  epoch bigint  not null,
  leaf  text    not null,
  primary key (slot, epoch)
);
create index slot_leaves_of_epoch on log.slot_leaves (epoch);

-- Columns come as one text each, a line per row: far cheaper to encode and to parse than arrays of quoted JSON.
create function log.lines(given text) returns text[] language sql immutable parallel safe
  return string_to_array(given, e'\n', '');

create function log.append_batch(
  at_fence bigint, new_batch bigint, new_time bigint,
  opened_slots text, opened_ids text,
  entry_slots text, entry_seqs text, entry_types text, entry_refs text, entry_intents text, entry_leaves text,
  key_names text, key_slots text, key_documents text,
  sealed_slots text, sealed_seqs text, sealed_keys text, sealed_wraps text, sealed_nonces text, sealed_data text,
  head_slots text, head_olds text, head_news text, head_subtrees text, head_sources text
) returns void language plpgsql as $$
declare
  moved bigint;
begin
  update log.deployment set batch = new_batch, last_time = new_time where fence = at_fence and batch = new_batch - 1;
  if not found then
    raise exception 'another sequencer has taken over' using errcode = 'GH001';
  end if;

  insert into log.logs (slot, id, size, subtrees, sources)
  select o.slot, o.id, 0, '', '{}'
  from   unnest(log.lines(opened_slots)::integer[], log.lines(opened_ids)) as o (slot, id);

  insert into log.entries (slot, seq, type, ref, intent, leaf)
  select e.slot, e.seq, e.type, e.ref, e.intent, e.leaf
  from   unnest(log.lines(entry_slots)::integer[], log.lines(entry_seqs)::bigint[], log.lines(entry_types),
                log.lines(entry_refs), log.lines(entry_intents)::bigint[], log.lines(entry_leaves))
         as e (slot, seq, type, ref, intent, leaf);

  if key_names <> '' then
    insert into log.sealing_keys (sk, slot, document)
    select k.sk, k.slot, k.document::jsonb
    from   unnest(log.lines(key_names), log.lines(key_slots)::integer[], log.lines(key_documents)) as k (sk, slot, document)
    on conflict (sk) do nothing;
  end if;

  if sealed_slots <> '' then
    insert into log.envelopes (slot, seq, sk, nonce, data)
    select s.slot, s.seq, s.sk, decode(s.nonce, 'base64'), decode(s.data, 'base64')
    from   unnest(log.lines(sealed_slots)::integer[], log.lines(sealed_seqs)::bigint[], log.lines(sealed_keys),
                  log.lines(sealed_nonces), log.lines(sealed_data)) as s (slot, seq, sk, nonce, data);

    insert into log.wraps (slot, seq, wrap)
    select s.slot, s.seq, decode(s.wrap, 'base64')
    from   unnest(log.lines(sealed_slots)::integer[], log.lines(sealed_seqs)::bigint[], log.lines(sealed_wraps))
           as s (slot, seq, wrap);
  end if;

  update log.logs as l
  set    size = h.new, subtrees = decode(h.subtrees, 'base64'), sources = h.sources::jsonb
  from   unnest(log.lines(head_slots)::integer[], log.lines(head_olds)::bigint[], log.lines(head_news)::bigint[],
                log.lines(head_subtrees), log.lines(head_sources)) as h (slot, old, new, subtrees, sources)
  where  l.slot = h.slot and l.size = h.old;
  get diagnostics moved = row_count;
  if moved <> cardinality(log.lines(head_slots)) then
    raise exception 'a log has another size than the sequencer knows' using errcode = 'GH002';
  end if;
end
$$;

create function log.cut_epoch(
  at_fence bigint, new_epoch bigint, new_time bigint, new_record text, new_subtrees bytea, leaf_slots text, leaves text
) returns void language plpgsql as $$
begin
  update log.deployment
  set    epochs = new_epoch + 1, epoch_subtrees = new_subtrees, last_time = new_time
  where  fence = at_fence and epochs = new_epoch;
  if not found then
    raise exception 'another sequencer has taken over' using errcode = 'GH001';
  end if;

  insert into log.epochs (epoch, record) values (new_epoch, new_record);

  insert into log.slot_leaves (slot, epoch, leaf)
  select c.slot, new_epoch, c.leaf
  from   unnest(log.lines(leaf_slots)::integer[], log.lines(leaves)) as c (slot, leaf);
end
$$;
