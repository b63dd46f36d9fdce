/** What needs no primitives, and the types: the same in both entry points. */
export { type Access, type AccessClaim, type AccessRequirements, repeatedMembers } from './access.ts';
export { decidingRoles, type Parties } from './access-signer.ts';
export { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from './base64.ts';
export { canonicalBytes, canonicalJson, type JsonObject, type JsonValue, parseCanonical } from './canonical-json.ts';
export { type Checkpoint, type CheckpointKeys, formatCheckpoint, type OpenedCheckpoint } from './checkpoint.ts';
export { type Directory, type DirectoryKey, directoryRole, keyAt, keyHolds, keysOf } from './directory.ts';
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
export type { Checked, Finding, Place } from './finding.ts';
export type { FindingCode } from './finding-codes.ts';
export { parsePublicJwk } from './key-id.ts';
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
