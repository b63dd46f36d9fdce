import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the administrators' passwords are: in files that only this program's user reads, never in the product's database. */
export interface Secrets {
  /** The password, or null for a source that needs none (peer authentication, a client certificate). */
  read(source: string): string | null;
  keep(source: string, password: string | null): void;
}

/** Keeps each password in a file of `folder` with mode 0600, replaced in one step. Source names are safe file names. */
export function fileSecrets(folder: string): Secrets {
  const fileOf = (source: string): string => join(folder, `source-${source}.password`);
  return {
    read: (source) => {
      try {
        return readFileSync(fileOf(source), 'utf8');
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw error;
      }
    },
    keep: (source, password) => {
      if (password === null) return rmSync(fileOf(source), { force: true });
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const partial = `${fileOf(source)}.new`;
      writeFileSync(partial, password, { mode: 0o600 });
      chmodSync(partial, 0o600);
      renameSync(partial, fileOf(source));
    },
  };
}
