/** A promise in our own words, the rules that keep it, and how far it is kept today. */
export type Promised = {
  readonly id: string;
  readonly text: string;
  readonly rules: readonly { readonly sentence: string; readonly file: string }[];
  readonly today: string;
};

const notYet = 'not yet';

/** The thirty-one promises. What `today` says must be true on the day it is committed. */
export const promises: readonly Promised[] = [
  {
    id: 'S1',
    text: 'Nobody without a right gets at customer data, from inside or outside: the default is no.',
    rules: [
      { sentence: 'A statement runs only under a live grant', file: 'packages/terms/src/decide-intent.ts' },
      {
        sentence: 'The gateway asks for each statement, and refuses who has no grant',
        file: 'packages/server/src/gateway/session.ts',
      },
    ],
    today: 'in the terms and the gateway, each tested by itself; other ways to data than PostgreSQL are outside',
  },
  {
    id: 'S2',
    text: 'Our people, subcontractors and authorities are three regimes behind one enforcement.',
    rules: [
      { sentence: 'Each kind of party has its own way, and some have none', file: 'packages/terms/src/party.ts' },
    ],
    today: 'kinds of parties only; no subcontractor registry and no legal process',
  },
  {
    id: 'S3',
    text: 'A customer may reach its own data at any time, for any reason, and is asked for none.',
    rules: [
      {
        sentence: "A customer's own reading needs no purpose and no approval",
        file: 'packages/terms/src/decide-own-access.ts',
      },
    ],
    today:
      "the rule is decided and tested; the way to one's own data rows is the operator's service, the own log can be read",
  },
  {
    id: 'S4',
    text: 'A service that the promises do not bind is never shown as if they did.',
    rules: [],
    today: notYet,
  },
  {
    id: 'S5',
    text: 'During the term a customer takes a copy of its data by itself, without telling anybody.',
    rules: [
      { sentence: 'Export is an own operation of the customer', file: 'packages/terms/src/decide-own-access.ts' },
    ],
    today: 'the rule only; there is no export',
  },
  {
    id: 'S6',
    text: 'Data can be taken along when the subscription ends, and its deletion can be shown.',
    rules: [
      {
        sentence: 'What is still allowed in each state of a subscription',
        file: 'packages/terms/src/decide-own-access.ts',
      },
    ],
    today: 'the rule only; there is no export and no deletion',
  },
  {
    id: 'S7',
    text: 'Data is closed to outsiders, to insiders and to other customers.',
    rules: [
      {
        sentence: 'A grant names one customer, and a statement for another is refused',
        file: 'packages/terms/src/decide-intent.ts',
      },
      {
        sentence: 'Row security in the source, keyed on the role of one grant',
        file: 'packages/server/src/sources/plan.ts',
      },
      { sentence: 'doctor refuses a schema that would leak', file: 'packages/server/src/sources/doctor.ts' },
    ],
    today: 'in the terms, and built for PostgreSQL sources that are classified and applied',
  },
  { id: 'S8', text: 'Physical and logical controls share sign-in, approval and log.', rules: [], today: notYet },
  {
    id: 'S9',
    text: 'In a datacenter each inner perimeter is stronger than the one around it.',
    rules: [],
    today: notYet,
  },
  {
    id: 'S10',
    text: 'Access needs a business need, a role and strong sign-in; standing access is kept small.',
    rules: [
      { sentence: 'No request without eligibility, purpose and ticket', file: 'packages/terms/src/decide-request.ts' },
      {
        sentence: 'A standing approval has a count and an end',
        file: 'packages/terms/src/decide-standing-approval.ts',
      },
    ],
    today: 'in the terms; sign-in is the proof of a key, passkeys are not built',
  },
  {
    id: 'S11',
    text: 'Access is strictly logged, before it happens.',
    rules: [
      {
        sentence: 'An intent is durable before its statement is released',
        file: 'packages/server/src/gateway/session.ts',
      },
      { sentence: 'One sequencer appends, and answers after the commit', file: 'packages/server/src/log/sequencer.ts' },
      { sentence: 'A reader finds gaps and changed bytes', file: 'packages/verifier/src/verify-log.ts' },
    ],
    today:
      'for statements through the gateway; tested at its socket (packages/server/test/gateway) and on the log (packages/server/test/log)',
  },
  {
    id: 'S12',
    text: 'We and others audit regularly, also by samples that nobody can steer.',
    rules: [],
    today: notYet,
  },
  {
    id: 'S13',
    text: 'Data on the way is encrypted on every hop.',
    rules: [{ sentence: 'The gateway takes nothing in plain text', file: 'packages/server/src/gateway/connection.ts' }],
    today: 'client to gateway only; the HTTP interface needs a balancer with TLS',
  },
  {
    id: 'S14',
    text: 'Data at rest is encrypted, with keys that the customer can control.',
    rules: [
      { sentence: 'Payloads of the log are sealed per customer and person', file: 'packages/custodian/src/payload.ts' },
    ],
    today: "the log's payloads only; there is no vault",
  },
  {
    id: 'S15',
    text: 'Customers share machines and never data: storage and processing are kept apart.',
    rules: [
      {
        sentence: 'A log, a compartment of keys and a database role for each customer or grant',
        file: 'packages/server/src/sources/grant-role.ts',
      },
    ],
    today: 'built for the log and for PostgreSQL sources; machines are shared',
  },
  {
    id: 'S16',
    text: 'Certifications are verified regularly and shown only while they are valid.',
    rules: [],
    today: notYet,
  },
  {
    id: 'S17',
    text: 'People are on duty round the clock, and where they are counts in each decision.',
    rules: [
      {
        sentence: 'A customer may name countries, and a person elsewhere is refused',
        file: 'packages/terms/src/standing.ts',
      },
    ],
    today: 'the rule on countries only; there is no roster',
  },
  {
    id: 'S18',
    text: 'Most operations run without a person; a person says why no runbook would do.',
    rules: [{ sentence: 'A request is refused where a runbook does it', file: 'packages/terms/src/decide-request.ts' }],
    today: 'the rule only; there are no runbooks',
  },
  {
    id: 'S19',
    text: 'Engineers have no default access; a manager above them agrees each time, and only when needed.',
    rules: [
      {
        sentence: 'Only somebody above the asker decides, never the asker',
        file: 'packages/terms/src/decide-manager.ts',
      },
      { sentence: 'A chain of signed statements makes an access', file: 'packages/verifier/src/access.ts' },
      {
        sentence: 'The signatures are checked again before each session',
        file: 'packages/server/src/access/verified.ts',
      },
    ],
    today: 'in the terms, the verifier and the access module',
  },
  {
    id: 'S20',
    text: 'Data is used only for purposes that fit the contracted service; advertising is impossible.',
    rules: [
      { sentence: 'A closed catalogue of purposes, the forbidden ones by name', file: 'packages/terms/src/purpose.ts' },
    ],
    today: 'in the terms: each request and each class of statement is bound',
  },
  {
    id: 'S21',
    text: 'Subcontractors get access only to deliver what they were hired for, and keep silence about it.',
    rules: [
      {
        sentence: 'No request without confidentiality and an engagement',
        file: 'packages/terms/src/decide-request.ts',
      },
    ],
    today: 'the rule only; there is no registry of subcontractors',
  },
  {
    id: 'S22',
    text: 'A supplier outside the assurance programme gets no access at all.',
    rules: [{ sentence: "The supplier's state is a fact of each decision", file: 'packages/terms/src/standing.ts' }],
    today: 'the rule only; there is no registry of suppliers',
  },
  {
    id: 'S23',
    text: 'Contracts with suppliers are at least as strict as ours, clause by clause.',
    rules: [],
    today: notYet,
  },
  {
    id: 'S24',
    text: "Who works with the operator's equipment keeps its standards and its privacy training.",
    rules: [{ sentence: 'Lapsed training ends asking and use', file: 'packages/terms/src/standing.ts' }],
    today: 'training only; nothing about facilities',
  },
  {
    id: 'S25',
    text: 'Subcontractors with access are named in a public list made from records.',
    rules: [],
    today: notYet,
  },
  {
    id: 'S26',
    text: 'A new online-services subcontractor is announced six months before it may have access.',
    rules: [{ sentence: 'Calendar months, never shortened', file: 'packages/terms/src/notice.ts' }],
    today: 'the arithmetic only; there is no list and no notice',
  },
  {
    id: 'S27',
    text: 'A support contractor is announced fourteen days ahead and sees only what the customer shared.',
    rules: [
      { sentence: 'Fourteen times 24 hours', file: 'packages/terms/src/notice.ts' },
      { sentence: 'A support contractor never asks for a grant', file: 'packages/terms/src/party.ts' },
    ],
    today: 'the rules only; there is no list and no sharing',
  },
  {
    id: 'S28',
    text: 'There is no back door and no direct or unfettered access for a government.',
    rules: [{ sentence: 'A government is a party that can never ask', file: 'packages/terms/src/party.ts' }],
    today: 'in the terms: there is no kind of grant for it',
  },
  {
    id: 'S29',
    text: 'Nothing is disclosed to a government unless the law requires it.',
    rules: [{ sentence: 'Legal process is its own door, never a request', file: 'packages/terms/src/purpose.ts' }],
    today: 'the closed door only; there is no legal process',
  },
  {
    id: 'S30',
    text: 'If compelled, we notify the customer at once unless the law forbids it.',
    rules: [],
    today: notYet,
  },
  { id: 'S31', text: 'There is a contact for questions of trust, and one for support.', rules: [], today: notYet },
];
