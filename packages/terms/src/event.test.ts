import { describe, expect, it } from 'vitest';
import { isLoggedType, loggedTypes } from './event.ts';

describe('the types of log entries', () => {
  it.each(loggedTypes)('have the form of LOG-SPEC 3.2: %s', (type) => {
    expect(type).toMatch(/^[a-z]+(\.[a-z_]+)*$/);
    expect(type.length).toBeLessThanOrEqual(64);
  });

  it('are a closed list', () => {
    expect(loggedTypes.every(isLoggedType)).toBe(true);
    expect(['access.looked', 'toString', ''].some(isLoggedType)).toBe(false);
  });
});
