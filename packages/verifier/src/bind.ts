import * as access from './access.ts';
import * as checkpoint from './checkpoint.ts';
import * as directoryReplay from './directory-replay.ts';
import * as keyId from './key-id.ts';
import * as merkle from './merkle.ts';
import * as note from './note.ts';
import type { Primitives } from './primitives.ts';
import * as signature from './signature.ts';
import * as statement from './statement.ts';
import * as vkey from './vkey.ts';

type Ported<A extends unknown[], R> = (primitives: Primitives, ...given: A) => R;

/**
 * The functions of this package that hash or verify, over the primitives of one platform. Each entry point binds them
 * once, so that callers never carry primitives about. What a function does stands at its definition.
 */
export function bindPrimitives(primitives: Primitives) {
  const over =
    <A extends unknown[], R>(ported: Ported<A, R>): ((...given: A) => R) =>
    (...given) =>
      ported(primitives, ...given);
  return {
    sha256: primitives.hash,
    leafHash: over(merkle.leafHash),
    nodeHash: over(merkle.nodeHash),
    emptyRoot: over(merkle.emptyRoot),
    treeRoot: over(merkle.treeRoot),
    createFrontier: over((ports, state?: merkle.FrontierState) => new merkle.Frontier(ports, state)),
    inclusionProof: over(merkle.inclusionProof),
    verifyInclusion: over(merkle.verifyInclusion),
    consistencyProof: over(merkle.consistencyProof),
    verifyConsistency: over(merkle.verifyConsistency),
    noteKeyId: over(vkey.noteKeyId),
    makeVkey: over(vkey.makeVkey),
    parseVkey: over(vkey.parseVkey),
    verifyNote: over(note.verifyNote),
    parseCheckpoint: over(checkpoint.parseCheckpoint),
    openCheckpoint: over(checkpoint.openCheckpoint),
    keyIdOf: over(keyId.keyIdOf),
    statementHash: over(statement.statementHash),
    hashOf: over(statement.hashOf),
    verifyStatement: over(signature.verifyStatement),
    replayDirectory: over(directoryReplay.replayDirectory),
    checkAccess: over(access.checkAccess),
  };
}
