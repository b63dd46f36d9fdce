/**
 * Every reason for which the terms say no, in one table. The documents, the HTTP problem type and the SQLSTATE all come
 * from here. A code, once released, keeps its meaning for ever: log entries hold it.
 */
export const refusals = {
  // The facts
  facts_malformed: row(
    'The facts of this decision are incomplete or of another form.',
    'Report this as a fault; nothing was opened.',
    '58000',
    500,
  ),
  clock_went_back: row('The clock went back.', 'Correct the clock of the server, then try again.', '57P03', 503),
  statement_not_verified: row(
    'The signed statement was not verified.',
    'Sign again with a key that the directory lists.',
    '28000',
    403,
  ),
  // Who asks
  party_may_not_request: row(
    'This kind of party never gets a grant.',
    'Use the door made for this party; there is none for a government.',
    '42501',
    403,
  ),
  employer_differs: row(
    'The request names another employer than the person has.',
    'Name the employer that the customer will be shown.',
    '42501',
    422,
  ),
  not_employed: row(
    'The person is no longer employed.',
    'Nothing to do: access ended with the employment.',
    '28000',
    403,
  ),
  person_locked: row('A security officer has locked this person.', 'Ask a security officer why.', '28000', 403),
  confidentiality_missing: row(
    'The person has not signed a confidentiality agreement.',
    'Sign the agreement, then ask again.',
    '42501',
    403,
  ),
  training_lapsed: row(
    'The privacy training of this person has lapsed.',
    'Take the training, then ask again.',
    '42501',
    403,
  ),
  supplier_not_green: row(
    'The supplier is not compliant with the assurance programme.',
    'The supplier has to become green first.',
    '42501',
    403,
  ),
  country_not_permitted: row(
    'The customer does not permit access from this country.',
    'Let a colleague in a permitted country ask.',
    '42501',
    403,
  ),
  employer_excluded: row(
    'The customer has excluded this employer.',
    'Let a colleague of another employer ask.',
    '42501',
    403,
  ),
  not_eligible: row(
    'No role of this person makes this purpose, mode and duration possible.',
    'Ask for less, or ask the owner of the role.',
    '42501',
    403,
  ),
  too_many_live_grants: row(
    'The person already holds the most grants allowed at once.',
    'Complete a grant, then ask again.',
    '53400',
    409,
  ),
  // What is asked
  tenant_unknown: row('There is no such tenant.', 'Check the name of the tenant.', '3D000', 404),
  tenant_closed: row(
    'The data of this tenant is closed to everybody.',
    'Nothing to do: the data is being deleted or is gone.',
    '42501',
    410,
  ),
  own_tenant_needs_no_request: row(
    'A customer needs no request for its own data.',
    'Read, list or export directly.',
    '42501',
    409,
  ),
  purpose_unknown: row(
    'The purpose is not in the catalogue.',
    'Choose a purpose from the published catalogue.',
    '42501',
    422,
  ),
  purpose_forbidden: row(
    'Customer data is never used for this purpose.',
    'Nothing to do: no approval can permit it.',
    '42501',
    403,
  ),
  purpose_has_own_door: row(
    'This purpose is served by its own procedure only.',
    'Take the matter to a legal officer.',
    '42501',
    403,
  ),
  purpose_opted_out: row(
    'The customer has opted out of this purpose.',
    'Nothing to do without the customer.',
    '42501',
    403,
  ),
  purpose_mode_not_allowed: row(
    'The purpose does not cover this mode.',
    'Ask for mode read, or for another purpose if that is the truth.',
    '42501',
    422,
  ),
  purpose_needs_transform: row(
    'The purpose does not cover data in this form.',
    'Ask for masked or aggregated data through an approved job.',
    '42501',
    422,
  ),
  reason_code_unknown: row(
    'The reason code is not on the closed list.',
    'Choose a reason code from the published list.',
    '42501',
    422,
  ),
  ticket_missing: row('No ticket is named.', 'Name the ticket that this access is for.', '42501', 422),
  justification_too_short: row(
    'The justification is too short.',
    'Say in a sentence what is wrong and what you will look at.',
    '42501',
    422,
  ),
  justification_boilerplate: row(
    'The justification says nothing about this case.',
    'Say what is wrong here and what you will look at.',
    '42501',
    422,
  ),
  runbook_exists: row(
    'A runbook does this without a person.',
    'Run it, or say why it does not work here.',
    '42501',
    409,
  ),
  duration_too_short: row('The duration is too short.', 'Ask for at least one minute.', '42501', 422),
  duration_too_long: row('The duration is too long.', 'Ask for less time.', '42501', 422),
  budget_out_of_range: row(
    'A budget is not a whole number within its limit.',
    'Ask for a budget within the limits.',
    '42501',
    422,
  ),
  window_invalid: row(
    'The time window of the request does not fit its duration or the approval windows.',
    'Let the program compute notBefore and notAfter.',
    '42501',
    422,
  ),
  starts_too_late: row('The request begins too far ahead.', 'Ask nearer to the time.', '42501', 422),
  // Approvals
  state_not_open: row(
    'The request is in a state in which this cannot be done.',
    'Look at the request; ask anew if it has ended.',
    '55000',
    409,
  ),
  self_approval: row('Nobody approves their own request.', 'Another manager in the line has to decide.', '42501', 403),
  approver_reports_to_requester: row(
    'The one who decides reports to the requester.',
    'A manager above the requester has to decide.',
    '42501',
    403,
  ),
  approver_not_in_line: row(
    "The one who decides is not in the requester's line of management.",
    'A manager of the requester has to decide.',
    '42501',
    403,
  ),
  approver_too_recent: row(
    'The one who decides did not hold the role before the request was raised.',
    'Somebody who held the role then has to decide.',
    '42501',
    403,
  ),
  approver_not_staff: row(
    'The one who decides is not employed by the operator.',
    'A manager of the operator has to decide.',
    '42501',
    403,
  ),
  manager_window_ended: row("The manager's window has ended, and silence is denial.", 'Ask anew.', '55000', 410),
  manager_approval_missing: row(
    'The manager has not approved.',
    'The manager has to decide before the customer.',
    '42501',
    409,
  ),
  customer_approval_not_applicable: row(
    'This customer has customer approval switched off.',
    'Nothing to decide here.',
    '55000',
    409,
  ),
  approver_of_other_tenant: row(
    'The one who decides belongs to another tenant.',
    'An approver of this tenant has to decide.',
    '42501',
    403,
  ),
  approver_not_notified: row(
    'The one who decides was not an approver when the approvers were notified.',
    'Somebody who was an approver then has to decide.',
    '42501',
    403,
  ),
  approver_role_lost: row(
    'The one who decides is no longer an approver.',
    'A present approver has to decide.',
    '42501',
    403,
  ),
  approver_already_signed: row(
    'This approver has signed already.',
    'Another approver has to sign to meet the quorum.',
    '42501',
    409,
  ),
  customer_window_ended: row("The customer's window has ended, and silence is denial.", 'Ask anew.', '55000', 410),
  customer_window_invalid: row(
    "The customer's window is outside one hour to four days.",
    "Correct the tenant's setting.",
    '55000',
    422,
  ),
  quorum_invalid: row(
    'The quorum is not a whole number of at least one.',
    "Correct the tenant's setting.",
    '55000',
    422,
  ),
  standing_approval_not_covering: row(
    'The standing approval does not cover this request.',
    "Ask the customer's approvers for this one.",
    '42501',
    403,
  ),
  standing_approval_ended: row(
    'The standing approval is not in force now.',
    "Ask the customer's approvers for this one.",
    '42501',
    403,
  ),
  standing_approval_used_up: row(
    'The standing approval has been used as often as it allows.',
    "Ask the customer's approvers for this one.",
    '42501',
    403,
  ),
  // Use
  not_yet: row('The grant may not be used yet.', 'Try again when it begins.', '42501', 409),
  activation_window_ended: row('The grant was not used in time after its approval.', 'Ask anew.', '42501', 410),
  customer_approval_missing: row(
    'The customer has not approved.',
    'An approver of the customer has to decide.',
    '42501',
    403,
  ),
  quorum_not_met: row(
    'Not enough approvers of the customer have signed.',
    'Another approver has to sign.',
    '42501',
    403,
  ),
  not_the_holder: row('The grant belongs to another person.', 'Ask for your own.', '28000', 403),
  grant_ended: row('The grant has ended.', 'Ask anew if you still need it.', '42501', 410),
  other_tenant: row('The grant is for another tenant.', 'Ask for a grant of that tenant.', '42501', 403),
  other_source: row('The grant is for another source.', 'Ask for a grant on that source.', '42501', 403),
  mode_exceeded: row(
    "The statement does more than the grant's mode allows.",
    'Ask for mode write if you have to change data.',
    '42501',
    403,
  ),
  statement_forbidden: row(
    'No grant allows this statement.',
    'Nothing to do: data grants never reach this.',
    '42501',
    403,
  ),
  statement_not_approved: row(
    'The grant is for one other statement.',
    'Run the approved statement, or ask for this one.',
    '42501',
    403,
  ),
  bulk_not_allowed: row('The purpose does not cover bulk reading.', 'Read row by row within the budget.', '42501', 403),
  row_budget_spent: row('The row budget is spent.', 'Ask anew and say why more rows are needed.', '53400', 403),
  byte_budget_spent: row('The byte budget is spent.', 'Ask anew and say why more data is needed.', '53400', 403),
  statement_budget_spent: row(
    'The statement budget is spent.',
    'Ask anew and say why more statements are needed.',
    '53400',
    403,
  ),
  // Changes and ends
  widening_needs_new_request: row('This asks for more than time.', 'Raise a new request.', '42501', 422),
  extension_not_longer: row(
    'The extension does not ask for more time.',
    'Ask for a longer total duration.',
    '42501',
    422,
  ),
  not_the_requester: row('Only the requester may do this.', 'Let the requester do it, or revoke.', '42501', 403),
  already_in_use: row('The request is in use.', 'Complete or revoke it.', '55000', 409),
  may_not_revoke: row(
    'This party may not end this grant.',
    'The customer, the requester, a manager in line or a security officer may.',
    '42501',
    403,
  ),
  deadline_not_reached: row('No deadline has passed.', 'Nothing to do.', '55000', 409),
  not_own_tenant: row("This is not the party's own tenant.", 'Ask for access.', '42501', 403),
  subscription_read_only: row(
    'The subscription has ended and the account has limited function.',
    'Read, export or renew; writing needs a renewal.',
    '42501',
    403,
  ),
} as const satisfies { readonly [reason: string]: RefusalRow };

