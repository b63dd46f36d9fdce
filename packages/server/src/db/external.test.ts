import { describe, expect, it } from 'vitest';
import { judgeVersion, parseDatabaseUrl } from './external.ts';

describe('DATABASE_URL', () => {
  it('names host, user and database itself; a missing port is 5432', () => {
    expect(parseDatabaseUrl('postgres://u:p%40ss@db.example/product')).toMatchObject({
      host: 'db.example',
      port: 5432,
      user: 'u',
      password: 'p@ss',
      database: 'product',
    });
    expect(parseDatabaseUrl('postgresql://u@/product?host=/run/pg&port=5433')).toMatchObject({
      host: '/run/pg',
      port: 5433,
    });
    expect(parseDatabaseUrl('postgresql://u@[::1]:6000/d').port).toBe(6000);
  });

  it.each([
    '',
    'mysql://u@h/d',
    'postgres://',
    'postgres://u:hush@/d',
    'postgres://h/d',
    'postgres://u:hush@h',
    'postgres://u:hush@h/',
    'postgres://u:hush@h:port/d',
  ])('is refused as %j, without repeating the password', (url) => {
    expect(() => parseDatabaseUrl(url)).toThrow(expect.objectContaining({ code: 'DATABASE_URL_INVALID' }));
    expect(() => parseDatabaseUrl(url)).not.toThrow('hush');
  });
});

describe('the version of the server', () => {
  it.each([150014, 150099, 160010, 170006, 180000, 180004])('%i is accepted', (version) => {
    expect(() => judgeVersion(version, 'here')).not.toThrow();
  });
  it.each([90600, 140099, 150013, 160009, 170005, Number.NaN])('%i is too old', (version) => {
    expect(() => judgeVersion(version, 'here')).toThrow(expect.objectContaining({ code: 'DATABASE_TOO_OLD' }));
  });
  it.each([190000, 200001])('%i is too new', (version) => {
    expect(() => judgeVersion(version, 'here')).toThrow(expect.objectContaining({ code: 'DATABASE_TOO_NEW' }));
  });
});
