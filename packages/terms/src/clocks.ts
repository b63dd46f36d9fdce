import { day, hour, minute, second } from './time.ts';

/**
 * The clocks that no configuration can loosen, with the defaults (DOMAIN section 13). Every deadline is exclusive:
 * at exactly the end, it is over. Deadlines are checked at use, so a stopped scheduler extends nothing (INV-8a).
 */
export const clocks = {
  /** How long a request waits for the manager. */
  managerWindowMs: 4 * hour,
  /** How long a request waits for the customer: the default, and what a tenant may choose. */
  customerWindowMs: 12 * hour,
  customerWindowMinMs: 1 * hour,
  customerWindowMaxMs: 4 * day,
  /** First use must come this soon after the approval (or after `notBefore`, if that is later). */
  activationWindowMs: 1 * hour,
  grantMinMs: 1 * minute,
  grantDefaultMs: 4 * hour,
  grantMaxMs: 8 * hour,
  /** How far ahead a request may lie. */
  notBeforeMaxMs: 14 * day,
  /** How far the clock of the one who signs may be ahead of ours when the outer end of a request is checked. */
  signerSkewMs: 5 * minute,
  /** A standing approval is never in force for longer, whatever it says: standing things are counted and expire (promise S10). */
  standingApprovalMaxMs: 90 * day,
  /** A clock that went back further than this activates nothing (DESIGN section 3). */
  clockRegressionMaxMs: 2 * second,
  /** A receipt for a statement dies after this; a late release asks again. */
  receiptMs: 1 * second,
  /** New statements after an end are refused within this, open ones cut within the next. */
  refuseNewWithinMs: 1 * second,
  cutOpenWithinMs: 5 * second,
} as const;

/** The limits that are counts. */
export const limits = {
  liveGrantsPerPerson: 2,
  justificationMinLength: 20,
  rowsMax: 1_000_000,
  bytesMax: 1_073_741_824,
  statementsMax: 100_000,
} as const;
