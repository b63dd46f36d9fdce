import fc from 'fast-check';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  draftStatement,
  encodeBase64,
  keyIdOf,
  parsePublicJwk,
  parseSignedStatement,
  parseStatement,
  type Signature,
  type SignatureContext,
  type SignedStatement,
  type Statement,
  statementDecisions,
  statementHash,
  statementMessage,
  statementNamespace,
  verifyStatement,
} from '../src/index.ts';
import { aPerson, aStatement, deployment } from './people.ts';
import { valueOf } from './vectors.ts';

const person = aPerson('approver@acme.example');
const signed = aStatement(person, {
  type: 'access.customer_decision',
  decision: 'approve',
  tenant: 'acme',
  scope: { tables: ['orders'] },
});
const { document } = signed;
const codeOf = async (statement: SignedStatement, key = person.jwk, context: SignatureContext = {}) => {
  const checked = await verifyStatement(statement, key, context);
  return checked.ok ? 'ok' : checked.finding.code;
};

describe('a signed statement', () => {
  it('is verified against the key that it names, and no other', async () => {
    expect(await codeOf(signed)).toBe('ok');
    expect(await codeOf(signed, aPerson('other').jwk)).toBe('SIGNATURE_KEY');
    expect(await codeOf({ ...signed, signature: { ...signed.signature, keyId: aPerson('other').keyId } })).toBe(
      'SIGNATURE_KEY',
    );
  });

  it('fails when any member of its document is changed', async () => {
    const other: { [name: string]: unknown } = {
      decision: 'deny',
      keyId: aPerson('other').keyId,
      scope: { tables: ['people'] },
      budgets: { rows: 1 },
      quorum: 2,
      directoryPosition: 1,
    };
    for (const [name, value] of Object.entries(document)) {
      const changed =
        other[name] ??
        (name === 'type'
          ? 'access.manager_decision'
          : value === null
            ? changedNull(name)
            : `${typeof value === 'string' ? value.slice(0, -1) : ''}x`);
      expect(await codeOf({ ...signed, document: { ...document, [name]: changed } as Statement }), name).not.toBe('ok');
    }
  });

  it('fails when any bit of its signature is changed, or its length', async () => {
    const bytes = Buffer.from(signed.signature.signature, 'base64');
    for (let bit = 0; bit < 512; bit += 37) {
      const flipped = Uint8Array.from(bytes, (byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(
        await codeOf({ ...signed, signature: { ...signed.signature, signature: encodeBase64(flipped) } as Signature }),
      ).toBe('SIGNATURE_FAILS');
    }
    expect(
      await codeOf({
        ...signed,
        signature: { ...signed.signature, signature: encodeBase64(bytes.subarray(1)) } as Signature,
      }),
    ).toBe('SIGNATURE_MALFORMED');
  });

  it('has the same hash whatever the order of its members, and another one for every other document', () => {
    const shuffled = Object.fromEntries(Object.entries(document).reverse()) as Statement;
    expect(statementHash(shuffled)).toBe(statementHash(document));
    expect(statementHash({ ...document, decision: 'deny' })).not.toBe(statementHash(document));
    expect(new TextDecoder().decode(statementMessage(document))).toMatch(
      /^gatehouse\/statement\/v1\n\{"budgets":null,/,
    );
  });

  it('must have exactly its members', () => {
    for (const name of Object.keys(document)) {
      const { [name as keyof Statement]: _, ...less } = document;
      expect(parseStatement(less), name).toMatchObject({ ok: false });
    }
    expect(parseStatement({ ...document, extra: 1 })).toMatchObject({
      ok: false,
      finding: { code: 'STATEMENT_MEMBER' },
    });
    expect(parseStatement({ ...document, constructor: 1 })).toMatchObject({ ok: false });
    expect(parseSignedStatement({ ...signed, extra: 1 })).toMatchObject({ ok: false });
  });

  it('says only what its type can say', () => {
    const decisions = new Set(Object.values(statementDecisions).flat());
    for (const [type, allowed] of Object.entries(statementDecisions)) {
      for (const decision of decisions) {
        const possible = (allowed as readonly string[]).includes(decision);
        expect(parseStatement({ ...document, type, decision }).ok, `${type} ${decision}`).toBe(possible);
      }
    }
  });

  it.each([
    ['tenant', 'é'.repeat(32)],
    ['tenant', 'a\nb'],
    ['tenant', '\ud800'],
    ['keyId', 'short'],
    ['subject', 'AAAA'],
    ['notAfter', '2026-02-30T00:00:00.000Z'],
    ['budgets', { rows: -1 }],
    ['budgets', { rows: 0.5 }],
    ['scope', { deep: 0.5 }],
    ['scope', 'text'],
    ['scope', { long: 'x'.repeat(20_000) }],
    ['quorum', 0],
    ['nonce', 'short'],
    ['rootSeen', { origin: 'o', size: 1, root: 'AAAA' }],
  ])('refuses %s %j', (name, value) => {
    expect(parseStatement({ ...document, [name]: value }).ok).toBe(false);
  });

  it('is refused, never thrown about, whatever is put in its place', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), fc.constantFrom(...Object.keys(document)), async (value, name) => {
        const parsed = parseSignedStatement(value);
        expect(parsed.ok).toBe(false);
        const changed = { ...signed, document: { ...document, [name]: value } } as unknown as SignedStatement;
        expect(await codeOf(changed)).not.toBe(
          JSON.stringify(value) === JSON.stringify(document[name as keyof Statement]) ? '' : 'ok',
        );
      }),
      { numRuns: 300 },
    );
  });
});

