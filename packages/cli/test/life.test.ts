import { execFileSync } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatehouse, startGatehouse } from './command.ts';
import { startLyingProxy } from './lying-proxy.ts';
import { type SampleServer, startSampleServer } from './sample-server.ts';

const engineer = 'engineer@operator.example';
const manager = 'manager@operator.example';
const approver = 'approver@acme.example';
const admin = 'admin@acme.example';

/** Debian's, or whichever is first in PATH. */
const psql: string = 'psql';
const psqlMissing = psqlFault();
if (psqlMissing !== null) process.stderr.write(`life.test.ts is skipped: ${psqlMissing}\n`);

let server: SampleServer;
let grant: string;

function psqlFault(): string | null {
  try {
    execFileSync(psql, ['--version']);
    return null;
  } catch {
    return 'there is no psql in PATH';
  }
}

function asking(...more: readonly string[]): readonly string[] {
  const flags = {
    tenant: 'acme',
    source: 'sample',
    purpose: 'troubleshoot.repair',
    'reason-code': 'customer_support',
    ticket: '4711',
    for: '2h',
    justification: 'Orders of Acme are shown twice since Monday',
  };
  return ['request', ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]), ...more];
}

function rows(...sql: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  return server.as(engineer, 'connect', grant, '--', '-XAtq', ...sql.flatMap((one) => ['-c', one]));
}

/** Resolves when `done` holds for everything that was written so far; fails after ten seconds. */
function until(written: () => string, done: (text: string) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const begun = Date.now();
    const look = setInterval(() => {
      const late = Date.now() - begun > 10_000;
      if (!done(written()) && !late) return;
      clearInterval(look);
      if (late) reject(new Error(`Waited ten seconds; written was: ${written()}`));
      else resolve();
    }, 20);
  });
}

