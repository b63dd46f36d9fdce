import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** Where a listener listens. Port 0 picks a free one. */
export type Endpoint = { readonly host: string; readonly port: number };

/** What a start of the program is told, checked as a whole: either all of it is right or the program does not start. */
export type Config = {
  readonly dataDir: string;
  readonly http: Endpoint;
  readonly gateway: Endpoint;
  readonly sample: boolean;
  readonly json: boolean;
  readonly databaseUrl: string | null;
  /** Operator name N of the logs (LOG-SPEC 1.6); null lets the first start choose. */
  readonly operatorName: string | null;
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info';
  /** The pages of packages/web, if they were built. */
  readonly webDir: string;
};

/** The configuration, or every fault in it as a sentence. */
export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly string[] };

/** What `gatehouse demo` is told. `start` is the program that it plays against, always on an embedded PostgreSQL. */
export type DemoConfig = {
  readonly once: boolean;
  readonly json: boolean;
  /** Null: a new folder that is removed at the end. */
  readonly dataDir: string | null;
  readonly start: Omit<Config, 'dataDir'>;
};

const logLevels = ['silent', 'error', 'warn', 'info'] as const;

/**
 * Reads the arguments of `gatehouse start` and the environment. This is the only place of the server that sees the
 * environment. Unknown flags and impossible values are all reported, not only the first.
 */
export function readConfig(args: readonly string[], environment: NodeJS.ProcessEnv, webDir: string): ConfigResult {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.split('. ')[0] : String(cause);
    return { ok: false, faults: [`${said}. See: gatehouse start --help`] };
  }
  const faults: string[] = [];
  const http = endpoint('--http', values.http ?? '127.0.0.1:8080', faults);
  const gateway = endpoint('--gateway', values.gateway ?? '127.0.0.1:6432', faults);
  if (values.only !== undefined) {
    faults.push(
      `--only ${values.only} was given, but the roles cannot run apart yet; leave it out and start all of them.`,
    );
  }
  const logLevel = environment['GATEHOUSE_LOG_LEVEL'] ?? 'warn';
  if (!isLogLevel(logLevel)) {
    faults.push(`GATEHOUSE_LOG_LEVEL is ${JSON.stringify(logLevel)}; expected ${logLevels.join(', ')}.`);
  }
  const operatorName = environment['GATEHOUSE_OPERATOR_NAME'] ?? null;
  if (operatorName !== null && !/^[a-z0-9.:/_-]{1,100}$/.test(operatorName)) {
    faults.push(
      `GATEHOUSE_OPERATOR_NAME is ${JSON.stringify(operatorName)}; expected a name such as cloud.example/log.`,
    );
  }
  if (faults.length > 0 || !isLogLevel(logLevel)) return { ok: false, faults };
  return {
    ok: true,
    config: {
      dataDir: resolve(values.data ?? '.gatehouse'),
      http,
      gateway,
      sample: values.sample ?? false,
      json: values.json ?? false,
      databaseUrl: environment['DATABASE_URL'] || null,
      operatorName,
      logLevel,
      webDir,
    },
  };
}

/** Reads the arguments of `gatehouse demo`. Ports default to free ones; the database of `DATABASE_URL` is never used. */
export function readDemoConfig(
  args: readonly string[],
  webDir: string,
): { readonly ok: true; readonly config: DemoConfig } | { readonly ok: false; readonly faults: readonly string[] } {
  let values: ReturnType<typeof parseDemo>;
  try {
    values = parseDemo(args);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.split('. ')[0] : String(cause);
    return { ok: false, faults: [`${said}. See: gatehouse demo --help`] };
  }
  const faults: string[] = [];
  const http = endpoint('--http', values.http ?? '127.0.0.1:0', faults);
  const gateway = endpoint('--gateway', values.gateway ?? '127.0.0.1:0', faults);
  if (faults.length > 0) return { ok: false, faults };
  const json = values.json ?? false;
  const start = { http, gateway, sample: true, json, databaseUrl: null, operatorName: null, webDir } as const;
  return {
    ok: true,
    config: {
      once: values.once ?? false,
      json,
      dataDir: values.data === undefined ? null : resolve(values.data),
      // The story breaks things on purpose; what the program says about that would only disturb it.
      start: { ...start, logLevel: 'silent' },
    },
  };
}

function parseDemo(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: false,
    options: {
      data: { type: 'string' },
      http: { type: 'string' },
      gateway: { type: 'string' },
      once: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  }).values;
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: false,
    options: {
      data: { type: 'string' },
      http: { type: 'string' },
      gateway: { type: 'string' },
      only: { type: 'string' },
      sample: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  }).values;
}

/** Reads `[HOST:]PORT`; a host of IPv6 stands in brackets. */
function endpoint(flag: string, text: string, faults: string[]): Endpoint {
  const found = /^(?:(\[[0-9a-fA-F:]+\]|[^:[\]]+):)?(\d{1,5})$/.exec(text);
  const port = Number(found?.[2] ?? Number.NaN);
  if (found === null || !(port <= 65_535)) {
    faults.push(`${flag} is ${JSON.stringify(text)}; expected PORT or HOST:PORT with a port of at most 65535.`);
    return { host: '127.0.0.1', port: 0 };
  }
  return { host: (found[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port };
}

function isLogLevel(text: string): text is Config['logLevel'] {
  return logLevels.some((level) => level === text);
}
