import { ProtocolViolation } from './protocol-violation.ts';
import { BodyReader, int32, message, messageType, startupCode, zeroEnded } from './wire.ts';

/** The longest packet before authentication (PostgreSQL's own MAX_STARTUP_PACKET_LENGTH; GATEWAY section 3, 13). */
export const longestStartupPacket = 10_000;

/** A startup packet that passed: every parameter is on the list below and in the form that we send on. */
export type Startup = {
  readonly user: string;
  readonly database: string;
  readonly applicationName: string;
  /** Parameters that go to the backend as they are. `client_encoding` is never among them: it is always UTF8. */
  readonly settings: ReadonlyMap<string, string>;
  /** 0 for protocol 3.0, 2 for 3.2; decides the length of the cancel key. */
  readonly minorVersion: 0 | 2;
  /** NegotiateProtocolVersion to be sent before the authentication request, where the client asked for more. */
  readonly negotiation: Buffer | null;
};

/** Settings that only change how values look. Everything else can change what a statement means, so it is refused. */
const harmlessSettings: ReadonlyMap<string, RegExp> = new Map([
  ['datestyle', /^[A-Za-z, ]{1,32}$/],
  ['timezone', /^[A-Za-z0-9_+\-/:<>,. ]{1,64}$/],
  ['intervalstyle', /^(postgres|postgres_verbose|sql_standard|iso_8601)$/i],
  ['extra_float_digits', /^-?[0-9]{1,2}$/],
]);

const maximumParameters = 64;

/**
 * Reads the body of a startup packet (the bytes after its length). Throws a `ProtocolViolation` whose sentence may be
 * shown: duplicate keys, `options`, `replication`, an encoding other than UTF8 and every unlisted key are refused
 * (PgBouncer CVE-2025-12819: `search_path` in the startup packet reached SQL).
 */
export function parseStartup(body: Buffer): Startup {
  const reader = new BodyReader(body, 0, body.length);
  const version = reader.int32();
  const major = version >>> 16;
  const minor = version & 0xffff;
  if (major !== 3) {
    throw new ProtocolViolation(`Protocol ${major}.${minor} was asked for; this gateway speaks 3.0 and 3.2.`, '0A000');
  }
  const parameters = readParameters(reader);
  const unknownOptions: string[] = [];
  const settings = new Map<string, string>();
  let applicationName = '';
  for (const [key, value] of parameters) {
    if (key === 'user' || key === 'database') continue;
    if (key.startsWith('_pq_.')) unknownOptions.push(key);
    else if (key === 'application_name') applicationName = printable(value);
    else checkSetting(key, value, settings);
  }
  const user = parameters.get('user') ?? '';
  if (user === '')
    throw new ProtocolViolation('The startup packet names no user; it must be the id of a grant.', '28000');
  return {
    user,
    database: parameters.get('database') ?? user,
    applicationName,
    settings,
    minorVersion: minor >= 2 ? 2 : 0,
    negotiation: minor > 2 || unknownOptions.length > 0 ? negotiate(minor, unknownOptions) : null,
  };
}

function readParameters(reader: BodyReader): Map<string, string> {
  const parameters = new Map<string, string>();
  while (reader.left > 1) {
    const key = reader.text();
    if (key === '') throw new ProtocolViolation('A startup parameter has no name.');
    if (parameters.has(key.toLowerCase())) {
      throw new ProtocolViolation('The startup packet names a parameter twice.', '08P01');
    }
    parameters.set(key.toLowerCase(), reader.text());
    if (parameters.size > maximumParameters) throw new ProtocolViolation('The startup packet has too many parameters.');
  }
  if (reader.left !== 1 || reader.byte() !== 0) throw new ProtocolViolation('The startup packet has no end.');
  reader.done();
  return parameters;
}

function checkSetting(key: string, value: string, settings: Map<string, string>): void {
  if (key === 'client_encoding') {
    if (!/^'?(utf-?8|unicode)'?$/i.test(value)) {
      throw new ProtocolViolation('The only client_encoding is UTF8; set PGCLIENTENCODING=UTF8.', '22023');
    }
    return;
  }
  const form = harmlessSettings.get(key);
  if (form === undefined) {
    const named = /^[a-z_.]{1,63}$/.test(key) ? `"${key}"` : 'of this name';
    throw new ProtocolViolation(`The startup parameter ${named} is not on the gateway's list; leave it out.`, '0A000');
  }
  if (!form.test(value))
    throw new ProtocolViolation(`The startup parameter "${key}" has a value it may not have.`, '22023');
  settings.set(key, value);
}

function negotiate(minor: number, options: readonly string[]): Buffer {
  const newest = minor >= 2 ? startupCode.protocol32 : startupCode.protocol30 + minor;
  return message(messageType.negotiateProtocolVersion, int32(newest), int32(options.length), ...options.map(zeroEnded));
}

/** As PostgreSQL does for `application_name`: printable ASCII only, 63 bytes at most. */
function printable(value: string): string {
  return value.replace(/[^\x20-\x7e]/g, '?').slice(0, 63);
}
