import { decide, type Instant, type WithdrawalFacts } from '@gatehouse/terms';
import { describe, expect, it } from 'vitest';
import {
  directoryStatements,
  hashOf,
  type JsonObject,
  replayDecisions,
  replayStatements,
  type SignedStatement,
  type Statement,
  verifyLog,
} from '../src/index.ts';
import { BuiltLog, type EntryDraft } from './log-builder.ts';
import {
  aGenesis,
  anEnrolment,
  aNonce,
  aPerson,
  aRemoval,
  aStatement,
  deployment,
  hashOfStatement,
  type Person,
  signDocument,
} from './people.ts';

const ref = 'DpwueSGc3giSBSASTC4oQQ';

/** The opened and unopened payloads of a log of these entries; `hidden` ones are not opened. */
async function opened(drafts: readonly EntryDraft[], hidden: readonly number[] = []) {
  const log = new BuiltLog();
  for (const draft of drafts) log.append(draft);
  log.publish();
  for (const seq of hidden) log.openings.delete(seq);
  const report = await verifyLog({ read: log.read, originOrVkey: log.vkey, openings: log.openings });
  expect(report.findings).toEqual([]);
  return report;
}

describe('the replay of decisions', () => {
  const facts: WithdrawalFacts = {
    now: Date.parse('2026-03-02T10:00:00.000Z') as Instant,
    by: 'engineer@operator.example',
    requester: 'engineer@operator.example',
    statementVerified: true,
    state: 'in_review',
  };
  const yes = decide('withdrawal', facts);
  const no = decide('withdrawal', { ...facts, by: 'other@operator.example' });
  const withdrawn = (decided: unknown): EntryDraft => ({
    type: 'access.withdrawn',
    ref,
    payload: { decided, statement: null } as JsonObject,
  });

  it('says "same" of what the terms decide, permits and refusals alike', async () => {
    const { counts, findings } = replayDecisions(
      await opened([withdrawn(yes), withdrawn(no), withdrawn({ ...yes, at: 1 })]),
    );
    expect(findings).toEqual([]);
    expect(counts.same).toBe(3);
  });

  it('names the decisions that the terms would not have made', async () => {
    const forged = { ...no, decision: yes.decision };
    const { findings } = replayDecisions(await opened([withdrawn(yes), withdrawn(forged)]));
    expect(findings).toMatchObject([{ code: 'DECISION_DIFFERS', index: 2 }]);
    expect(findings[0]?.message).toContain('records a permit; the terms decide a refusal (not_the_requester)');
  });

  it('says "unknown version" of terms that it does not have, never "differs"', async () => {
    const { decisions, findings } = replayDecisions(await opened([withdrawn({ ...yes, termsVersion: 99 })]));
    expect(decisions).toEqual([{ seq: 1, type: 'access.withdrawn', result: { kind: 'unknown version' } }]);
    expect(findings).toEqual([]);
  });

  it('says why it cannot decide: sealed, or erased by which entry', async () => {
    const erasure = { type: 'erasure', basis: 'retention', ranges: [[2, 2]] };
    const { decisions } = replayDecisions(await opened([withdrawn(yes), withdrawn(yes), erasure], [1, 2]));
    expect(decisions.map(({ result }) => result)).toEqual([
      { kind: 'undecidable: sealed' },
      { kind: 'undecidable: erased', by: 3 },
    ]);
  });

  it('finds decision entries that hold no decision, and facts of another form', async () => {
    const { findings } = replayDecisions(await opened([withdrawn(null), withdrawn({ ...yes, facts: { now: 1 } })]));
    expect(findings.map(({ code }) => code)).toEqual(['DECISION_MALFORMED', 'DECISION_MALFORMED']);
  });
});

