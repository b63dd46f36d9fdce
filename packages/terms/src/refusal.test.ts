import { describe, expect, it } from 'vitest';
import { explain, isRefusalReason, refusals, type RefusalReason } from './refusal.ts';

const reasons = Object.keys(refusals) as RefusalReason[];

describe('a refusal', () => {
  it.each(reasons)('says what was found and what to do next: %s', (reason) => {
    const { found, next, sqlstate, status } = refusals[reason];
    expect(reason).toMatch(/^[a-z]+(_[a-z]+)*$/);
    for (const sentence of [found, next]) expect(sentence).toMatch(/^[A-Z].*\.$/);
    expect(sqlstate).toMatch(/^[0-9A-Z]{5}$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
  });

  it('is explained in one line with what was found, what was expected and what to do next', () => {
    expect(explain({ reason: 'country_not_permitted', found: 'US', expected: 'DE, FR' }).sentence).toBe(
      'The customer does not permit access from this country. Found: US. Expected: DE, FR. Let a colleague in a permitted country ask.',
    );
  });

  it('leaves out what there is nothing to say about', () => {
    expect(explain({ reason: 'grant_ended', found: null, expected: null }).sentence).toBe(
      'The grant has ended. Ask anew if you still need it.',
    );
  });

  it('is one of a closed list', () => {
    expect(isRefusalReason('grant_ended')).toBe(true);
    expect(['toString', '__proto__', 'GRANT_ENDED', '', null].some(isRefusalReason)).toBe(false);
  });
});
