-- Databases to protect. Each row is an index of log entries; the wall itself stands in the protected database.
create schema sources;

create table sources.sources (
  name              text        primary key,
  system_identifier text        not null,
  database_oid      bigint      not null,
  database          text        not null,
  server_version    integer     not null,
  connection        jsonb       not null,          -- host, port, database, user, ssl; never the password
  tenant_table      jsonb,                         -- {schema, table, column}
  map_salt          bytea       not null,          -- salts the keys in the tenant map that logs hold
  registered_at     timestamptz not null,
  unique (system_identifier, database_oid)         -- one database is one source (DESIGN.md section 5)
);

create table sources.classifications (
  source        text        not null references sources.sources (name),
  version       integer     not null check (version >= 1),
  hash          text        not null,
  document      jsonb       not null,
  classified_at timestamptz not null,
  primary key (source, version)
);

-- What was done to a source, with the inverse of each statement. Filed before it is done: a killed apply is found.
create table sources.applications (
  source              text        not null references sources.sources (name),
  number              integer     not null check (number >= 1),
  classification_hash text        not null,
  plan_hash           text        not null,
  plan                jsonb       not null,
  fingerprint         text,                        -- of the schema after apply; null until committed there and logged
  shape               jsonb,                       -- what the fingerprint is over, to name what changed
  applied_at          timestamptz not null,
  undone_at           timestamptz,
  primary key (source, number)
);

create unique index applications_standing on sources.applications (source) where undone_at is null;

-- Tenant key -> log.
create table sources.tenant_map (
  source              text  not null references sources.sources (name),
  tenant_key          text  not null check (octet_length(tenant_key) between 1 and 63),
  tenant_id           text  not null,
  log_id              text  not null,
  recorded_hash       text,                        -- classification under which its log was told; null: not yet
  primary key (source, tenant_key)
);

create table sources.grant_roles (
  grant_id   text        not null,
  source     text        not null references sources.sources (name),
  role_name  text        primary key,
  tenant_key text        not null,
  not_after  timestamptz not null,
  opened_at  timestamptz not null,
  closed_at  timestamptz,
  fault      text                                  -- why closing failed last
);

create index grant_roles_open on sources.grant_roles (grant_id) where closed_at is null;