describe.skipIf(psqlMissing !== null)('the life of an access, by the command and psql alone', () => {
  beforeAll(async () => {
    server = await startSampleServer();
  });
  afterAll(async () => {
    if (server !== undefined) expect(await server.stop()).toBe(0);
  });

  it('knows who asks by their key', async () => {
    expect(await server.json(engineer, 'whoami')).toMatchObject({ person: engineer, kind: 'personnel' });
    expect((await server.as(admin, 'whoami')).out).toContain('of the customer acme');
  });

  it('refuses to connect under a grant that does not exist', async () => {
    const { code, err } = await server.as(engineer, 'connect', 'AAAAAAAAAAAAAAAAAAAAAA', '--dsn');
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('request_unknown') });
  });

  it('refuses a forbidden purpose with its reason', async () => {
    const { code, err } = await server.as(engineer, '--json', ...asking('--purpose', 'advertise'));
    expect(code).toBe(1);
    expect(JSON.parse(err)).toMatchObject({ code: 'purpose_forbidden' });
  });

  it('gets no signature for a draft that a lying server has widened', async () => {
    const proxy = await startLyingProxy(server.http, (path, text) =>
      path === '/api/v1/requests/draft' ? text.replaceAll('"mode":"read"', '"mode":"write"') : text,
    );
    const { code, err } = await server.as(engineer, '--server', proxy.url, ...asking());
    proxy.close();
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('draft_differs') });
    expect(proxy.seen).not.toContain('POST /api/v1/requests');
  });

  it('takes a request, shows what was signed, and lets the requester not approve it', async () => {
    const { code, out, err } = await server.as(engineer, ...asking());
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('waits for the manager') });
    expect(err).toContain('read data of acme in sample');
    const { items } = (await server.json(engineer, 'requests')) as { items: { id: string; state: string }[] };
    grant = items[0]?.id ?? '';
    expect(items[0]?.state).toBe('in_review');
    expect(await server.as(engineer, 'approve', grant)).toMatchObject({ code: 1, out: '' });
    expect(await server.as(engineer, 'connect', grant, '--dsn')).toMatchObject({ code: 1, out: '' });
  });

  it('is approved by the manager, then by the customer', async () => {
    expect((await server.as(manager, 'approve', grant)).out).toContain('waits for acme');
    const { out, err } = await server.as(approver, 'approve', grant);
    expect(out).toContain(`${approver} approved at`);
    expect(out).toContain(`${engineer} may read data of acme in sample during 2 h from the first use`);
    expect(err).toContain('Orders of Acme are shown twice since Monday');
    expect(await server.as(approver, 'approve', grant)).toMatchObject({ code: 1 });
  });

  it('gives rows of that customer alone to psql, with the token on no command line', async () => {
    const { code, out, err } = await rows('select count(*) > 0, count(distinct tenant_id) from orders');
    expect({ code, out, err }).toMatchObject({ code: 0, out: 't|1\n' });
    const look = `\\! case "$(tr '\\0' ' ' < /proc/$PPID/cmdline)" in *"$PGPASSWORD"*) echo leaked;; *) echo safe;; esac`;
    expect((await rows(look)).out).toBe('safe\n');
  });

  it("ends with psql's own exit code", async () => {
    expect(await rows('select * from no_such_table')).toMatchObject({ code: 1 });
  });

  it('prints a connection string that opens one connection and no second', async () => {
    const { out } = await server.as(engineer, 'connect', grant, '--dsn');
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    const use = (): string => execFileSync(psql, [out.trim(), '-XAtqc', 'select 7'], { stdio: 'pipe' }).toString();
    expect(use()).toBe('7\n');
    expect(use).toThrow();
  });

  it('is extended when both approve again', async () => {
    await server.json(engineer, 'extend', grant, '--for', '30m');
    await server.json(manager, 'approve', grant);
    const { state, endsAt, activatedAt } = await server.json(approver, 'approve', grant);
    expect(state).toBe('active');
    expect(Date.parse(String(endsAt)) - Date.parse(String(activatedAt))).toBe(2.5 * 3_600_000);
  });

  it("is in the customer's log, and in no other customer's", async () => {
    const { items } = (await server.json(admin, 'log', 'list')) as {
      items: { type: string; payload: { sql?: string } }[];
    };
    expect(items.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['access.requested', 'access.activated', 'access.outcome', 'access.extended']),
    );
    expect(items.some(({ payload }) => payload?.sql?.includes('count(distinct tenant_id)'))).toBe(true);
    expect((await server.as(admin, 'log', 'tail', '--limit', '3')).out.trimEnd().split('\n')).toHaveLength(3);
    expect(await server.as('admin@globex.example', 'log', 'list', '--tenant', 'acme')).toMatchObject({
      code: 1,
      out: '',
    });
    expect(await server.as(engineer, 'log', 'list', '--tenant', 'acme')).toMatchObject({ code: 1, out: '' });
  });

  it('verifies: first in whole, later from where it was, and with every decision and signature', async () => {
    const first = await server.json(admin, 'verify', '--tenant', 'acme');
    expect(first).toMatchObject({ ok: true, findings: [], entries: first['size'] });
    await rows('select 1');
    const { out } = await server.as(admin, 'verify');
    expect(out).toContain('entries that were verified last time');
    expect(out).toContain('OK: everything');
    const replayed = await server.as(admin, 'verify', '--replay');
    expect(replayed).toMatchObject({
      code: 0,
      out: expect.stringMatching(/decisions decided again: (\d+) the same, 0 different/),
    });
    expect(replayed.out).toContain('1 grant in use checked against every signature');
  });

  it.each([
    ['shows no key directory', '/directories/operator', /"statements":\[.*\]/s, '"statements":[]', 'GRANT_UNCHECKED'],
    ['holds decisions back', '/log/openings', /"items":\[.*\]/s, '"items":[]', 'DECISION_NOT_SHOWN'],
    ['changes a payload', '/log/openings', /"payload":"eyJ/, '"payload":"eyK', 'COMMITMENT_FAILS'],
  ])('does not verify if the server %s', async (_, of, found, instead, code) => {
    const proxy = await startLyingProxy(server.http, (path, answer) =>
      path.includes(of) ? answer.replace(found, instead) : answer,
    );
    const verified = await server.as(admin, '--server', proxy.url, '--json', 'verify', '--replay');
    proxy.close();
    const { ok, findings } = JSON.parse(verified.out) as { ok: boolean; findings: { code: string }[] };
    expect({ code: verified.code, ok }).toEqual({ code: 1, ok: false });
    expect(findings.map((finding) => finding.code)).toContain(code);
  });

  it('proves one entry to others by a bundle, and no other entry', async () => {
    const file = join(server.dataDir, 'entry.bundle.json');
    const { out } = await server.as(admin, 'log', 'show', '--seq', '3', '--bundle');
    await writeFile(file, out);
    const offline = ['verify', '--bundle', file, '--vkey', server.rootVkey];
    expect(await gatehouse(offline)).toMatchObject({ code: 0, out: expect.stringContaining('Entry 3 of the log') });
    const bundle = JSON.parse(out) as { entry: string };
    const other = Buffer.from(bundle.entry, 'base64').toString().replace('"seq":3', '"seq":4');
    await writeFile(file, JSON.stringify({ ...bundle, entry: Buffer.from(other).toString('base64') }));
    expect(await gatehouse(offline)).toMatchObject({ code: 1, out: expect.stringContaining('NOT OK') });
  });

  it('exports the log, which verifies without the server until one byte is changed, and says which entry', async () => {
    const folder = join(server.dataDir, 'export');
    const { logId, entries } = await server.json(admin, 'log', 'export', '--out', folder);
    const offline = ['--json', 'verify', '--export', folder, '--vkey', server.rootVkey, '--replay'];
    const whole = await gatehouse(offline);
    expect({ code: whole.code, ...JSON.parse(whole.out) }).toMatchObject({
      code: 0,
      ok: true,
      size: entries,
      findings: [],
    });

    const file = join(folder, 't', String(logId), 'tile', 'entries', '000.p', String(entries));
    const bytes = await readFile(file);
    const lastDigit = bytes.indexOf('Z"', bytes.indexOf('"seq":5,')) - 1;
    bytes[lastDigit] = bytes[lastDigit] === 0x30 ? 0x31 : 0x30;
    await writeFile(file, bytes);
    const changed = await gatehouse(offline);
    expect(changed.code).toBe(1);
    const { findings } = JSON.parse(changed.out) as { findings: { code: string; index?: number }[] };
    expect(findings).toContainEqual(expect.objectContaining({ code: 'ENTRY_CHANGED', index: 5 }));
    expect(JSON.parse(changed.err)).toMatchObject({ code: 'verification_failed' });
  });

  it('signs and verifies nothing under another root key than the pinned one', async () => {
    const dataDir = join(server.dataDir, 'other');
    await cp(join(server.dataDir, 'profiles'), join(dataDir, 'profiles'), { recursive: true });
    const said = JSON.parse(await readFile(join(server.dataDir, 'gatehouse.json'), 'utf8')) as object;
    const rootVkey = 'other.example/log/root+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
    await writeFile(join(dataDir, 'gatehouse.json'), JSON.stringify({ ...said, rootVkey }));
    for (const verb of [['verify'], ['approve', grant]]) {
      const { code, err } = await gatehouse([
        '--data',
        dataDir,
        '--as',
        verb[0] === 'verify' ? admin : approver,
        ...verb,
      ]);
      expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('root_key_changed') });
    }
  });

  it('makes a one-time address of the access log page', async () => {
    const { url } = await server.json(admin, 'portal');
    expect(url).toMatch(new RegExp(`^${server.http}/portal/#code=`));
  });

  it('waits for the decision when asked to, and fails if it is a denial', async () => {
    const waiting = gatehouse([
      '--data',
      server.dataDir,
      '--as',
      engineer,
      '--json',
      ...asking('--ticket', '4712', '--wait'),
    ]);
    let id = '';
    while (id === '') {
      const { items } = (await server.json(manager, 'requests')) as { items: { id: string; ticket: string }[] };
      id = items.find(({ ticket }) => ticket === '4712')?.id ?? '';
    }
    expect(await server.as(manager, 'deny', id, '--reason', 'A runbook does this')).toMatchObject({ code: 0 });
    const { code, out, err } = await waiting;
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ id, state: 'denied' });
    expect(JSON.parse(err)).toMatchObject({ code: 'request_denied' });
  });

  it('ends at the revocation: an open psql gets no further row', async () => {
    const open = startGatehouse(['--data', server.dataDir, '--as', engineer, 'connect', grant, '--', '-XAtq']);
    const closed = new Promise<number | null>((resolve) => open.on('close', resolve));
    let out = '';
    open.stdout.on('data', (bytes: Buffer) => void (out += bytes.toString()));
    open.stdin.write("select 'before';\n");
    await until(
      () => out,
      (text) => text.includes('before'),
    );
    expect((await server.as(manager, 'revoke', grant, '--reason', 'The ticket was closed')).out).toContain(
      'revoked at',
    );
    open.stdin.end("select 'after';\n");
    expect(await closed).not.toBe(0);
    expect(out).not.toContain('after');
    expect(await server.as(engineer, 'connect', grant, '--dsn')).toMatchObject({
      code: 1,
      err: expect.stringContaining('revoked'),
    });
    expect(await server.as(admin, 'verify', '--replay')).toMatchObject({ code: 0 });
  });

  it('gives a database back and adopts it again, as a security officer', async () => {
    const officer = 'security@operator.example';
    expect((await server.as(officer, 'source', 'list')).out).toMatch(/^sample +sample +protected/);
    expect(await server.as(engineer, 'source', 'undo', 'sample')).toMatchObject({ code: 1, out: '' });
    expect((await server.as(officer, 'source', 'undo', 'sample')).out).toContain('as it was before');
    expect(await server.as(officer, 'source', 'doctor', 'sample')).toMatchObject({ code: 1 });
    expect((await server.as(officer, 'source', 'show', 'sample')).out).toContain('classified, not applied');
    const { hash, sql } = await server.json(officer, 'source', 'plan', 'sample');
    expect(sql).toContain('create policy');
    expect(await server.as(officer, 'source', 'apply', 'sample', '--plan', 'another')).toMatchObject({ code: 1 });
    expect(await server.json(officer, 'source', 'apply', 'sample', '--plan', String(hash))).toMatchObject({
      tenants: 44,
    });
    expect(await server.json(officer, 'source', 'doctor', 'sample')).toMatchObject({ ok: true, tier: 'A' });
    const none = await server.as(officer, 'source', 'classify', 'sample');
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining('--accept-suggestions') });
  });
});
