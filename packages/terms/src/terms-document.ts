import { clocks, limits } from './clocks.ts';
import { ends } from './grant.ts';
import { modes, statementClasses } from './mode.ts';
import { noticePeriods } from './notice.ts';
import { partyKinds, requestingKinds, supplierStates } from './party.ts';
import { purposes, transforms } from './purpose.ts';
import { reasonCodes } from './reason-code.ts';
import { refusals } from './refusal.ts';
import { requestStates } from './request.ts';
import { subscriptionStates } from './tenant-terms.ts';
import { transitions } from './transitions.ts';
import { decisionKinds, termsVersion } from './version.ts';

/**
 * The terms as a document: catalogue, codes, clocks, states and the table between them, as JSON with integers only. Its hash
 * (`termsHash`, SHA-256 of its RFC 8785 form) stands in every signed statement, so a signature names the terms it was given
 * under. It lists the vocabulary; the rules themselves are the functions of the version.
 */
export const termsDocument = {
  version: termsVersion,
  parties: { kinds: partyKinds, mayRequest: requestingKinds, supplierStates },
  purposes,
  transforms,
  reasonCodes,
  modes,
  statementClasses,
  clocks,
  limits,
  noticePeriods,
  subscriptionStates,
  requestStates,
  ends,
  transitions,
  decisionKinds,
  refusals,
} as const;
