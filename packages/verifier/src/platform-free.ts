/** What needs no primitives, and the types: the same in both entry points. */
export { type Bundle, type BundleTrust, parseBundle, type VerifiedBundle } from './bundle.ts';
export { counterMessage } from './counter.ts';
export { grantEnds, type IntentCounts } from './entry-sequence.ts';
export { type Opening, parseOpening, parseOpenings, payloadAad, payloadBytesMost } from './payload.ts';
export type { PayloadSources } from './payload-check.ts';
export {
  type DecisionReplay,
  type Redecided,
  type ReplayedDecision,
  type ReplayedLog,
  replayDecisions,
} from './replay.ts';
export type { Slot, SlotReplay } from './slot-replay.ts';
export {
  type DirectoryStatements,
  directoryStatements,
  type StatementClaim,
  type StatementReplay,
  statementsIn,
} from './statement-replay.ts';
export type { TiledTree } from './tile-proof.ts';
export { formatTlogProof, parseTlogProof, type TlogProof } from './tlog-proof.ts';
export {
  hasCosigned,
  policyOf,
  slotAuditorsGroup,
  type TrustPolicy,
  type WitnessedCheckpoint,
} from './trust-policy.ts';
export type { LogClaim } from './verify-log.ts';
export { type Access, type AccessClaim, type AccessRequirements, repeatedMembers } from './access.ts';
export { decidingRoles, type Parties } from './access-signer.ts';
export { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from './base64.ts';
export { canonicalBytes, canonicalJson, type JsonObject, type JsonValue, parseCanonical } from './canonical-json.ts';
export { type Checkpoint, type CheckpointKeys, formatCheckpoint, type OpenedCheckpoint } from './checkpoint.ts';
export { type Directory, type DirectoryKey, directoryAt, directoryRole, keyAt, keyHolds, keysOf } from './directory.ts';
export type { DirectoryClaim, DirectoryReplay } from './directory-replay.ts';
export {
  type AccessIntent,
  type AccessOutcome,
  type Counter,
  type Entry,
  entryBytesMost,
  entryIs,
  type Erasure,
  type LogClose,
  type LogKeep,
  type LogKey,
  type LogOpen,
  type LogPrune,
  parseEntry,
} from './entry.ts';
export {
  type Envelope,
  parseEnvelope,
  parseEnvelopes,
  type Payloads,
  type PayloadState,
  payloadStates,
} from './envelope.ts';
export {
  type Delta,
  type EpochRecord,
  parseDelta,
  parseEpochRecord,
  parseSlotLeaf,
  type SlotChange,
  type SlotLeaf,
} from './epoch.ts';
export type { Checked, Finding, Place } from './finding.ts';
export type { FindingCode } from './finding-codes.ts';
export { parsePublicJwk } from './key-id.ts';
export { checkOpen, type KnownLog } from './log-open.ts';
export type { LogReport, OpenedEntry, UnopenedEntry } from './log-report.ts';
export {
  type Consistency,
  consistencyRanges,
  type Frontier,
  type FrontierState,
  type Inclusion,
  inclusionRanges,
  type Range,
} from './merkle.ts';
export {
  cosignatureBytes,
  cosignatureMessage,
  ed25519Jwk,
  formatNote,
  formatSignatureLine,
  type Note,
  noteMessage,
  type NoteSignature,
  parseNote,
  type VerifiedSignature,
} from './note.ts';
export type { Primitives, PublicJwk } from './primitives.ts';
export { parseSignedStatement, type Signature, type SignatureContext, type SignedStatement } from './signature.ts';
export {
  draftStatement,
  parseStatement,
  type Statement,
  type StatementDecision,
  statementDecisions,
  statementMessage,
  statementNamespace,
  type StatementType,
} from './statement.ts';
export {
  decodeEntryBundle,
  decodeTile,
  encodeEntryBundle,
  encodeTile,
  entryBundlePath,
  type ReadFile,
  readEntries,
  readHashes,
  type Tile,
  tileIndexPath,
  tilePath,
  tilesOf,
  tileWidth,
} from './tile.ts';
export { formatTime, parseTime } from './time.ts';
export { formatVkey, type Vkey, type VkeyType } from './vkey.ts';
export type { Assertion, WebauthnParty } from './webauthn.ts';
