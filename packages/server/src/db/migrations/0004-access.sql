-- Access requests and the grants they become. The signed statements are the truth; these rows are an index of them
-- (DESIGN.md sections 1 and 3): a row edited here opens nothing, because the gateway verifies the statements.
create schema access;

create table access.requests (
  id                 text primary key,            -- also the grant's id and the log's ref
  tenant_id          text not null,
  log_id             text not null,
  source             text not null,
  requester          text not null,
  state              text not null,
  matter             jsonb not null,              -- what was asked, as hashed into the request statement's subject
  statement_hash     text not null unique,
  raised_at          timestamptz not null,
  manager_approved_at timestamptz,
  notified_at        timestamptz,                 -- when the customer's approvers were asked: their window runs from here
  approved_at        timestamptz,                 -- when the last approval that was needed came
  not_before         timestamptz not null,
  not_after          timestamptz not null,        -- latest possible end, as signed
  activated_at       timestamptz,
  ends_at            timestamptz,                 -- end of the live grant
  ended_at           timestamptz,
  end_reason         text,
  extension          jsonb,                       -- the asking for more time that waits for a decision
  rows_used          bigint not null default 0,
  bytes_used         bigint not null default 0,
  statements_used    bigint not null default 0
);

create index requests_by_tenant on access.requests (tenant_id, raised_at desc);
create index requests_by_requester on access.requests (requester, raised_at desc);
create index requests_open on access.requests (state)
  where state not in ('denied', 'withdrawn', 'lapsed', 'revoked', 'completed', 'expired', 'close_failed');

create table access.statements (
  hash       text primary key,
  request_id text not null references access.requests (id),
  type       text not null,
  decision   text not null,
  key_id     text not null,
  person     text not null,
  nonce      text not null unique,                -- a statement is used once
  signed     jsonb not null,
  seq        bigint not null,                     -- its entry in the tenant's log
  decided_at timestamptz not null
);

create index statements_by_request on access.statements (request_id, seq);

-- One-time tokens: only the SCRAM verifier is kept, never the token.
create table access.credentials (
  id         text primary key,
  request_id text not null references access.requests (id),
  salt       bytea not null,
  iterations integer not null,
  stored_key bytea not null,
  server_key bytea not null,
  issued_at  timestamptz not null,
  expires_at timestamptz not null,
  used_at    timestamptz
);

create index credentials_by_request on access.credentials (request_id, issued_at desc);
