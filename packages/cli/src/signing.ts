import { termsDocument } from '@gatehouse/terms';
import { encodeBase64Url, hashOf, type JsonValue, type SignedStatement, type Statement } from '@gatehouse/verifier';
import { type Caller, deploymentOf, tell } from './caller.ts';
import type { CheckedDraft, Signing } from './draft.ts';
import { describe } from './matter.ts';

/** What must be true of every document that this caller signs. */
export function signingOf(caller: Caller): Signing {
  return {
    person: caller.profile.person,
    keyId: caller.profile.keyId,
    deployment: deploymentOf(caller),
    termsHash: hashOf(termsDocument as unknown as JsonValue),
    now: caller.surroundings.now(),
  };
}

/**
 * Signs a checked draft after showing what is signed. Nonce and the root that the signer has seen are the signer's own
 * words, so they are never taken from the draft: random, and what this person's own verification last held.
 */
export function sign(caller: Caller, { matter, document }: CheckedDraft): SignedStatement {
  const { profile, surroundings } = caller;
  tell(caller, describe(matter, document, profile.person));
  return profile.sign({
    ...document,
    nonce: encodeBase64Url(surroundings.random(16)),
    rootSeen: rootSeenBy(caller, document),
  });
}

function rootSeenBy({ trust }: Caller, { tenant }: Statement): Statement['rootSeen'] {
  const seen = tenant === null ? null : trust.log(tenant);
  if (seen === null) return null;
  return { origin: seen.vkey.slice(0, seen.vkey.indexOf('+')), size: seen.size, root: seen.root };
}
