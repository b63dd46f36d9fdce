import { bindPrimitives } from './bind.ts';
import { nodePrimitives } from './node-primitives.ts';

export * from './platform-free.ts';
export { nodePrimitives } from './node-primitives.ts';

/** The verifier over node:crypto; the same functions, over WebCrypto, are the entry point `./browser`. */
export const {
  sha256,
  leafHash,
  nodeHash,
  emptyRoot,
  treeRoot,
  createFrontier,
  inclusionProof,
  verifyInclusion,
  consistencyProof,
  verifyConsistency,
  noteKeyId,
  makeVkey,
  parseVkey,
  verifyNote,
  parseCheckpoint,
  openCheckpoint,
  keyIdOf,
  statementHash,
  hashOf,
  verifyStatement,
  replayDirectory,
  checkAccess,
} = bindPrimitives(nodePrimitives);