function changedNull(name: string): unknown {
  if (name === 'rootSeen') return { origin: 'o', size: 0, root: encodeBase64(new Uint8Array(32)) };
  if (name.endsWith('Hash') || name === 'subject') return encodeBase64(new Uint8Array(32));
  if (name.startsWith('not')) return '2026-03-02T09:00:00.000Z';
  return name === 'requesterKey' ? person.keyId : 'x';
}

describe('a statement signed with a passkey', () => {
  const party = { rpId: 'acme.example', origins: ['https://approve.acme.example'] };
  type Asked = {
    flags?: number;
    origin?: string;
    rpId?: string;
    type?: string;
    challenge?: Uint8Array;
    crossOrigin?: boolean;
  };

  const withPasskey = (pair: { privateKey: KeyObject; publicKey: KeyObject }, asked: Asked = {}) => {
    const key = valueOf(parsePublicJwk(pair.publicKey.export({ format: 'jwk' })));
    const about = draftStatement({ ...document, keyId: keyIdOf(key), deployment });
    const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
    const challenge = Buffer.from(asked.challenge ?? sha256(statementMessage(about))).toString('base64url');
    const client = {
      type: asked.type ?? 'webauthn.get',
      challenge,
      origin: asked.origin ?? party.origins[0],
      crossOrigin: asked.crossOrigin ?? false,
    };
    const clientDataJSON = Buffer.from(JSON.stringify(client));
    const authenticatorData = Buffer.concat([
      sha256(Buffer.from(asked.rpId ?? party.rpId)),
      Buffer.of(asked.flags ?? 5, 0, 0, 0, 0),
    ]);
    const bytes = sign(
      key.kty === 'OKP' ? null : 'sha256',
      Buffer.concat([authenticatorData, sha256(clientDataJSON)]),
      pair.privateKey,
    );
    const signature: Signature = {
      kind: 'webauthn',
      keyId: about.keyId,
      authenticatorData: encodeBase64(authenticatorData),
      clientDataJSON: encodeBase64(clientDataJSON),
      signature: encodeBase64(bytes),
    };
    return { key, statement: { document: about, signature } };
  };

  const ed25519 = generateKeyPairSync('ed25519');
  const es256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  it.each([
    ['Ed25519', ed25519],
    ['ES256', es256],
  ])('is verified: %s', async (_, pair) => {
    for (let run = 0; run < 20; run++) {
      const { key, statement } = withPasskey(pair);
      expect(await codeOf(statement, key, { webauthn: party })).toBe('ok');
    }
  });

  it.each([
    ['another challenge', { challenge: new Uint8Array(32) }, 'WEBAUTHN_CHALLENGE'],
    ['another page', { origin: 'https://operator.example' }, 'WEBAUTHN_PARTY'],
    ['another relying party', { rpId: 'operator.example' }, 'WEBAUTHN_PARTY'],
    ['a frame of another site', { crossOrigin: true }, 'WEBAUTHN_PARTY'],
    ['a registration instead of a signature', { type: 'webauthn.create' }, 'WEBAUTHN_MALFORMED'],
    ['a person who was not verified', { flags: 1 }, 'WEBAUTHN_USER_NOT_VERIFIED'],
  ])('is refused with %s', async (_, asked, code) => {
    const { key, statement } = withPasskey(es256, asked);
    expect(await codeOf(statement, key, { webauthn: party })).toBe(code);
  });

  it('is refused without a pinned relying party, for a changed document, and in a changed encoding', async () => {
    const { key, statement } = withPasskey(es256);
    expect(await codeOf(statement, key)).toBe('WEBAUTHN_PARTY_UNKNOWN');
    expect(
      await codeOf({ ...statement, document: { ...statement.document, quorum: 3 } }, key, { webauthn: party }),
    ).toBe('WEBAUTHN_CHALLENGE');
    const bytes = Buffer.from(statement.signature.signature, 'base64');
    for (const changed of [
      Buffer.concat([bytes, Buffer.of(0)]),
      bytes.subarray(1),
      Buffer.alloc(70),
      bytes.map((byte, at) => (at === 10 ? byte ^ 1 : byte)),
    ]) {
      const signature = { ...statement.signature, signature: encodeBase64(changed) } as Signature;
      expect(await codeOf({ ...statement, signature }, key, { webauthn: party })).toBe('SIGNATURE_FAILS');
    }
  });
});