describe('the replay of statements', () => {
  const [root, engineer, manager] = [
    aPerson('root@operator.example'),
    aPerson('engineer@operator.example'),
    aPerson('manager@operator.example'),
  ];
  const [admin, approver] = [aPerson('admin@acme.example'), aPerson('approver@acme.example')];
  const matter = { id: ref, ticket: '4711' };
  const operatorStatements = [
    aGenesis(root, { tenant: null, roles: ['directory'] }),
    anEnrolment(root, engineer, { tenant: null, roles: ['engineer'], at: 1 }),
    anEnrolment(root, manager, { tenant: null, roles: ['manager'], at: 2 }),
  ].map((statement) => ({ statement, time: '2026-03-02T08:00:00.000Z' }));
  const request = aStatement(engineer, {
    type: 'access.request',
    decision: 'ask',
    tenant: 'acme',
    subject: hashOf(matter),
    who: engineer.name,
    notBefore: '2026-03-02T09:00:00.000Z',
    notAfter: '2026-03-02T11:00:00.000Z',
    directoryPosition: 3,
  });
  const about = (by: Person, type: Statement['type'], directoryPosition: number) =>
    signDocument(by, {
      ...request.document,
      type,
      decision: 'approve',
      keyId: by.keyId,
      subject: hashOfStatement(request),
      directoryPosition,
      nonce: aNonce(),
    });

  const payloadOf = (statement: SignedStatement, more: JsonObject = {}) =>
    ({ statement: statement as unknown as JsonObject, ...more }) as JsonObject;
  const genesis = aGenesis(admin, { tenant: 'acme', roles: ['directory'] });
  const directory: EntryDraft[] = [
    { type: 'directory.genesis', payload: payloadOf(genesis) },
    {
      type: 'directory.enrolled',
      payload: payloadOf(anEnrolment(admin, approver, { tenant: 'acme', roles: ['approver'], at: 1 })),
    },
  ];
  const requested: EntryDraft = { type: 'access.requested', ref, payload: payloadOf(request, { request: matter }) };
  const approved: EntryDraft = {
    type: 'access.manager_approved',
    ref,
    payload: payloadOf(about(manager, 'access.manager_decision', 3)),
  };
  const customerYes: EntryDraft = {
    type: 'access.customer_approved',
    ref,
    payload: payloadOf(about(approver, 'access.customer_decision', 2)),
  };
  const activated: EntryDraft = {
    type: 'access.activated',
    ref,
    payload: { decided: { facts: { tenant: { customerApproval: true, quorum: 1 } } } },
  };

  const replay = async (
    drafts: readonly EntryDraft[],
    operator: typeof operatorStatements | null = operatorStatements,
  ) => {
    const report = await opened(drafts);
    return replayStatements({ opened: report.opened, operator, deployment });
  };

  it('accepts a grant whose approvals were in the log before its first use', async () => {
    const result = await replay([...directory, requested, approved, customerYes, activated]);
    expect(result).toEqual({ checked: 1, unchecked: 0, unpinned: ['operator', 'customer'], findings: [] });
  });

  it('finds a grant that was opened without the customer, or before it answered', async () => {
    for (const drafts of [
      [...directory, requested, approved, activated],
      [...directory, requested, approved, activated, customerYes],
    ]) {
      expect((await replay(drafts)).findings).toMatchObject([{ code: 'ACCESS_CUSTOMER_MISSING', index: 5 }]);
    }
    expect((await replay([...directory, activated])).findings).toMatchObject([{ code: 'ACCESS_MATTER' }]);
  });

  it('judges by the directory as it stood then: a key enrolled later does not count, a key removed later does', async () => {
    expect(
      (await replay([...directory.slice(0, 1), requested, approved, customerYes, activated, ...directory.slice(1)]))
        .findings,
    ).toMatchObject([{ code: 'ACCESS_SIGNER_UNKNOWN' }]);
    const removal: EntryDraft = {
      type: 'directory.removed',
      payload: payloadOf(aRemoval(admin, approver, { tenant: 'acme', at: 2 })),
    };
    expect((await replay([...directory, requested, approved, customerYes, activated, removal])).findings).toEqual([]);
    expect((await replay([...directory, requested, approved, customerYes, removal, activated])).findings).toMatchObject(
      [{ code: 'ACCESS_SIGNER_REMOVED' }],
    );
  });

  it('finds a key that the operator put into the customer’s directory', async () => {
    const forged: EntryDraft = {
      type: 'directory.enrolled',
      payload: payloadOf(anEnrolment(root, root, { tenant: 'acme', roles: ['approver'], at: 2 })),
    };
    expect((await replay([...directory, forged])).findings).toMatchObject([{ code: 'DIRECTORY_SIGNER_UNKNOWN' }]);
  });

  it('holds both directories to their pins, and says when it has none or cannot check', async () => {
    const report = await opened([...directory, requested, approved, customerYes, activated]);
    const pins = { customer: hashOfStatement(genesis), operator: hashOf('another genesis') };
    const pinned = await replayStatements({ opened: report.opened, operator: operatorStatements, pins });
    expect(pinned).toMatchObject({
      unpinned: [],
      checked: 0,
      unchecked: 1,
      findings: [{ code: 'DIRECTORY_GENESIS_NOT_PINNED' }],
    });
    expect(await replay([...directory, requested, activated], null)).toMatchObject({
      checked: 0,
      unchecked: 1,
      findings: [],
    });
    expect(directoryStatements(report.opened, (tenant) => tenant === null)).toEqual([]);
    expect(directoryStatements(report.opened, (tenant) => tenant === 'acme')).toHaveLength(2);
  });

  it('uses the position that the signers saw where the times of a directory are not known', async () => {
    const untimed = operatorStatements.map(({ statement }) => ({ statement, time: null }));
    const report = await opened([...directory, requested, approved, customerYes, activated]);
    expect(await replayStatements({ opened: report.opened, operator: untimed, deployment })).toMatchObject({
      checked: 1,
      findings: [],
    });
  });
});
