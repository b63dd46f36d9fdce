/**
 * The terms of Gatehouse: who may access a customer's data, and on what terms, as pure functions. Facts and `now` come in,
 * a decision goes out. Nothing here does I/O, reads a clock or throws.
 */
export {
  day,
  earlier,
  earliestInstant,
  formatInstant,
  hour,
  type Instant,
  instant,
  isInstant,
  later,
  latestInstant,
  minute,
  parseInstant,
  plus,
  plusCalendarMonths,
  second,
} from './time.ts';
export { clocks, limits } from './clocks.ts';
export {
  type Eligibility,
  isPartyKind,
  mayRequest,
  type Party,
  type PartyKind,
  partyKinds,
  requestingKinds,
  type Standing,
  type SupplierState,
  supplierStates,
} from './party.ts';
export { type Mode, modeCovers, modes, type StatementClass, statementClasses } from './mode.ts';
export {
  type Purpose,
  purposeMatches,
  purposeOf,
  purposes,
  type Transform,
  transformFits,
  transforms,
} from './purpose.ts';
export { isReasonCode, type ReasonCode, reasonCodes } from './reason-code.ts';
export { type Budgets, budgetsWithin, type Scope, scopeWithin, type Used } from './scope.ts';
export { isClosed, type SubscriptionState, subscriptionStates, type TenantTerms } from './tenant-terms.ts';
export { type AccessRequest, type RequestState, requestStates } from './request.ts';
export { isInUse, isOver, type RequestEvent, requestEvents, transition, transitions } from './transitions.ts';
export { activationDeadline, type End, ends, type Grant, grantEnd, isLive, outerNotAfter } from './grant.ts';
export {
  type Explanation,
  explain,
  isRefusalReason,
  type Refusal,
  type RefusalReason,
  type RefusalRow,
  refusals,
  refuse,
} from './refusal.ts';
export type { Decision, Step } from './decision.ts';
export { standingFails } from './standing.ts';
export { decideRequest, type RequestDecision, type RequestFacts } from './decide-request.ts';
export { decideManager, type ManagerDecision, type ManagerFacts, type Oversight } from './decide-manager.ts';
export { decideCustomer, type CustomerDecision, type CustomerFacts, type RoleSpan } from './decide-customer.ts';
export {
  decideStandingApproval,
  type StandingApproval,
  type StandingApprovalDecision,
  type StandingApprovalFacts,
} from './decide-standing-approval.ts';
export {
  deadlineOf,
  decideLapse,
  stateAt,
  type Deadline,
  type LapseDecision,
  type LapseFacts,
} from './decide-lapse.ts';
export { decideActivation, type ActivationDecision, type ActivationFacts } from './decide-activation.ts';
export { decideIntent, type IntentDecision, type IntentFacts } from './decide-intent.ts';
export { decideExtension, type ExtensionDecision, type ExtensionFacts } from './decide-extension.ts';
export { decideWithdrawal, type WithdrawalDecision, type WithdrawalFacts } from './decide-withdrawal.ts';
export { decideRevocation, type RevocationDecision, type RevocationFacts } from './decide-revocation.ts';
export { decideCompletion, type CompletionDecision, type CompletionFacts } from './decide-completion.ts';
export { decideOwnAccess, type OwnAccessDecision, type OwnAccessFacts, ownOperations } from './decide-own-access.ts';
export {
  type Decided,
  isLoggedType,
  type Json,
  type JsonObject,
  type LoggedEvent,
  type LoggedPayloads,
  type LoggedType,
  loggedTypes,
  type Outcome,
} from './event.ts';
export {
  decide,
  type DecisionKind,
  decisionKinds,
  type DecisionRecord,
  type Decisions,
  isDecisionKind,
  type Redecision,
  redecide,
  releasedTerms,
  type Replay,
  replayRecord,
  type Terms,
  termsVersion,
} from './version.ts';
export { termsDocument } from './terms-document.ts';
export {
  noticeDataClasses,
  type NoticeDataClass,
  noticeEndsAt,
  noticeHasEnded,
  type NoticePeriod,
  noticePeriods,
  type SubcontractorList,
  subcontractorLists,
} from './notice.ts';
