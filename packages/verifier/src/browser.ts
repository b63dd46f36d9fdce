import { bindPrimitives } from './bind.ts';
import { browserPrimitives } from './browser-primitives.ts';

export * from './platform-free.ts';

/** The verifier over WebCrypto; `.` has the same functions over node:crypto. Each is documented where it is defined. */
export const {
  checkAccess,
  commitment,
  consistencyProof,
  createFrontier,
  createSlotReplay,
  emptyRoot,
  hashOf,
  hmacSha256,
  inclusionProof,
  keyIdOf,
  leafHash,
  makeVkey,
  nodeHash,
  noteKeyId,
  openCheckpoint,
  openWitnessed,
  parseCheckpoint,
  parsePolicy,
  parseVkey,
  proveConsistency,
  proveInclusion,
  rangeHash,
  replayDirectory,
  replayStatements,
  sha256,
  statementHash,
  treeRoot,
  verifyBundle,
  verifyConsistency,
  verifyCounter,
  verifyInclusion,
  verifyLog,
  verifyNote,
  verifyOpening,
  verifyStatement,
  verifyTlogProof,
} = bindPrimitives(browserPrimitives);
