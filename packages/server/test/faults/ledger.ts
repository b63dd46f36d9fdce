/** What people outside of the program were told, kept in their own memory: the program's word is measured by it. */
export class Ledger {
  readonly requested = new Set<string>();
  readonly managerApproved = new Set<string>();
  readonly customerApproved = new Set<string>();
  /** The mark of each statement that gave rows, and the grant it ran under. */
  readonly rows = new Map<string, string>();
  /** Grants whose end was acknowledged, with the word for it. */
  readonly ended = new Map<string, 'revoked' | 'completed'>();
  /** Requests that a round after a restart has looked at and ended. */
  readonly settled = new Set<string>();
  #marks = 0;

  /** A text that no other statement has. */
  nextMark(): string {
    this.#marks += 1;
    return `gh-${this.#marks}-end`;
  }
}
