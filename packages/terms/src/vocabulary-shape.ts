import type { Grant } from './grant.ts';
import { ends } from './grant.ts';
import { modes } from './mode.ts';
import { partyKinds, supplierStates, type Eligibility, type Party, type Standing } from './party.ts';
import { transforms } from './purpose.ts';
import { requestStates, type AccessRequest } from './request.ts';
import type { Budgets, Scope, Used } from './scope.ts';
import { count, flag, listOf, oneOf, orNull, record, text, type Shape } from './shape.ts';
import { subscriptionStates, type TenantTerms } from './tenant-terms.ts';
import { isInstant, type Instant } from './time.ts';

/** The shapes of the things that several decisions weigh. The compiler holds each to its type. */
export const at: Shape<Instant> = (value, path) =>
  isInstant(value) ? null : `${path} is not whole epoch milliseconds`;

export const mode = oneOf(modes);
export const state = oneOf(requestStates);
export const partyKind = oneOf(partyKinds);

export const party: Shape<Party> = record<Party>({
  id: text,
  kind: partyKind,
  employer: text,
  country: text,
  tenant: orNull(text),
});

const eligibility = record<Eligibility>({ purpose: text, modes: listOf(mode), maxDurationMs: count, until: at });

export const standing: Shape<Standing> = record<Standing>({
  party,
  employed: flag,
  locked: flag,
  confidentialitySignedAt: orNull(at),
  trainingValidUntil: orNull(at),
  supplier: oneOf(supplierStates),
  supplierValidUntil: orNull(at),
  eligibilities: listOf(eligibility),
});

export const tenantTerms: Shape<TenantTerms> = record<TenantTerms>({
  tenant: text,
  subscription: oneOf(subscriptionStates),
  customerApproval: flag,
  customerWindowMs: count,
  quorum: count,
  countries: orNull(listOf(text)),
  excludedEmployers: listOf(text),
  optedOut: listOf(text),
  grantMaxMs: count,
});

export const scope: Shape<Scope> = record<Scope>({
  tables: orNull(listOf(text)),
  columns: orNull(listOf(text)),
  statement: orNull(text),
  transform: oneOf(transforms),
});

export const budgets: Shape<Budgets> = record<Budgets>({
  rows: count,
  bytes: count,
  statements: count,
  durationMs: count,
});

export const used: Shape<Used> = record<Used>({ rows: count, bytes: count, statements: count });

export const accessRequest: Shape<AccessRequest> = record<AccessRequest>({
  id: text,
  requester: text,
  employer: text,
  tenant: text,
  source: text,
  purpose: text,
  reasonCode: text,
  mode,
  scope,
  budgets,
  ticket: text,
  justification: text,
  whyNotRunbook: orNull(text),
  raisedAt: at,
  notBefore: at,
  notAfter: at,
});

export const ended: Shape<Grant['ended']> = orNull(record({ end: oneOf(ends), at }));

export const grant: Shape<Grant> = record<Grant>({
  id: text,
  holder: text,
  employer: text,
  tenant: text,
  source: text,
  purpose: text,
  mode,
  scope,
  budgets,
  activatedAt: at,
  notAfter: at,
  ended,
});
