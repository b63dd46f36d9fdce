import { type AccessRequest, formatInstant, instant, outerNotAfter } from '@gatehouse/terms';
import {
  draftStatement,
  encodeBase64,
  hashOf,
  type JsonValue,
  keyIdOf,
  type SignedStatement,
  type Statement,
  statementHash,
  statementMessage,
} from '@gatehouse/verifier';
import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Act, checkActDraft, checkExtensionDraft } from './act-draft.ts';
import type { Signing } from './draft.ts';
import { type Asked, checkRequestDraft } from './request-draft.ts';
import { CliFailure } from './failure.ts';
import { repeatedFrom } from './matter.ts';

const now = Date.parse('2026-03-02T09:00:00.000Z');
const hour = 3_600_000;
const hash = (text: string): string => hashOf(text);
const deployment = 'cloud.example/log/root+12345678+AQ==';
const [engineer, manager, approver] = [
  'engineer@operator.example',
  'manager@operator.example',
  'approver@acme.example',
].map(aSigner);

const asked: Asked = {
  tenant: 'acme',
  source: 'shop',
  purpose: 'troubleshoot.repair',
  reasonCode: 'customer_support',
  mode: 'read',
  scope: { tables: ['orders'], columns: null, statement: null, transform: 'raw' },
  durationMs: 2 * hour,
  ticket: '4711',
  justification: 'Orders are shown twice since Monday',
  whyNotRunbook: null,
  notBefore: null,
};

type Signer = {
  readonly person: string;
  readonly keyId: string;
  readonly sign: (document: Statement) => SignedStatement;
};

function aSigner(person: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  const keyId = keyIdOf({ kty: 'OKP', crv: 'Ed25519', x: String(x) });
  const signature = (document: Statement): string => encodeBase64(sign(null, statementMessage(document), privateKey));
  return {
    person,
    keyId,
    sign: (document) => ({ document, signature: { kind: 'ed25519', keyId, signature: signature(document) } }),
  };
}

function signing(signer: Signer | undefined): Signing {
  if (signer === undefined) throw new Error('There is no such signer.');
  return { person: signer.person, keyId: signer.keyId, deployment, termsHash: hash('terms'), now };
}

const matter: AccessRequest = {
  id: 'PGz4vT0yQ2aXr1n8sL3wKg',
  requester: 'engineer@operator.example',
  employer: 'Example Operator Ltd',
  tenant: asked.tenant,
  source: asked.source,
  purpose: asked.purpose,
  reasonCode: asked.reasonCode,
  mode: asked.mode,
  scope: asked.scope,
  budgets: { rows: 10_000, bytes: 1_000_000, statements: 1000, durationMs: asked.durationMs },
  ticket: asked.ticket,
  justification: asked.justification,
  whyNotRunbook: null,
  raisedAt: instant(now),
  notBefore: instant(now),
  notAfter: outerNotAfter({
    raisedAt: instant(now),
    notBefore: instant(now),
    durationMs: asked.durationMs,
    customerWindowMs: 12 * hour,
  }),
};

/** The honest server's document for a matter. */
function requestDocument(of: AccessRequest = matter): Statement {
  return draftStatement({
    type: 'access.request',
    decision: 'ask',
    keyId: signing(engineer).keyId,
    deployment,
    ...repeatedFrom(of),
    classificationHash: hash('classification'),
    subject: hashOf(of as unknown as JsonValue),
    termsHash: hash('terms'),
    policyHash: hash('policy'),
    directoryPosition: 10,
    quorum: 1,
    requesterKey: signing(engineer).keyId,
    nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
  });
}

const request = requestDocument();
const shown = { statements: [{ signed: engineer?.sign(request) }] };

function actDocument(type: Statement['type'], decision: Statement['decision'], signer: Signer | undefined): Statement {
  return {
    ...request,
    type,
    decision,
    keyId: signing(signer).keyId,
    subject: statementHash(request),
    nonce: 'BBBBBBBBBBBBBBBBBBBBBB',
  };
}

function refusal(work: () => unknown): CliFailure | null {
  try {
    work();
    return null;
  } catch (thrown) {
    if (thrown instanceof CliFailure) return thrown;
    throw thrown;
  }
}

