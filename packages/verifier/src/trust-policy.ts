import { type OpenedCheckpoint, openCheckpoint } from './checkpoint.ts';
import { hex } from './bytes.ts';
import { type Checked, fails, holds, show } from './finding.ts';
import type { Primitives } from './primitives.ts';
import { parseVkey, type Vkey } from './vkey.ts';

type Group = { readonly threshold: number; readonly members: readonly string[] };

/** Whom a relying party trusts: a C2SP tlog-policy file, parsed (LOG-SPEC 7). */
export type TrustPolicy = {
  readonly logs: readonly Vkey[];
  readonly witnesses: ReadonlyMap<string, Vkey>;
  readonly groups: ReadonlyMap<string, Group>;
  /** The name of a witness or group that must have cosigned; null for none. */
  readonly quorum: string | null;
};

/** The group of cosigners who replay every slot transition before they sign (LOG-SPEC 7.3). */
export const slotAuditorsGroup = 'slot-auditors';

/** A policy from keys alone: these logs, and any `quorum` of these witnesses. */
export function policyOf(given: {
  readonly logs: readonly Vkey[];
  readonly witnesses?: readonly Vkey[];
  readonly quorum?: number;
}): TrustPolicy {
  const { logs, witnesses = [], quorum = 0 } = given;
  if (quorum > witnesses.length)
    throw new RangeError(`A quorum of ${quorum} needs as many witnesses, not ${witnesses.length}.`);
  const named = new Map(witnesses.map((key, at) => [`w${at}`, key]));
  const groups = new Map([['quorum', { threshold: quorum, members: [...named.keys()] }]]);
  return { logs, witnesses: named, groups, quorum: quorum === 0 ? null : 'quorum' };
}

/** What has been read of a policy file so far. */
type Reading = {
  readonly logs: Vkey[];
  readonly witnesses: Map<string, Vkey>;
  readonly groups: Map<string, Group>;
  readonly publicKeys: Set<string>;
  readonly grouped: Set<string>;
  quorum: string | null | undefined;
};

/** Parses a policy file and rejects what LOG-SPEC 7.2 rejects. */
export function parsePolicy(primitives: Primitives, text: string): Checked<TrustPolicy> {
  // oxlint-disable-next-line no-control-regex -- tlog-policy forbids exactly these characters
  const control = /[\u0000-\u0008\u000b-\u001f\u007f]/.exec(text);
  if (control !== null)
    return fails(
      'POLICY_MALFORMED',
      `The policy holds the control character ${show(control[0])}; only tab and newline are allowed.`,
    );
  const reading: Reading = {
    logs: [],
    witnesses: new Map(),
    groups: new Map(),
    publicKeys: new Set(),
    grouped: new Set(),
    quorum: undefined,
  };
  for (const [at, line] of text.split('\n').entries()) {
    const [word, ...rest] = line.split(/[ \t]+/).filter((part) => part !== '');
    if (word === undefined || word.startsWith('#')) continue;
    const problem = readLine(primitives, reading, word, rest);
    if (problem !== null) return fails('POLICY_MALFORMED', `Line ${at + 1} of the policy: ${problem}`);
  }
  const { logs, witnesses, groups, quorum } = reading;
  if (quorum === undefined)
    return fails(
      'POLICY_MALFORMED',
      'The policy has no quorum line; expected exactly one ("quorum none" if no witness is required).',
    );
  return holds({ logs, witnesses, groups, quorum });
}

/** Takes one line in; what is wrong with it in words, or null. */
function readLine(primitives: Primitives, reading: Reading, word: string, rest: readonly string[]): string | null {
  switch (word) {
    case 'log':
      return rest.length < 1 || rest.length > 2
        ? 'expected "log VKEY [URL]".'
        : readKey(primitives, reading, rest[0] ?? '', 1);
    case 'witness':
      return rest.length < 2 || rest.length > 3
        ? 'expected "witness NAME VKEY [URL]".'
        : readKey(primitives, reading, rest[1] ?? '', 4, rest[0]);
    case 'group':
      return readGroup(reading, rest);
    case 'quorum':
      return readQuorum(reading, rest);
    default:
      return `${show(word)} is unknown; expected log, witness, group or quorum.`;
  }
}

