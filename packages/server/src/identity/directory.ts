import type { Directory } from '@gatehouse/verifier';

/** The operator's directory holds the keys of personnel; each tenant's holds the keys of that customer's users. */
export type DirectoryId = 'operator' | `tenant:${string}`;

/** The directory of a tenant. */
export function directoryOfTenant(tenant: string): DirectoryId {
  return `tenant:${tenant}`;
}

/** The tenant whose directory it is; null for the operator's. */
export function tenantOf(directory: DirectoryId): string | null {
  return directory === 'operator' ? null : directory.slice('tenant:'.length);
}

/**
 * A directory replayed from its signed statements, from the genesis that is pinned outside the database. What it
 * answers is as good as the signatures in it, whatever the database says (DESIGN.md section 3).
 */
export type LoadedDirectory = {
  readonly id: DirectoryId;
  /** The log that holds the statements. */
  readonly logId: string;
  /** Which keys hold which roles for whom; its `position` is what a new statement names as `directoryPosition`. */
  readonly directory: Directory;
};

/** Why a directory statement was refused: a stable code, and a sentence for the caller. Nothing was changed. */
export type DirectoryRefusal = {
  readonly code:
    | 'DIRECTORY_EXISTS'
    | 'DIRECTORY_STATEMENT_REJECTED'
    | 'DIRECTORY_KEY_ELSEWHERE'
    | 'DIRECTORY_CHANGED_MEANWHILE';
  readonly message: string;
};

/** The outcome of a directory statement; `seq` is its entry in the directory's log. */
export type DirectoryResult =
  | { readonly ok: true; readonly position: number; readonly seq: number }
  | { readonly ok: false; readonly refusal: DirectoryRefusal };

/** The faults that close a directory: no key of it is believed until somebody has looked. */
export type IdentityErrorCode =
  | 'DIRECTORY_UNKNOWN'
  | 'DIRECTORY_PIN_MISSING'
  | 'DIRECTORY_PIN_MISMATCH'
  | 'DIRECTORY_STATEMENTS_REJECTED'
  | 'DIRECTORY_STATEMENTS_CUT'
  | 'PINS_UNREADABLE';

/** A fault of the identity module. `message` may be shown to the caller; `detail` is for the operator. No secrets in either. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  readonly code: IdentityErrorCode;
  readonly detail: string;

  constructor(code: IdentityErrorCode, message: string, options: { detail?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? '';
  }
}
