import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliFailure } from './failure.ts';
import { countOf, fieldsOf, textOf } from './reading.ts';

/** Where a server is, as it wrote itself into its data directory. */
export type ServerAddress = {
  readonly http: string;
  readonly gateway: { readonly host: string; readonly port: number; readonly ca: string };
  readonly rootVkey: string;
  /** The file that says so. */
  readonly file: string;
};

/** Reads `DIR/gatehouse.json`, which a running server keeps there; null without one. */
export function discover(dataDir: string): ServerAddress | null {
  const file = join(dataDir, 'gatehouse.json');
  const text = readIfThere(file);
  if (text === null) return null;
  try {
    const said = fieldsOf(JSON.parse(text));
    const gateway = fieldsOf(said['gateway']);
    return {
      http: textOf(said, 'http'),
      gateway: { host: textOf(gateway, 'host'), port: countOf(gateway, 'port'), ca: textOf(gateway, 'ca') },
      rootVkey: textOf(said, 'rootVkey'),
      file,
    };
  } catch {
    throw new CliFailure(
      'address_malformed',
      `The file ${file} does not say where the server is; expected the line that gatehouse start --json prints. Start the server again.`,
    );
  }
}

/** The address of the running server, or the sentence that there is none. */
export function knownAddress(dataDir: string): ServerAddress {
  const found = discover(dataDir);
  if (found !== null) return found;
  throw new CliFailure(
    'server_unknown',
    `No running server was found: ${join(dataDir, 'gatehouse.json')} is not there. Start one with gatehouse start, or give --data DIR or --server URL.`,
  );
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')) return null;
    throw new CliFailure('address_unreadable', `The file ${file} cannot be read: ${String(cause)}.`);
  }
}
