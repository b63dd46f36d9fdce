import type { Checked } from '@gatehouse/verifier';
import { LogError } from './errors.ts';

/** The stored log contradicts itself. */
export function damaged(what: string, cause?: unknown): LogError {
  return new LogError(
    'LOG_DAMAGED',
    `The stored log does not fit together: ${what}. Nothing is appended or signed on top of it; restore the database, and compare with what was published.`,
    { cause },
  );
}

/** The value of a check on our own data; a finding means that it is damaged. */
export function valueOf<Value>(checked: Checked<Value>): Value {
  if (checked.ok) return checked.value;
  const { message, file } = checked.finding;
  throw damaged(file === undefined ? message : `${file}: ${message}`);
}
