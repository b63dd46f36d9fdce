import { pino } from 'pino';

/** What the parts of the server write their operational messages to. Never secrets, statements or customer data. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Structured JSON lines on stderr; stdout belongs to the one machine-readable line of `start --json`. */
export function stderrLogger(level: 'silent' | 'error' | 'warn' | 'info'): Logger {
  return pino({ level, base: null, redact: ['password', 'token', '*.password', '*.token'] }, pino.destination(2));
}
