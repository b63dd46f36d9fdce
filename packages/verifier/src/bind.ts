import * as access from './access.ts';
import * as bundle from './bundle.ts';
import * as checkpoint from './checkpoint.ts';
import * as counter from './counter.ts';
import * as directoryReplay from './directory-replay.ts';
import * as keyId from './key-id.ts';
import * as merkle from './merkle.ts';
import * as note from './note.ts';
import * as payload from './payload.ts';
import type { Primitives } from './primitives.ts';
import * as signature from './signature.ts';
import * as statement from './statement.ts';
import * as statementReplay from './statement-replay.ts';
import * as tileProof from './tile-proof.ts';
import * as tlogProof from './tlog-proof.ts';
import * as trustPolicy from './trust-policy.ts';
import * as verifyLogs from './verify-log.ts';
import * as vkey from './vkey.ts';
import { SlotReplay } from './slot-replay.ts';

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
    createFrontier: over((ports, state?: merkle.FrontierState) => new merkle.Frontier(ports, state)),
    createSlotReplay: over((ports) => new SlotReplay(ports)),
    checkAccess: over(access.checkAccess),
    verifyBundle: over(bundle.verifyBundle),
    openCheckpoint: over(checkpoint.openCheckpoint),
    parseCheckpoint: over(checkpoint.parseCheckpoint),
    verifyCounter: over(counter.verifyCounter),
    replayDirectory: over(directoryReplay.replayDirectory),
    keyIdOf: over(keyId.keyIdOf),
    consistencyProof: over(merkle.consistencyProof),
    emptyRoot: over(merkle.emptyRoot),
    inclusionProof: over(merkle.inclusionProof),
    leafHash: over(merkle.leafHash),
    nodeHash: over(merkle.nodeHash),
    treeRoot: over(merkle.treeRoot),
    verifyConsistency: over(merkle.verifyConsistency),
    verifyInclusion: over(merkle.verifyInclusion),
    verifyNote: over(note.verifyNote),
    commitment: over(payload.commitment),
    hmacSha256: over(payload.hmacSha256),
    verifyOpening: over(payload.verifyOpening),
    verifyStatement: over(signature.verifyStatement),
    hashOf: over(statement.hashOf),
    statementHash: over(statement.statementHash),
    replayStatements: over(statementReplay.replayStatements),
    proveConsistency: over(tileProof.proveConsistency),
    proveInclusion: over(tileProof.proveInclusion),
    rangeHash: over(tileProof.rangeHash),
    verifyTlogProof: over(tlogProof.verifyTlogProof),
    openWitnessed: over(trustPolicy.openWitnessed),
    parsePolicy: over(trustPolicy.parsePolicy),
    verifyLog: over(verifyLogs.verifyLog),
    makeVkey: over(vkey.makeVkey),
    noteKeyId: over(vkey.noteKeyId),
    parseVkey: over(vkey.parseVkey),
  };
}
