import type { AccessMode } from './ports.ts';
import { shapeOf } from './statement-shape.ts';
import { type Verdict, judge } from './statement-policy.ts';

/** A text that was judged. One object per text, so that a prepared statement holds a reference and not a copy. */
export type JudgedStatement = { readonly sql: string; readonly shape: string; readonly verdict: Verdict };

/** Judges texts and remembers the answers. */
export type StatementJudge = (mode: AccessMode, sql: string) => JudgedStatement;

/**
 * Remembers verdicts by the exact text (never by a fingerprint: two texts with one fingerprint can differ in what they
 * call). Least recently used first out; long texts are judged each time rather than kept.
 */
export function rememberingJudge(limits: { readonly texts: number; readonly longest: number }): StatementJudge {
  const byMode = new Map<AccessMode, Map<string, JudgedStatement>>();
  return (mode, sql) => {
    let known = byMode.get(mode);
    if (known === undefined) {
      known = new Map();
      byMode.set(mode, known);
    }
    const before = known.get(sql);
    if (before !== undefined) {
      known.delete(sql);
      known.set(sql, before);
      return before;
    }
    const judged = { sql, shape: shapeOf(sql), verdict: judge(mode, sql) };
    if (sql.length > limits.longest) return judged;
    known.set(sql, judged);
    const oldest = known.size > limits.texts ? known.keys().next() : undefined;
    if (oldest?.value !== undefined) known.delete(oldest.value);
    return judged;
  };
}
