import { describe, expect, it } from 'vitest';
import {
  type AccessClaim,
  checkAccess,
  type Directory,
  hashOf,
  replayDirectory,
  type SignedStatement,
  type Statement,
} from '../src/index.ts';
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

const [engineer, manager, root] = [
  aPerson('engineer@operator.example'),
  aPerson('manager@operator.example'),
  aPerson('root@operator.example'),
];
const [admin, approver, second] = [
  aPerson('admin@acme.example'),
  aPerson('approver@acme.example'),
  aPerson('second@acme.example'),
];
const now = Date.parse('2026-03-02T10:00:00.000Z');
const matter = { id: 'DpwueSGc3giSBSASTC4oQQ', ticket: '4711', justification: 'order 7 does not load' };

async function directoryOf(statements: readonly SignedStatement[]): Promise<Directory> {
  const [genesis] = statements;
  if (genesis === undefined) throw new Error('no genesis');
  const replayed = await replayDirectory({ genesisHash: hashOfStatement(genesis), statements });
  if (!replayed.ok) throw new Error(replayed.finding.message);
  return replayed.directory;
}

const operatorStatements = [
  aGenesis(root, { tenant: null, roles: ['directory'] }),
  anEnrolment(root, engineer, { tenant: null, roles: ['engineer', 'manager'], at: 1 }),
  anEnrolment(root, manager, { tenant: null, roles: ['manager'], at: 2 }),
];
const customerStatements = [
  aGenesis(admin, { tenant: 'acme', roles: ['directory', 'admin'] }),
  anEnrolment(admin, approver, { tenant: 'acme', roles: ['approver'], at: 1 }),
  anEnrolment(admin, second, { tenant: 'acme', roles: ['approver'], at: 2 }),
];
const operator = await directoryOf(operatorStatements);
const customer = await directoryOf(customerStatements);

const request = aStatement(engineer, {
  type: 'access.request',
  decision: 'ask',
  tenant: 'acme',
  source: 'orders',
  classificationHash: hashOf('classification'),
  subject: hashOf(matter),
  who: engineer.name,
  employer: 'Operator Ltd',
  purpose: 'troubleshoot.repair',
  reasonCode: 'customer_support',
  mode: 'read',
  scope: { tables: ['orders'] },
  budgets: { rows: 1000, bytes: 1_000_000, durationMs: 3_600_000 },
  notBefore: '2026-03-02T09:00:00.000Z',
  notAfter: '2026-03-02T11:00:00.000Z',
  directoryPosition: 3,
  requesterKey: engineer.keyId,
});

/** A statement about `about` that repeats all of it, as a right one does. */
function aboutIt(
  by: Person,
  given: Pick<Statement, 'type' | 'decision'> & Partial<Statement>,
  about: SignedStatement = request,
): SignedStatement {
  const { document } = about;
  return signDocument(by, {
    ...document,
    subject: hashOfStatement(about),
    directoryPosition: 3,
    keyId: by.keyId,
    nonce: aNonce(),
    ...given,
  });
}

const managerYes = aboutIt(manager, { type: 'access.manager_decision', decision: 'approve' });
const customerYes = aboutIt(approver, { type: 'access.customer_decision', decision: 'approve' });

function claim(statements: readonly SignedStatement[], changed: Partial<AccessClaim> = {}): AccessClaim {
  const required = { managerApproval: true, customerApprovals: 1 };
  return { request, statements, required, now, matter, deployment, tenant: 'acme', operator, customer, ...changed };
}

async function codeOf(statements: readonly SignedStatement[], changed: Partial<AccessClaim> = {}): Promise<string> {
  const checked = await checkAccess(claim(statements, changed));
  return checked.ok ? 'ok' : checked.finding.code;
}

