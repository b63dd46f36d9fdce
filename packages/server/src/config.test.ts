import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

const read = (args: readonly string[], environment: NodeJS.ProcessEnv = {}) => readConfig(args, environment, '/web');

describe('the configuration of a start', () => {
  it('listens on loopback unless it is told otherwise', () => {
    const read1 = read([]);
    expect(read1).toMatchObject({
      ok: true,
      config: { http: { host: '127.0.0.1', port: 8080 }, gateway: { host: '127.0.0.1', port: 6432 }, sample: false },
    });
  });

  it.each([
    ['0', { host: '127.0.0.1', port: 0 }],
    ['0.0.0.0:8443', { host: '0.0.0.0', port: 8443 }],
    ['[::1]:9000', { host: '::1', port: 9000 }],
  ])('takes %s as an address', (text, expected) => {
    expect(read(['--http', text])).toMatchObject({ ok: true, config: { http: expected } });
  });

  it.each(['', 'x', '70000', ':', 'host:', '::1:80', '-1', '1.5'])('refuses the address %j', (text) => {
    expect(read([`--gateway=${text}`])).toMatchObject({ ok: false });
  });

  it('reports every fault at once, not only the first', () => {
    const found = read(['--http', 'x', '--gateway', 'y'], {
      GATEHOUSE_LOG_LEVEL: 'loud',
      GATEHOUSE_OPERATOR_NAME: 'Über',
    });
    expect(found.ok ? [] : found.faults).toHaveLength(4);
  });

  it.each([['--unknown'], ['stray'], ['--sample=yes']])('refuses %s in one sentence', (arg) => {
    const found = read([arg]);
    expect(found.ok ? [] : found.faults).toHaveLength(1);
  });

  it('says that roles cannot run apart yet, instead of ignoring the flag', () => {
    const found = read(['--only', 'gateway']);
    expect(found.ok ? '' : found.faults.join()).toContain('--only gateway');
  });

  it('treats an empty DATABASE_URL as none', () => {
    expect(read([], { DATABASE_URL: '' })).toMatchObject({ ok: true, config: { databaseUrl: null } });
    expect(read([], { DATABASE_URL: 'postgres://x' })).toMatchObject({
      ok: true,
      config: { databaseUrl: 'postgres://x' },
    });
  });
});