/** Another value of the same form, so that only its meaning is wrong. */
const otherMembers: { readonly [member in keyof Statement]?: Statement[member] } = {
  type: 'access.withdrawal',
  decision: 'approve',
  keyId: signing(manager).keyId,
  deployment: 'other.example/log/root+12345678+AQ==',
  tenant: 'globex',
  source: 'payroll',
  classificationHash: null,
  subject: hash('something else'),
  who: 'engineer2@operator.example',
  employer: 'Another Ltd',
  purpose: 'provide.operate',
  reasonCode: 'operator_service',
  mode: 'write',
  scope: { tables: null, columns: null, statement: null, transform: 'raw' },
  budgets: { rows: 1_000_000, bytes: 1_000_000, statements: 1000, durationMs: asked.durationMs },
  notBefore: formatInstant(instant(now - hour)),
  notAfter: formatInstant(instant(now + 1000 * hour)),
  termsHash: hash('other terms'),
  requesterKey: signing(manager).keyId,
};

describe('a draft of a request', () => {
  it('is signed if it says what was asked', () => {
    const checked = checkRequestDraft({ matter, document: request }, asked, signing(engineer));
    expect(checked).toEqual({ matter, document: request });
  });

  it.each(Object.keys(otherMembers))('is refused before signing if the server changed %s in the document', (member) => {
    const document = { ...request, [member]: otherMembers[member as keyof Statement] };
    const failure = refusal(() => checkRequestDraft({ matter, document }, asked, signing(engineer)));
    expect(failure?.code).toMatch(/^draft_(differs|malformed)$/);
    expect(failure?.message).toContain('Nothing was signed');
  });

  it.each([
    ['policyHash', null],
    ['directoryPosition', null],
    ['nonce', 'short'],
    ['quorum', 0],
  ])('is refused if %s is %j', (member, value) => {
    const document = { ...request, [member]: value };
    expect(refusal(() => checkRequestDraft({ matter, document }, asked, signing(engineer)))?.code).toMatch(/^draft_/);
  });

  it.each([
    ['id', '../../tenants'],
    ['requester', 'engineer2@operator.example'],
    ['tenant', 'globex'],
    ['source', 'payroll'],
    ['purpose', 'provide.operate'],
    ['reasonCode', 'operator_service'],
    ['mode', 'write'],
    ['scope', { ...asked.scope, tables: null }],
    ['scope', { ...asked.scope, transform: 'aggregate' }],
    ['budgets', { ...matter.budgets, rows: 1_000_001 }],
    ['budgets', { ...matter.budgets, bytes: 2_000_000_000 }],
    ['budgets', { ...matter.budgets, statements: 1e9 }],
    ['budgets', { ...matter.budgets, durationMs: 8 * hour }],
    ['budgets', { ...matter.budgets, more: 1 }],
    ['ticket', '4712'],
    ['justification', 'Because I want to'],
    ['whyNotRunbook', 'there is none'],
    ['raisedAt', now - hour],
    ['notBefore', now + hour],
    ['notAfter', now],
    ['notAfter', now + 200 * hour],
    ['second', 'tenant'],
  ])('is refused if the server changed %s of the matter to %j and hashed that', (member, value) => {
    const changed = { ...matter, [member]: value } as AccessRequest;
    const failure = refusal(() =>
      checkRequestDraft({ matter: changed, document: requestDocument(changed) }, asked, signing(engineer)),
    );
    expect(failure?.code).toMatch(/^draft_(differs|malformed)$/);
  });

  it('is refused if it is none', () => {
    expect(refusal(() => checkRequestDraft({ matter }, asked, signing(engineer)))?.code).toBe('draft_malformed');
    expect(refusal(() => checkRequestDraft(null, asked, signing(engineer)))?.code).toBe('server_answer');
  });
});

