import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { AccessPort, WireIncident } from './ports.ts';

/** How many incidents of strangers become entries in one second; each entry costs a commit, and strangers are free. */
const strangersPerSecond = 20;

/**
 * Hands incidents to the log without making anybody wait. What comes from a connection that has proven nothing is
 * limited, or a stranger could fill the log and the disk; what was left out is counted in the next one that is written.
 */
export class IncidentReport {
  readonly #access: AccessPort;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #second = 0;
  #written = 0;
  #leftOut = 0;

  constructor(access: AccessPort, clock: Clock, logger: Logger) {
    this.#access = access;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Reports an incident; `proven` says that the connection has proven a token. */
  report(incident: WireIncident, proven: boolean): void {
    if (!proven && this.#isTooMany()) {
      this.#leftOut += 1;
      return;
    }
    const more =
      this.#leftOut === 0 ? '' : ` ${this.#leftOut} more incidents of strangers were counted and not written.`;
    this.#leftOut = 0;
    this.#access.recordIncident({ ...incident, reason: `${incident.reason}${more}` }).catch((fault: unknown) => {
      this.#logger.error(
        { kind: incident.kind, fault: String(fault) },
        'An incident at the gateway could not be recorded.',
      );
    });
  }

  #isTooMany(): boolean {
    const second = Math.floor(this.#clock.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#written = 0;
    }
    this.#written += 1;
    return this.#written > strangersPerSecond;
  }
}
