import type { Opening } from '@gatehouse/verifier';
import { decodeBase64, parseOpening, parseOpenings, readFolder } from '@gatehouse/verifier';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Client } from '../client.ts';
import { CliFailure } from '../failure.ts';
import { countOf, fieldsOf, listOf } from '../reading.ts';

/** Payloads with their salts, by `seq`. */
export type Openings = ReadonlyMap<number, Opening>;

/** The files of a deployment's logs below the operator's prefix (LOG-SPEC 8.1), and what opens a tenant's payloads. */
export interface LogFiles {
  /** `root/checkpoint`, `t/<id>/tile/…`, `t/<id>/slot/<e>`; null where there is nothing. */
  read(path: string): Promise<Uint8Array | null>;
  /** The openings of the entries from `from` (inclusive) to `to` (exclusive). */
  openings(from: number, to: number): Promise<Openings>;
  /** The operator's key directory, as the answer of its route. */
  operatorDirectory(): Promise<unknown>;
}

/** The logs as a server serves them. Tiles never change, so each is fetched once; checkpoints are always fetched. */
export function servedFiles(client: Client, tenant: string): LogFiles {
  const kept = new Map<string, Uint8Array>();
  return {
    async read(path) {
      const known = kept.get(path);
      if (known !== undefined) return known;
      const bytes = await client.bytes(`/log/${path}`);
      if (bytes !== null && /\/(tile|slot)\//.test(path)) kept.set(path, bytes);
      return bytes;
    },
    async openings(from, to) {
      const openings = new Map<number, Opening>();
      for (let after = from - 1; after < to - 1; after += openingsAtOnce) {
        const limit = Math.min(openingsAtOnce, to - 1 - after);
        const path = `/api/v1/tenants/${encodeURIComponent(tenant)}/log/openings?after=${after}&limit=${limit}`;
        for (const item of listOf(fieldsOf(await client.get(path)), 'items')) {
          const opening = parseOpening({ payload: item['payload'] as string, salt: item['salt'] as string });
          if (!opening.ok)
            throw new CliFailure(
              'server_answer',
              `${opening.finding.message} It was sent for entry ${countOf(item, 'seq')}.`,
            );
          openings.set(countOf(item, 'seq'), opening.value);
        }
      }
      return openings;
    },
    operatorDirectory: () => client.get('/api/v1/directories/operator'),
  };
}

const openingsAtOnce = 500;

/** An export in a folder: what `gatehouse log export` wrote. Needs no server. */
export function exportedFiles(folder: string): LogFiles {
  const read = readFolder(folder);
  return {
    read,
    async openings() {
      const bytes = await read('openings.jsonl');
      if (bytes === null) return new Map();
      const parsed = parseOpenings(new TextDecoder().decode(bytes));
      if (parsed.ok) return parsed.value;
      throw new CliFailure('export_malformed', `${join(folder, 'openings.jsonl')}: ${parsed.finding.message}`);
    },
    async operatorDirectory() {
      const bytes = await read('operator-directory.json');
      return bytes === null ? null : parsedJson(bytes, join(folder, 'operator-directory.json'));
    },
  };
}

/** The same files, each written below `folder` as it is read, so that the folder holds exactly what a verification needs. */
export function copiedFiles(files: LogFiles, folder: string): LogFiles {
  const keep = async (path: string, bytes: Uint8Array): Promise<void> => {
    const file = join(folder, ...path.split('/'));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  };
  return {
    async read(path) {
      const bytes = await files.read(path);
      if (bytes !== null) await keep(path, bytes);
      return bytes;
    },
    async openings(from, to) {
      const openings = await files.openings(from, to);
      await keep('openings.jsonl', Buffer.from(openingLines(openings)));
      return openings;
    },
    async operatorDirectory() {
      const directory = await files.operatorDirectory();
      await keep('operator-directory.json', Buffer.from(`${JSON.stringify(directory)}\n`));
      return directory;
    },
  };
}

function openingLines(openings: Openings): string {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return [...openings]
    .sort(([a], [b]) => a - b)
    .map(
      ([seq, { payload, salt }]) =>
        `${JSON.stringify({ opening: { payload: base64(payload), salt: base64(salt) }, seq })}\n`,
    )
    .join('');
}

/** Reads a JSON file of the person's own; says which file is wrong. */
export async function readJsonFile(file: string): Promise<unknown> {
  try {
    return parsedJson(await readFile(file), file);
  } catch (cause) {
    if (cause instanceof CliFailure) throw cause;
    throw new CliFailure(
      'file_unreadable',
      `The file ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
    );
  }
}

function parsedJson(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new CliFailure('file_malformed', `The file ${file} is not JSON.`);
  }
}

/** The bytes of a hash in base64 from an answer. */
export function hashBytes(value: unknown): Uint8Array | null {
  const bytes = typeof value === 'string' ? decodeBase64(value) : null;
  return bytes?.length === 32 ? bytes : null;
}
