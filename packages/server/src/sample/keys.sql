-- After the rows: foreign keys, the indexes an application would have, a view, and the application's rights.
alter table tenants add foreign key (country) references countries, add foreign key (plan) references plans;
alter table users add foreign key (tenant_id) references tenants;
alter table customers add foreign key (tenant_id) references tenants, add foreign key (country) references countries;
alter table products add foreign key (tenant_id) references tenants;
alter table orders add foreign key (tenant_id) references tenants, add foreign key (customer_id) references customers;
alter table tickets
  add foreign key (tenant_id) references tenants,
  add foreign key (customer_id) references customers,
  add foreign key (order_id) references orders,
  add foreign key (assignee_id) references users;
alter table invoices add foreign key (tenant_id) references tenants;
alter table events add foreign key (tenant_id) references tenants, add foreign key (actor_id) references users;
alter table api_keys add foreign key (tenant_id) references tenants;
alter table order_items add foreign key (order_id) references orders, add foreign key (product_id) references products;
alter table shipments add foreign key (order_id) references orders;
alter table messages add foreign key (ticket_id) references tickets, add foreign key (author_id) references users;
alter table attachments add foreign key (message_id) references messages;
alter table invoice_lines add foreign key (invoice_id) references invoices;
alter table payments add foreign key (invoice_id) references invoices;

create unique index on users (tenant_id, email);
create index on customers (tenant_id);
create unique index on products (tenant_id, sku);
create unique index on orders (tenant_id, number);
create index on orders (customer_id);
create index on tickets (tenant_id, status);
create index on tickets (order_id);
create unique index on invoices (tenant_id, number);
create index on events (tenant_id, at);
create index on api_keys (tenant_id);
create index on order_items (product_id);
create index on shipments (order_id);
create index on messages (ticket_id);
create index on attachments (message_id);
create index on payments (invoice_id);

-- An ordinary view, as applications have them: with its owner's rights it shows every tenant.
create view open_tickets as
  select t.id, t.tenant_id, t.subject, t.priority, c.name as customer, o.number as order_number
    from tickets t
    join customers c on c.id = t.customer_id
    left join orders o on o.id = t.order_id
   where t.status <> 'solved';

grant usage on schema public to sample_app;
grant select, insert, update, delete on all tables in schema public to sample_app;
revoke insert, update, delete on countries, plans from sample_app;
revoke insert, update, delete on open_tickets from sample_app;
