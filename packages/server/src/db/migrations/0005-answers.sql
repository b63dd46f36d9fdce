-- Answers to POSTs that carried an Idempotency-Key, so that a client may always try again (INTERFACE.md).
create schema http;

create table http.answers (
  name       text primary key,      -- hash of caller, path and key
  body_hash  text not null,
  answer     jsonb,                 -- null while the first request is under way
  begun_at   timestamptz not null default now()
);

create index answers_by_age on http.answers (begun_at);
