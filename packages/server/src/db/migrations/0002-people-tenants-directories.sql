-- People of the operator and its suppliers. A record is never changed, only followed by the next version, so that
-- who was in whose line at an earlier time stays answerable (INV-31). Each row is an index of one entry of the
-- operator's log.
create schema people;

create table people.records (
  person     text        not null,
  version    integer     not null check (version >= 1),
  valid_from timestamptz not null,                 -- time of its entry: the record holds from then on
  seq        bigint      not null,                 -- its entry in the operator's log
  manager    text,                                 -- also in the record; a column so that lines can be walked
  record     jsonb       not null,
  primary key (person, version)
);

create index records_by_manager on people.records (manager);

-- Customers. The id is the tenant's key as the protected database knows it; the log id is random.
create schema tenants;

create table tenants.tenants (
  id           text        primary key check (octet_length(id) between 1 and 63),
  log_id       text        not null unique,
  subscription text        not null,
  created_at   timestamptz not null,
  opened_seq   bigint                              -- entry `tenant.opened`; null only between log.open and it
);

-- Every version of every customer's house rules, with the customer's statement where one was due.
create table tenants.policies (
  tenant     text        not null references tenants.tenants (id),
  version    integer     not null check (version >= 1),
  valid_from timestamptz not null,
  seq        bigint,                               -- null only for a first version whose entry is not yet durable
  policy     jsonb       not null,
  hash       text        not null,
  statement  jsonb,
  primary key (tenant, version)
);

-- Customers' users; a version with no roles is a removal. The tenant is part of every key (INV-3).
create table tenants.users (
  tenant     text        not null references tenants.tenants (id),
  person     text        not null,
  version    integer     not null check (version >= 1),
  valid_from timestamptz not null,
  seq        bigint      not null,
  name       text        not null,
  roles      jsonb       not null,
  primary key (tenant, person, version)
);

-- Key directories: an index of signed statements. The genesis is pinned outside this database, so an edited row
-- enrols nobody; it closes the directory.
create schema identity;

create table identity.directories (
  id     text primary key,                         -- operator, or tenant:ID
  log_id text not null
);

create table identity.statements (
  directory text    not null references identity.directories (id),
  position  integer not null check (position >= 0),
  hash      text    not null unique,               -- a statement is used once
  seq       bigint  not null,
  signed    jsonb   not null,
  primary key (directory, position)
);

-- Where to look for a key. Believed only after the directory was replayed and knows the key.
create table identity.keys (
  key_id    text primary key,
  directory text not null references identity.directories (id)
);

create table identity.sessions (
  token_hash   bytea       primary key,            -- SHA-256 of the token; the token itself is never kept
  directory    text        not null,
  person       text        not null,
  key_id       text        not null,
  via          text        not null check (via in ('key_proof', 'portal_code')),
  opened_at    timestamptz not null,
  last_used_at timestamptz not null,
  ended_at     timestamptz
);

create index sessions_by_age on identity.sessions (opened_at);

-- Proofs already used, kept for longer than any of them could be accepted.
create table identity.proofs (
  id        bytea       primary key,
  forget_at timestamptz not null
);

create index proofs_by_age on identity.proofs (forget_at);

create table identity.portal_codes (
  code_hash bytea       primary key,
  directory text        not null,
  person    text        not null,
  key_id    text        not null,
  ends_at   timestamptz not null,
  used_at   timestamptz
);

create index portal_codes_by_age on identity.portal_codes (ends_at);