function readKey(primitives: Primitives, reading: Reading, text: string, type: 1 | 4, name?: string): string | null {
  const parsed = parseVkey(primitives, text);
  if (!parsed.ok) return parsed.finding.message;
  const key = parsed.value;
  if (key.type !== type && !(type === 4 && key.type === 6))
    return `the key of ${key.name} has type ${key.type}; expected ${type}.`;
  const bytes = hex(key.publicKey);
  if (reading.publicKeys.has(bytes)) return `the public key of ${key.name} stands in the policy twice.`;
  reading.publicKeys.add(bytes);
  if (name === undefined) reading.logs.push(key);
  else if (isTaken(reading, name)) return `the name ${show(name)} is taken.`;
  else reading.witnesses.set(name, key);
  return null;
}

function readGroup(reading: Reading, [name, threshold, ...members]: readonly string[]): string | null {
  if (name === undefined || threshold === undefined || members.length === 0)
    return 'expected "group NAME K|all|any MEMBER…".';
  if (isTaken(reading, name)) return `the name ${show(name)} is taken.`;
  for (const member of members) {
    if (!isKnown(reading, member)) return `the member ${show(member)} is not a witness or group of an earlier line.`;
    if (reading.grouped.has(member)) return `${show(member)} is a member twice; each counts in one group.`;
    reading.grouped.add(member);
  }
  const counted =
    threshold === 'all'
      ? members.length
      : threshold === 'any'
        ? 1
        : /^[1-9][0-9]{0,3}$/.test(threshold)
          ? Number(threshold)
          : 0;
  if (counted < 1 || counted > members.length)
    return `the threshold ${show(threshold)} is not all, any or a number from 1 to ${members.length}.`;
  reading.groups.set(name, { threshold: counted, members });
  return null;
}

function readQuorum(reading: Reading, [name, ...more]: readonly string[]): string | null {
  if (name === undefined || more.length > 0) return 'expected "quorum NAME|none".';
  if (reading.quorum !== undefined) return 'a second quorum line; expected exactly one.';
  if (name !== 'none' && !isKnown(reading, name))
    return `the quorum ${show(name)} is not a witness or group of an earlier line.`;
  reading.quorum = name === 'none' ? null : name;
  return null;
}

function isKnown({ witnesses, groups }: Reading, name: string): boolean {
  return witnesses.has(name) || groups.has(name);
}

function isTaken(reading: Reading, name: string): boolean {
  return name === 'none' || isKnown(reading, name);
}

/** Whether the witness or group of that name has cosigned; false for a name that the policy does not know. */
export function hasCosigned(policy: TrustPolicy, name: string, cosigners: readonly Vkey[]): boolean {
  const witness = policy.witnesses.get(name);
  if (witness !== undefined) return cosigners.includes(witness);
  const group = policy.groups.get(name);
  if (group === undefined) return false;
  return group.members.filter((member) => hasCosigned(policy, member, cosigners)).length >= group.threshold;
}

/** {@link OpenedCheckpoint} that satisfies a policy, and whether slot auditors are among its cosigners. */
export type WitnessedCheckpoint = OpenedCheckpoint & { readonly transitionsAudited: boolean };

/** Opens a checkpoint that must be signed by a log of the policy and cosigned by its quorum. */
export async function openWitnessed(
  primitives: Primitives,
  bytes: Uint8Array,
  policy: TrustPolicy,
): Promise<Checked<WitnessedCheckpoint>> {
  const opened = await openCheckpoint(primitives, bytes, {
    logs: policy.logs,
    witnesses: [...policy.witnesses.values()],
  });
  if (!opened.ok) return opened;
  const cosigners = opened.value.cosignatures.map(({ key }) => key);
  if (policy.quorum !== null && !hasCosigned(policy, policy.quorum, cosigners)) {
    return fails(
      'POLICY_NOT_SATISFIED',
      `The checkpoint has ${cosigners.length} trusted cosignatures, which do not make up the quorum ${show(policy.quorum)} of the policy.`,
    );
  }
  return holds({ ...opened.value, transitionsAudited: hasCosigned(policy, slotAuditorsGroup, cosigners) });
}
