import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  CustodianError,
  type Opening,
  openCustodian,
  type SealedPayload,
  sealPayload,
  wrapSealingKey,
} from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'custodian-'));
afterAll(() => rmSync(folder, { recursive: true }));
const origin = 'cloud.example/log/t/5a974de5d2f5b509152436bfa5d24e82';
const random = (count: number): Uint8Array => randomBytes(count);
const ownLog = { right: { kind: 'own_log', person: 'lee@contoso.example' } } as const;

function aCustodian(
  name = randomBytes(4).toString('hex'),
  record: (opening: Opening) => Promise<void> = async () => {},
) {
  const home = join(folder, name);
  const custodian = openCustodian({
    folder: join(home, 'compartments'),
    rootKeyFile: join(home, 'root.key'),
    name: 'operator',
    random,
    record,
  });
  return { custodian, home };
}

async function aSealedPayload(custodian: ReturnType<typeof aCustodian>['custodian']): Promise<SealedPayload> {
  const published = custodian.create();
  const purpose = { origin, kid: published.kid, sk: randomBytes(16).toString('hex'), key: randomBytes(32) };
  const sealingKey = await wrapSealingKey([published], purpose);
  const { cmt, envelope } = sealPayload({ who: 'Maria Ortiz', rows: 6 }, purpose, random);
  const entry = {
    v: 1,
    seq: 7,
    time: '2026-03-02T09:00:00.000Z',
    type: 'access.intent',
    cmt,
    kid: published.kid,
  } as const;
  return { origin, entry, envelope, sealingKey };
}

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing thrown',
    (error: unknown) => (error instanceof CustodianError ? error.code : String(error)),
  );

describe('a custodian', () => {
  it('opens what was sealed to its published key, also after a restart', async () => {
    const { custodian } = aCustodian('restart');
    const sealed = await aSealedPayload(custodian);
    expect((await custodian.open(sealed, ownLog)).payload).toEqual({ who: 'Maria Ortiz', rows: 6 });
    const again = aCustodian('restart').custodian;
    expect(again.publish(sealed.entry.kid ?? '')).toEqual(custodian.publish(sealed.entry.kid ?? ''));
    expect((await again.open(sealed, ownLog)).payload).toEqual({ who: 'Maria Ortiz', rows: 6 });
  });

  it('records each opening before it answers, and opens nothing when the record fails', async () => {
    const recorded: Opening[] = [];
    const { custodian } = aCustodian(undefined, async (opening) => {
      recorded.push(opening);
      if (recorded.length > 1) throw new Error('the disk is full');
    });
    const sealed = await aSealedPayload(custodian);
    await custodian.open(sealed, ownLog);
    expect(recorded).toEqual([{ right: ownLog.right, origin, kid: sealed.entry.kid, cmt: sealed.entry.cmt }]);
    expect(await codeOf(custodian.open(sealed, ownLog))).toBe('RIGHT_NOT_RECORDED');
  });

  it('opens nothing of a destroyed compartment, neither at once nor after a restart', async () => {
    const { custodian } = aCustodian('destroyed');
    const sealed = await aSealedPayload(custodian);
    await custodian.open(sealed, ownLog);
    expect(custodian.destroy(sealed.entry.kid ?? '')).toBe(true);
    expect(custodian.destroy(sealed.entry.kid ?? '')).toBe(false);
    expect(await codeOf(custodian.open(sealed, ownLog))).toBe('COMPARTMENT_UNKNOWN');
    expect(await codeOf(aCustodian('destroyed').custodian.open(sealed, ownLog))).toBe('COMPARTMENT_UNKNOWN');
    expect(custodian.publish(sealed.entry.kid ?? '')).toBeNull();
  });

  it('keeps private keys in files of mode 0600, encrypted under the root key and bound to their kid', async () => {
    const { custodian, home } = aCustodian('files');
    const [one, two] = [custodian.create(), custodian.create()];
    const fileOf = (kid: string) => join(home, 'compartments', `${kid}.key`);
    expect(statSync(fileOf(one.kid)).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, 'root.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(fileOf(one.kid)).length).toBe(12 + 32 + 16);
    writeFileSync(fileOf(one.kid), readFileSync(fileOf(two.kid)));
    expect(() => custodian.publish(one.kid)).toThrow(/does not open with this root key/);
    expect(readdirSync(join(home, 'compartments')).filter((file) => file.endsWith('.new'))).toEqual([]);
  });

  it('refuses a sealing key of another log, of another compartment, or with a changed byte', async () => {
    const { custodian } = aCustodian();
    const sealed = await aSealedPayload(custodian);
    const other = await aSealedPayload(custodian);
    const wrapped = sealed.sealingKey.wrapped.map((wrap) => ({ ...wrap, enc: wrap.ct.slice(0, 43) + '=' }));
    expect(await codeOf(custodian.open({ ...sealed, origin: `${origin}0` }, ownLog))).toBe('SEALING_KEY_FAILS');
    expect(await codeOf(custodian.open({ ...sealed, sealingKey: other.sealingKey }, ownLog))).toBe(
      'ENVELOPE_NOT_OF_ENTRY',
    );
    expect(await codeOf(custodian.open({ ...sealed, sealingKey: { ...sealed.sealingKey, wrapped } }, ownLog))).toMatch(
      /^SEALING_KEY_(FAILS|MALFORMED)$/,
    );
    expect(
      await codeOf(custodian.open({ ...sealed, entry: { ...sealed.entry, cmt: other.entry.cmt ?? '' } }, ownLog)),
    ).toBe('ENVELOPE_FAILS');
  });

  it('refuses a root key that is missing, of another length, or open to other users', () => {
    const { custodian, home } = aCustodian('root');
    custodian.create();
    const file = join(home, 'root.key');
    const key = readFileSync(file);
    rmSync(file);
    expect(() => aCustodian('root')).toThrow(/is missing, but there are private keys/);
    writeFileSync(file, key.subarray(1), { mode: 0o600 });
    expect(() => aCustodian('root')).toThrow(/has 31 bytes; expected 32/);
    writeFileSync(file, key);
    chmodSync(file, 0o644);
    expect(() => aCustodian('root')).toThrow(/has mode 644/);
  });

  it('refuses names that are no compartment, such as paths', () => {
    const { custodian } = aCustodian();
    expect(custodian.publish('../root')).toBeNull();
    expect(custodian.destroy('../root')).toBe(false);
  });
});