describe('a statement signed with an ssh key', () => {
  const string = (bytes: Uint8Array | string) => {
    const content = Buffer.from(bytes);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(content.length);
    return Buffer.concat([length, content]);
  };
  const blob = (namespace: string, hashName: string, message = statementMessage(document)) => {
    const digest = createHash(hashName).update(message).digest();
    const toSign = Buffer.concat([
      Buffer.from('SSHSIG'),
      string(namespace),
      string(''),
      string(hashName),
      string(digest),
    ]);
    const publicKey = Buffer.concat([string('ssh-ed25519'), string(Buffer.from(person.jwk.x, 'base64url'))]);
    const inner = Buffer.concat([string('ssh-ed25519'), string(sign(null, toSign, person.privateKey))]);
    return Buffer.concat([
      Buffer.from('SSHSIG'),
      Buffer.of(0, 0, 0, 1),
      string(publicKey),
      string(namespace),
      string(''),
      string(hashName),
      string(inner),
    ]);
  };
  const withSsh = (bytes: Uint8Array): SignedStatement => ({
    document,
    signature: { kind: 'ssh', keyId: person.keyId, signature: encodeBase64(bytes) },
  });

  it('is verified in the namespace of statements, and in no other', async () => {
    expect(await codeOf(withSsh(blob(statementNamespace, 'sha256')))).toBe('ok');
    expect(await codeOf(withSsh(blob('git', 'sha256')))).toBe('SSH_NAMESPACE');
    expect(await codeOf(withSsh(blob(statementNamespace, 'sha512')))).toBe('SSH_MALFORMED');
    expect(await codeOf(withSsh(blob(statementNamespace, 'sha256', new Uint8Array(3))))).toBe('SIGNATURE_FAILS');
  });

  it('is refused when cut short or prolonged anywhere', async () => {
    const whole = blob(statementNamespace, 'sha256');
    for (let length = 1; length < whole.length; length++)
      expect(await codeOf(withSsh(whole.subarray(0, length)))).not.toBe('ok');
    expect(await codeOf(withSsh(Buffer.concat([whole, Buffer.of(0)])))).toBe('SSH_MALFORMED');
  });
});
