import { bindPrimitives } from './bind.ts';
import { nodePrimitives } from './node-primitives.ts';

export * from './platform-free.ts';
export { readFolder } from './folder.ts';
export { openEnvelope, type OpenedPayload } from './open-envelope.ts';

/** The verifier over node:crypto; `./browser` has the same functions over WebCrypto. Each is documented where it is defined. */
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
} = bindPrimitives(nodePrimitives);