describe('a draft of an act', () => {
  const acts: readonly [Act, 'manager' | 'customer', Statement['type']][] = [
    ['approve', 'manager', 'access.manager_decision'],
    ['deny', 'manager', 'access.manager_decision'],
    ['approve', 'customer', 'access.customer_decision'],
    ['deny', 'customer', 'access.customer_decision'],
    ['withdraw', 'manager', 'access.withdrawal'],
    ['revoke', 'customer', 'access.revocation'],
    ['complete', 'manager', 'access.completion'],
  ];
  const about = { id: matter.id, request: shown } as const;
  const approving = { ...about, act: 'approve', side: 'customer' } as const;

  it.each(acts)('%s as %s is signed as %s', (act, side, type) => {
    const signer = side === 'customer' ? approver : manager;
    const document = actDocument(type, act, signer);
    expect(checkActDraft({ matter, document }, { ...about, act, side }, signing(signer)).document).toEqual(document);
  });

  it.each(Object.keys(otherMembers))('is refused before signing if the server changed %s', (member) => {
    const document = {
      ...actDocument('access.customer_decision', 'approve', approver),
      [member]: member === 'decision' ? 'deny' : otherMembers[member as keyof Statement],
    };
    expect(refusal(() => checkActDraft({ matter, document }, approving, signing(approver)))?.code).toMatch(
      /^draft_(differs|malformed)$/,
    );
  });

  it('is refused if it approves where a denial was asked for', () => {
    const document = actDocument('access.customer_decision', 'approve', approver);
    expect(
      refusal(() => checkActDraft({ matter, document }, { ...approving, act: 'deny' }, signing(approver)))?.code,
    ).toBe('draft_differs');
  });

  it('is refused if the matter that is shown is not the one that was signed', () => {
    const document = actDocument('access.customer_decision', 'approve', approver);
    const harmless = { ...matter, justification: 'Only counting rows' };
    expect(
      refusal(() => checkActDraft({ matter: harmless, document }, approving, signing(approver)))?.message,
    ).toContain('subject');
  });

  it('is refused if the matter has no canonical form', () => {
    const document = actDocument('access.customer_decision', 'approve', approver);
    const odd = { ...matter, raisedAt: -1.5 };
    expect(refusal(() => checkActDraft({ matter: odd, document }, approving, signing(approver)))?.code).toBe(
      'draft_differs',
    );
  });

  it('is refused if it is about another request than the one that was named', () => {
    const document = actDocument('access.customer_decision', 'approve', approver);
    const other = { ...approving, id: 'AAAAAAAAAAAAAAAAAAAAAA' };
    expect(refusal(() => checkActDraft({ matter, document }, other, signing(approver)))?.message).toContain('id is');
  });

  it('is refused if the signed request says more than its matter', () => {
    const wide = { ...request, tenant: 'globex' };
    const document = {
      ...actDocument('access.customer_decision', 'approve', approver),
      tenant: 'globex',
      subject: statementHash(wide),
    };
    const tampered = { ...approving, request: { statements: [{ signed: engineer?.sign(wide) }] } };
    expect(refusal(() => checkActDraft({ matter, document }, tampered, signing(approver)))?.message).toContain(
      'tenant',
    );
  });

  it('is refused if no statement of the request has the hash that it decides about', () => {
    const document = actDocument('access.customer_decision', 'approve', approver);
    const nothing = { ...approving, request: { statements: [] } };
    expect(refusal(() => checkActDraft({ matter, document }, nothing, signing(approver)))?.code).toBe('draft_differs');
  });
});

describe('a draft of an extension', () => {
  const addMs = hour;
  const about = { id: matter.id, addMs, request: shown };
  const longer = (more: Partial<Statement> = {}): Statement => ({
    ...request,
    type: 'access.extension',
    subject: statementHash(request),
    budgets: { ...request.budgets, durationMs: matter.budgets.durationMs + addMs },
    notAfter: formatInstant(instant(matter.notAfter + addMs)),
    ...more,
  });

  it('is signed if it asks for that much more time', () => {
    expect(checkExtensionDraft({ matter, document: longer() }, about, signing(engineer)).document).toEqual(longer());
  });

  it.each([
    ['a longer duration', { budgets: { ...request.budgets, durationMs: matter.budgets.durationMs + addMs + 1 } }],
    ['a later end', { notAfter: formatInstant(instant(matter.notAfter + addMs + 1)) }],
    ['more rows', { budgets: { ...request.budgets, rows: 999_999, durationMs: matter.budgets.durationMs + addMs } }],
    ['another table', { scope: { tables: ['users'], columns: null, statement: null, transform: 'raw' } }],
    ['another tenant', { tenant: 'globex' }],
    ['another mode', { mode: 'write' }],
    ['another subject', { subject: hash('other') }],
    ['another person', { who: 'engineer2@operator.example' }],
  ])('is refused if it asks for %s', (_, more) => {
    const document = longer(more as Partial<Statement>);
    expect(refusal(() => checkExtensionDraft({ matter, document }, about, signing(engineer)))?.code).toBe(
      'draft_differs',
    );
  });

  it('can be approved, and an extension that changes more than the time cannot', () => {
    const decide = (extension: Statement) => {
      const document = {
        ...extension,
        type: 'access.customer_decision',
        decision: 'approve',
        keyId: signing(approver).keyId,
        subject: statementHash(extension),
      };
      const statements = [...shown.statements, { signed: engineer?.sign(extension) }];
      return refusal(() =>
        checkActDraft(
          { matter, document },
          { id: matter.id, act: 'approve', side: 'customer', request: { statements } },
          signing(approver),
        ),
      );
    };
    expect(decide(longer())).toBeNull();
    expect(decide(longer({ mode: 'write' }))?.code).toBe('draft_differs');
  });
});
