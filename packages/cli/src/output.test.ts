import { describe, expect, it } from 'vitest';
import { CliFailure } from './failure.ts';
import { failureFrom, printAnswer, printFailure, shown } from './output.ts';
import { aTerminal } from '../test/terminal.ts';

describe('the two forms of an answer', () => {
  const answer = shown({ items: [{ id: 'a' }] }, 'One request.');

  it('is a sentence for people', () => {
    const terminal = aTerminal();
    expect(printAnswer(answer, false, terminal.surroundings)).toBe(0);
    expect(terminal.out()).toBe('One request.\n');
    expect(terminal.err()).toBe('');
  });

  it('is exactly one JSON document with --json', () => {
    const terminal = aTerminal();
    expect(printAnswer(answer, true, terminal.surroundings)).toBe(0);
    expect(terminal.out()).toBe('{"items":[{"id":"a"}]}\n');
    expect(terminal.err()).toBe('');
  });

  it('shows a no in full and fails', () => {
    const terminal = aTerminal();
    const no = shown({ ok: false }, 'NOT OK', new CliFailure('verification_failed', 'It does not verify.'));
    expect(printAnswer(no, true, terminal.surroundings)).toBe(1);
    expect(terminal.out()).toBe('{"ok":false}\n');
    expect(JSON.parse(terminal.err())).toEqual({ code: 'verification_failed', message: 'It does not verify.' });
  });

  it("hands a child's exit code on and prints nothing of its own", () => {
    const terminal = aTerminal();
    expect(printAnswer({ kind: 'ran', exitCode: 3 }, false, terminal.surroundings)).toBe(3);
    expect(terminal.out() + terminal.err()).toBe('');
  });
});

describe('a failure', () => {
  it('is a sentence with its code, or JSON with --json, on stderr', () => {
    const failure = new CliFailure('usage', 'Something is missing.', 2);
    const [plain, json] = [aTerminal(), aTerminal()];
    expect(printFailure(failure, false, plain.surroundings)).toBe(2);
    expect(plain.err()).toBe('gatehouse: Something is missing. (usage)\n');
    expect(printFailure(failure, true, json.surroundings)).toBe(2);
    expect(JSON.parse(json.err())).toEqual({ code: 'usage', message: 'Something is missing.' });
    expect(plain.out() + json.out()).toBe('');
  });

  it('whose words came from a server cannot move the cursor', () => {
    const terminal = aTerminal();
    printFailure(new CliFailure('server', 'no\u001b[2J'), false, terminal.surroundings);
    expect(terminal.err()).toBe('gatehouse: no\\u001b[2J (server)\n');
  });

  it('that nobody foresaw is told as a fault, with exit code 1', () => {
    expect(failureFrom(new TypeError('x is not iterable'))).toMatchObject({ code: 'cli_fault', exitCode: 1 });
  });
});
