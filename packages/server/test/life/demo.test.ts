import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DemoSummary } from '../../src/demo/index.ts';
import { runToEnd } from './running.ts';

describe('gatehouse demo', () => {
  it('shows every step of the story, says so in one JSON document, and leaves nothing behind', {
    timeout: 180_000,
  }, async () => {
    const { code, stdout, stderr } = await runToEnd(['demo', '--once', '--json']);
    expect(stderr).toBe('');
    const summary = JSON.parse(stdout) as DemoSummary & { data: string; portal: string };
    expect(summary).toMatchObject({ ok: true, failed: null });
    expect(summary.steps.map(({ step }) => step)).toEqual([
      'an engineer is refused',
      'he asks',
      'the manager approves',
      'the customer signs',
      'rows arrive',
      'the customer verifies, offline',
      'one byte of the log is changed',
      'the log is stopped',
      'the grant is revoked while a statement runs',
    ]);
    expect(summary.portal).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/portal\/#code=/);
    expect(code).toBe(0);
    expect(existsSync(dirname(summary.data))).toBe(false);
  });
});
