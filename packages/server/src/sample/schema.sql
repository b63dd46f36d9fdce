-- The sample service: shops that sell, send parcels and answer their customers. 44 tenants share every table.

-- reference: the same for everybody
create table countries (
  code     char(2) primary key,
  name     text not null,
  currency char(3) not null,
  vat      numeric(5, 4) not null
);
create table plans (
  code          text primary key,
  name          text not null,
  monthly_price numeric(10, 2) not null,
  features      jsonb not null
);

-- tenant, by column
create table tenants (
  id         text primary key,
  name       text not null,
  country    char(2) not null,
  plan       text not null,
  domains    text[] not null,
  settings   jsonb not null,
  created_at timestamptz not null
);
create table users (
  id            bigint primary key,
  tenant_id     text not null,
  email         text not null,
  name          text not null,
  role          text not null check (role in ('owner', 'agent', 'viewer')),
  preferences   jsonb not null,
  last_login_at timestamptz
);
create table customers (
  id         bigint primary key,
  tenant_id  text not null,
  name       text not null,
  email      text not null,
  country    char(2) not null,
  address    jsonb not null,
  tags       text[] not null,
  created_at timestamptz not null
);
create table products (
  id         bigint primary key,
  tenant_id  text not null,
  sku        text not null,
  name       text not null,
  price      numeric(12, 2) not null check (price >= 0),
  attributes jsonb not null,
  active     boolean not null
);
create table orders (
  id               bigint primary key,
  tenant_id        text not null,
  customer_id      bigint not null,
  number           text not null,
  status           text not null check (status in ('cart', 'paid', 'packed', 'shipped', 'delivered', 'cancelled')),
  currency         char(3) not null,
  total            numeric(14, 2) not null,
  shipping_address jsonb not null,
  note             text,
  placed_at        timestamptz not null
);
create table tickets (
  id          bigint primary key,
  tenant_id   text not null,
  customer_id bigint not null,
  order_id    bigint,
  assignee_id bigint,
  subject     text not null,
  status      text not null check (status in ('open', 'waiting', 'solved')),
  priority    smallint not null check (priority between 1 and 4),
  tags        text[] not null,
  opened_at   timestamptz not null,
  closed_at   timestamptz
);
create table invoices (
  id        bigint primary key,
  tenant_id text not null,
  number    text not null,
  issued_on date not null,
  due_on    date not null,
  total     numeric(14, 2) not null,
  paid_at   timestamptz
);
create table events (
  id        bigint primary key,
  tenant_id text not null,
  kind      text not null,
  actor_id  bigint,
  client    inet,
  payload   jsonb not null,
  at        timestamptz not null
);
create table api_keys (
  id         bigint primary key,
  tenant_id  text not null,
  label      text not null,
  key_hash   bytea not null,
  scopes     text[] not null,
  revoked_at timestamptz
);

-- tenant, by a path of foreign keys
create table order_items (
  order_id    bigint not null,
  line        smallint not null,
  product_id  bigint not null,
  description text not null,
  quantity    integer not null check (quantity > 0),
  unit_price  numeric(12, 2) not null,
  discount    numeric(5, 4) not null,
  primary key (order_id, line)
);
create table shipments (
  id         bigint primary key,
  order_id   bigint not null,
  carrier    text not null,
  tracking   text,
  status     text not null check (status in ('label_pending', 'label_failed', 'in_transit', 'delivered')),
  attempts   jsonb not null,
  updated_at timestamptz not null
);
create table messages (
  id        bigint primary key,
  ticket_id bigint not null,
  author_id bigint,
  body      text not null,
  internal  boolean not null,
  sent_at   timestamptz not null
);
-- message_id is null while an upload is not yet part of a message: such a row belongs to nobody
create table attachments (
  id         bigint primary key,
  message_id bigint,
  file_name  text not null,
  media_type text not null,
  content    bytea not null
);
create table invoice_lines (
  invoice_id bigint not null,
  line       smallint not null,
  text       text not null,
  amount     numeric(14, 2) not null,
  primary key (invoice_id, line)
);
-- invoice_id is null for money that arrived and could not be matched
create table payments (
  id          bigint primary key,
  invoice_id  bigint,
  amount      numeric(14, 2) not null,
  reference   text not null,
  received_at timestamptz not null
);

-- Found text of every tenant in one cell, with nothing that says whose: no grant may ever read it, doctor refuses it.
create table search_cache (
  query_hash bytea primary key,
  query      text not null,
  results    jsonb not null,
  cached_at  timestamptz not null
);