/** A stable code, lower snake case. */
export type RefusalReason = keyof typeof refusals;

/** One line of the table. */
export type RefusalRow = {
  /** What was found, as a sentence. */
  readonly found: string;
  /** What to do next, as a sentence. */
  readonly next: string;
  /** The SQLSTATE at the PostgreSQL door. */
  readonly sqlstate: string;
  /** The status at the HTTP door. */
  readonly status: number;
};

/** A decision's no. `found` and `expected` are the values it turned on, for the one who is refused; null if the sentence says it all. */
export type Refusal = {
  readonly permit: false;
  readonly reason: RefusalReason;
  readonly found: string | null;
  readonly expected: string | null;
};

/** A refusal as its reader sees it, at any door. */
export type Explanation = {
  readonly code: RefusalReason;
  /** One line: what was found, what was expected, what to do next. */
  readonly sentence: string;
  readonly found: string;
  readonly expected: string | null;
  readonly next: string;
  readonly sqlstate: string;
  readonly status: number;
};

/** Says no. */
export function refuse(reason: RefusalReason, found: string | null = null, expected: string | null = null): Refusal {
  return { permit: false, reason, found, expected };
}

/** Puts a refusal into plain words. The same refusal always reads the same. */
export function explain(refusal: Pick<Refusal, 'reason' | 'found' | 'expected'>): Explanation {
  const { found, next, sqlstate, status } = refusals[refusal.reason];
  const seen = refusal.found === null ? found : `${found} Found: ${refusal.found}.`;
  const expected = refusal.expected === null ? null : `Expected: ${refusal.expected}.`;
  const sentence = [seen, expected, next].filter((part) => part !== null).join(' ');
  return { code: refusal.reason, sentence, found: seen, expected, next, sqlstate, status };
}

/** Holds if `value` is one of the codes. */
export function isRefusalReason(value: unknown): value is RefusalReason {
  return typeof value === 'string' && Object.hasOwn(refusals, value);
}

function row(found: string, next: string, sqlstate: string, status: number): RefusalRow {
  return { found, next, sqlstate, status };
}
