import { describe, expect, it } from 'vitest';
import { modes } from './mode.ts';
import { purposeFails, purposeMatches, purposeOf, purposes, transformFits } from './purpose.ts';

describe('the catalogue of purposes', () => {
  it('S20: names advertising and its kin, and refuses them by name in every mode', () => {
    const forbidden = purposes.filter(({ permitted }) => !permitted).map(({ code }) => code);
    expect(forbidden).toEqual([
      'advertise',
      'market',
      'sell',
      'profile',
      'train_general_model',
      'surveil',
      'competitive_intel',
    ]);
    for (const code of forbidden)
      for (const mode of modes) expect(purposeFails(code, mode)?.reason).toBe('purpose_forbidden');
  });

  it('knows each code once', () => {
    expect(new Set(purposes.map(({ code }) => code)).size).toBe(purposes.length);
  });

  it('refuses a code that it does not know', () => {
    expect(purposeFails('troubleshoot', 'read')?.reason).toBe('purpose_unknown');
    expect(purposeFails('__proto__', 'read')?.reason).toBe('purpose_unknown');
  });

  it('S29: serves a legal demand through its own door and never through a request', () => {
    expect(purposeFails('comply.legal_process', 'read')?.reason).toBe('purpose_has_own_door');
  });

  it('gives no raw data for improvement', () => {
    for (const purpose of purposes.filter(({ parent }) => parent === 'improve'))
      expect(transformFits(purpose, 'raw')).toBe(false);
  });

  it('lets a family cover its members and nothing cover everything', () => {
    expect(purposeMatches('troubleshoot.*', 'troubleshoot.repair')).toBe(true);
    expect(purposeMatches('troubleshoot.*', 'provide.operate')).toBe(false);
    expect(purposeMatches('troubleshoot.*', 'troubleshoot.unknown')).toBe(false);
    expect(purposes.some(({ code }) => purposeMatches('*', code) || purposeMatches('.*', code))).toBe(false);
  });

  it('permits bulk reading only where it is the purpose', () => {
    expect(purposeOf('troubleshoot.repair')?.bulk).toBe(false);
    expect(purposeOf('customer.instruction')?.bulk).toBe(true);
  });
});