describe('an access, as its signed statements show it', () => {
  it('holds with the approvals of a manager and of the customer', async () => {
    expect(await checkAccess(claim([managerYes, customerYes]))).toEqual({
      ok: true,
      value: {
        requestHash: hashOfStatement(request),
        requester: engineer.name,
        managers: [manager.name],
        approvers: [approver.name],
        notBefore: Date.parse('2026-03-02T09:00:00.000Z'),
        notAfter: Date.parse('2026-03-02T11:00:00.000Z'),
      },
    });
  });

  it('needs every approval that is asked for, of different persons', async () => {
    expect(await codeOf([customerYes])).toBe('ACCESS_MANAGER_MISSING');
    expect(await codeOf([managerYes])).toBe('ACCESS_CUSTOMER_MISSING');
    expect(
      await codeOf([managerYes], { required: { managerApproval: true, customerApprovals: 0 }, customer: null }),
    ).toBe('ok');
    const required = { managerApproval: true, customerApprovals: 2 };
    expect(
      await codeOf(
        [managerYes, customerYes, aboutIt(approver, { type: 'access.customer_decision', decision: 'approve' })],
        { required },
      ),
    ).toBe('ACCESS_CUSTOMER_MISSING');
    expect(
      await codeOf(
        [managerYes, customerYes, aboutIt(second, { type: 'access.customer_decision', decision: 'approve' })],
        { required },
      ),
    ).toBe('ok');
  });

  it('never takes a denial for an approval, nor lets an approval outweigh it', async () => {
    const no = aboutIt(second, { type: 'access.customer_decision', decision: 'deny' });
    expect(await codeOf([managerYes, no])).toBe('ACCESS_DENIED');
    expect(await codeOf([managerYes, customerYes, no])).toBe('ACCESS_DENIED');
    const turned = { ...no, document: { ...no.document, decision: 'approve' as const } };
    expect(await codeOf([managerYes, turned])).toBe('SIGNATURE_FAILS');
  });

  it.each([
    'tenant',
    'source',
    'classificationHash',
    'who',
    'employer',
    'purpose',
    'reasonCode',
    'mode',
    'scope',
    'budgets',
    'notBefore',
    'notAfter',
  ] as const)('refuses an approval that was signed for another %s', async (name) => {
    const other: Partial<Statement> = {
      tenant: 'globex',
      source: 'people',
      classificationHash: hashOf('other'),
      who: 'engineer2@operator.example',
      employer: 'Contractor Ltd',
      purpose: 'troubleshoot.watch',
      reasonCode: 'audit',
      mode: 'write',
      scope: { tables: ['orders', 'people'] },
      budgets: { rows: 1001, bytes: 1_000_000, durationMs: 3_600_000 },
      notBefore: '2026-03-02T08:59:59.999Z',
      notAfter: '2026-03-02T11:00:00.001Z',
    };
    const yes = aboutIt(approver, { type: 'access.customer_decision', decision: 'approve', [name]: other[name] });
    expect(await codeOf([managerYes, yes])).toBe(name === 'tenant' ? 'ACCESS_OTHER_TENANT' : 'ACCESS_MEMBER_DIFFERS');
  });

  it('refuses an approval of another request, and a widened request under old approvals', async () => {
    const yes = aboutIt(approver, {
      type: 'access.customer_decision',
      decision: 'approve',
      subject: hashOf('another'),
    });
    expect(await codeOf([managerYes, yes])).toBe('ACCESS_SUBJECT');
    const widened = signDocument(engineer, { ...request.document, scope: { tables: ['orders', 'people'] } });
    expect(await codeOf([managerYes, customerYes], { request: widened })).toBe('ACCESS_SUBJECT');
    expect(await codeOf([managerYes, customerYes], { matter: { ...matter, ticket: '1' } })).toBe('ACCESS_MATTER');
  });

  it('refuses the requester as approver, with any key', async () => {
    const own = aboutIt(engineer, { type: 'access.manager_decision', decision: 'approve' });
    const spare = { ...aPerson('a second key'), name: engineer.name };
    const withSpare = await directoryOf([
      ...operatorStatements,
      anEnrolment(root, spare, { tenant: null, roles: ['manager'], at: 3 }),
    ]);
    const bySpare = aboutIt(spare, { type: 'access.manager_decision', decision: 'approve', directoryPosition: 4 });
    expect(await codeOf([bySpare, customerYes], { operator: withSpare })).toBe('ACCESS_SELF_DECISION');
    expect(await codeOf([own, customerYes])).toBe('ACCESS_SELF_DECISION');
    expect(
      await codeOf([managerYes, customerYes], {
        request: aboutIt(manager, { type: 'access.request', decision: 'ask', subject: hashOf(matter) }),
      }),
    ).toBe('ACCESS_NOT_REQUESTER');
  });

  it('refuses signers without the role, from the wrong directory, or from none', async () => {
    expect(await codeOf([managerYes, aboutIt(admin, { type: 'access.customer_decision', decision: 'approve' })])).toBe(
      'ACCESS_SIGNER_ROLE',
    );
    expect(
      await codeOf([managerYes, aboutIt(manager, { type: 'access.customer_decision', decision: 'approve' })]),
    ).toBe('ACCESS_SIGNER_UNKNOWN');
    expect(
      await codeOf([aboutIt(approver, { type: 'access.manager_decision', decision: 'approve' }), customerYes]),
    ).toBe('ACCESS_SIGNER_UNKNOWN');
    expect(
      await codeOf([managerYes, aboutIt(aPerson('nobody'), { type: 'access.customer_decision', decision: 'approve' })]),
    ).toBe('ACCESS_SIGNER_UNKNOWN');
    expect(await codeOf([managerYes, customerYes], { customer: null })).toBe('ACCESS_SIGNER_UNKNOWN');
  });

  it('refuses an approval by a key that was removed since, or was not yet there when it signed', async () => {
    const without = await directoryOf([...customerStatements, aRemoval(admin, approver, { tenant: 'acme', at: 3 })]);
    expect(await codeOf([managerYes, customerYes], { customer: without })).toBe('ACCESS_SIGNER_REMOVED');
    const early = aboutIt(approver, { type: 'access.customer_decision', decision: 'approve', directoryPosition: 1 });
    expect(await codeOf([managerYes, early])).toBe('ACCESS_DIRECTORY_POSITION');
    const late = aboutIt(approver, { type: 'access.customer_decision', decision: 'approve', directoryPosition: 4 });
    expect(await codeOf([managerYes, late])).toBe('ACCESS_DIRECTORY_POSITION');
  });

  it('counts every statement once, here and elsewhere', async () => {
    expect(await codeOf([managerYes, customerYes, customerYes])).toBe('NONCE_REPLAYED');
    expect(await codeOf([managerYes, customerYes], { usedNonces: new Set([customerYes.document.nonce]) })).toBe(
      'NONCE_REPLAYED',
    );
  });

  it('refuses statements of another deployment', async () => {
    expect(await codeOf([managerYes, customerYes], { deployment: 'other+00000000+AAAA' })).toBe(
      'ACCESS_OTHER_DEPLOYMENT',
    );
  });

  it.each([
    ['2026-03-02T08:59:59.999Z', 'ACCESS_NOT_YET'],
    ['2026-03-02T09:00:00.000Z', 'ok'],
    ['2026-03-02T10:59:59.999Z', 'ok'],
    ['2026-03-02T11:00:00.000Z', 'ACCESS_OVER'],
  ])('at %s is: %s', async (time, code) => {
    expect(await codeOf([managerYes, customerYes], { now: Date.parse(time) })).toBe(code);
  });

  it.each(['withdrawal', 'revocation', 'completion'] as const)('is over after a %s by either side', async (end) => {
    const decision = { withdrawal: 'withdraw', revocation: 'revoke', completion: 'complete' } as const;
    const by = end === 'revocation' ? admin : engineer;
    expect(
      await codeOf([managerYes, customerYes, aboutIt(by, { type: `access.${end}`, decision: decision[end] })]),
    ).toBe('ACCESS_ENDED');
  });

  it('takes nothing but decisions, extensions and ends into account', async () => {
    const second = aboutIt(engineer, { type: 'access.request', decision: 'ask' });
    expect(await codeOf([managerYes, second])).toBe('ACCESS_STATEMENT_TYPE');
    expect(await codeOf([managerYes, aboutIt(approver, { type: 'directory.enrolment', decision: 'enrol' })])).toBe(
      'ACCESS_STATEMENT_TYPE',
    );
    expect(await codeOf([null as unknown as SignedStatement])).toBe('STATEMENT_MALFORMED');
  });

  it('lasts longer only by an extension that has every approval itself', async () => {
    const later = Date.parse('2026-03-02T11:30:00.000Z');
    const asked = aboutIt(engineer, {
      type: 'access.extension',
      decision: 'ask',
      notAfter: '2026-03-02T12:00:00.000Z',
      budgets: { rows: 1000, bytes: 1_000_000, durationMs: 7_200_000 },
    });
    const yes = [
      aboutIt(manager, { type: 'access.manager_decision', decision: 'approve' }, asked),
      aboutIt(approver, { type: 'access.customer_decision', decision: 'approve' }, asked),
    ];
    const base = [managerYes, customerYes];
    expect(await codeOf([...base, asked], { now: later })).toBe('ACCESS_OVER');
    expect(await codeOf([...base, asked, ...yes.slice(0, 1)], { now: later })).toBe('ACCESS_OVER');
    expect(await codeOf([...base, asked, ...yes], { now: later })).toBe('ok');
    expect(
      await codeOf(
        [...base, asked, ...yes, aboutIt(second, { type: 'access.customer_decision', decision: 'deny' }, asked)],
        { now: later },
      ),
    ).toBe('ACCESS_OVER');
    expect(await codeOf([...base, ...yes], { now })).toBe('ACCESS_SUBJECT');
    const wider = aboutIt(engineer, { type: 'access.extension', decision: 'ask', scope: { tables: ['people'] } });
    expect(await codeOf([...base, wider])).toBe('ACCESS_MEMBER_DIFFERS');
  });
});
