import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { rememberingJudge } from '../../src/gateway/statement-cache.ts';
import { judge, loadGrammar } from '../../src/gateway/statement-policy.ts';
import { shapeOf } from '../../src/gateway/statement-shape.ts';

type Line = { mode: 'read'; purpose: string; statement: string; verdict: 'allow' | 'deny'; why: string };

const lines = readFileSync(new URL('../../testdata/statements/read.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Line);

describe('the statement policy of mode read', () => {
  beforeAll(() => loadGrammar());

  it.each(lines.map((line) => [line.verdict, line.why, line] as const))('%ss: %s', (verdict, _why, line) => {
    const answer = judge(line.mode, line.statement);
    expect(answer.permit ? 'allow' : `deny: ${answer.why}`).toMatch(
      verdict === 'allow' ? /^allow$/ : /^deny: \S.*[.:]$/,
    );
  });

  it('has at least 250 lines, each with a reason and a statement of its own', () => {
    expect(lines.length).toBeGreaterThanOrEqual(250);
    expect(new Set(lines.map((line) => line.why)).size).toBe(lines.length);
    expect(new Set(lines.map((line) => `${line.purpose} ${line.statement}`)).size).toBe(lines.length);
  });

  it.each([
    ['select 1', 'read'],
    ['begin; show timezone; commit', 'session'],
    ['begin; select 1; commit', 'read'],
    ['select 1; copy orders to stdout', 'copy_out'],
    ['', 'session'],
  ])('tells the terms that %j is %s', (sql, word) => {
    expect(judge('read', sql)).toMatchObject({ permit: true, class: word });
  });

  it('denies everything in a mode that has no policy yet', () => {
    expect(judge('write', 'select 1').permit).toBe(false);
  });

  it('keeps working after a text that exhausts the parser', () => {
    expect(judge('read', `select ${'not '.repeat(100_000)}true`).permit).toBe(false);
    expect(judge('read', 'select 1').permit).toBe(true);
  });

  it('remembers verdicts by the exact text and forgets the oldest', () => {
    const remember = rememberingJudge({ texts: 2, longest: 100 });
    const first = remember('read', 'select 1');
    expect(remember('read', 'select 1')).toBe(first);
    expect(remember('read', 'select  1')).not.toBe(first);
    remember('read', 'select 3');
    expect(remember('read', 'select 1')).not.toBe(first);
  });
});

describe('the shape of a statement', () => {
  it.each([
    ["select 'it''s', E'a\\'b', U&'x', B'1', $$y$$, $t$ z $t$, 1.5e-10, .5", 'select ?, ?, ?, ?, ?, ?, ?, ?'],
    ['select a1, "Q 1", $1, t.c2 from t2 -- Jane Doe', 'select a1, "Q 1", $1, t.c2 from t2'],
    ['select /* a /* b */ c */ 1', 'select ?'],
    ["select 'never ended", 'select ?'],
    ['select\n\t1\n\n', 'select ?'],
    ['select 東京 from t where x=1', 'select 東京 from t where x=?'],
  ])('of %j holds no value and no comment', (sql, shape) => {
    expect(shapeOf(sql)).toBe(shape);
  });
});
