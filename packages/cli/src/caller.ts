import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { discover, knownAddress, type ServerAddress } from './address.ts';
import { Client } from './client.ts';
import { CliFailure } from './failure.ts';
import { openProfile, type Profile } from './profile.ts';
import { fieldsOf, textOf, textOrNullOf } from './reading.ts';
import type { Surroundings } from './surroundings.ts';
import { Trust } from './trust.ts';

/** The flags that every verb takes. */
export type Settings = {
  readonly dataDir: string;
  /** True if somebody named it; else it is the default. */
  readonly dataDirNamed: boolean;
  readonly as: string | null;
  readonly server: string | null;
  readonly json: boolean;
};

/** Somebody at work: who calls which server, with which key, trusting what. */
export type Caller = {
  readonly settings: Settings;
  readonly surroundings: Surroundings;
  readonly profile: Profile;
  readonly client: Client;
  readonly trust: Trust;
  /** What the running server wrote into the data directory; null where it runs elsewhere. */
  readonly address: ServerAddress | null;
};

/** Opens the profile and finds the server. Nothing is sent yet. */
export function openCaller(settings: Settings, surroundings: Surroundings): Caller {
  const profile = openProfile(settings.dataDir, settings.as ?? onlyProfile(settings.dataDir));
  const address = settings.server === null ? knownAddress(settings.dataDir) : discover(settings.dataDir);
  const http = settings.server === null ? address?.http : checkedUrl(settings.server);
  return {
    settings,
    surroundings,
    profile,
    client: new Client(http ?? '', profile, settings.dataDir),
    trust: new Trust(settings.dataDir, profile.person),
    address,
  };
}

/** A line for the person at the terminal, beside the answer. Silent with `--json`, where stderr holds failures only. */
export function tell({ settings, surroundings }: Caller, text: string): void {
  if (!settings.json) surroundings.tell(`${text}\n`);
}

/** Which party the caller is, as the server knows the key. */
export async function whoAmI({
  client,
}: Caller): Promise<{ kind: 'personnel' | 'customer_user'; tenant: string | null }> {
  const me = fieldsOf(await client.get('/api/v1/me'));
  const kind = textOf(me, 'kind');
  if (kind === 'personnel' || kind === 'customer_user') return { kind, tenant: textOrNullOf(me, 'tenant') };
  throw new CliFailure(
    'server_answer',
    `The server says that you are ${JSON.stringify(kind)}, which this program does not know.`,
  );
}

/** The tenant that was named, or the customer's own. */
export async function tenantOf(caller: Caller, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const { tenant } = await whoAmI(caller);
  if (tenant !== null) return tenant;
  throw new CliFailure('tenant_missing', 'Which customer is not said; expected --tenant T.', 2);
}

/**
 * The root key that statements name as their deployment: the pinned one; on first use what the server on this machine
 * wrote into the data directory, which is then pinned, and said.
 */
export function deploymentOf(caller: Caller): string {
  const { trust, address } = caller;
  const pinned = trust.root();
  if (address === null) {
    if (pinned !== null) return pinned.vkey;
    throw new CliFailure(
      'root_key_unknown',
      'The root key of this deployment is not known here, so nothing can be signed or verified. Ask the operator for it by another way and give it once: gatehouse verify --vkey KEY',
    );
  }
  const { root, pinnedNow } = trust.pin(address.rootVkey, address.file);
  if (pinnedNow) tell(caller, `First use: from now on the root key ${root.vkey} is trusted, as ${root.from} says.`);
  return root.vkey;
}

function onlyProfile(dataDir: string): string {
  const names = profilesIn(dataDir);
  const [name] = names;
  if (names.length === 1 && name !== undefined) return name;
  throw new CliFailure(
    'person_missing',
    names.length === 0
      ? `There is no profile under ${join(dataDir, 'profiles')}; give --data DIR of the server that made yours, and --as EMAIL.`
      : `Who you are is not said; expected --as EMAIL, one of ${names.join(', ')}.`,
    2,
  );
}

function profilesIn(dataDir: string): readonly string[] {
  try {
    return readdirSync(join(dataDir, 'profiles')).toSorted();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw cause;
  }
}

function checkedUrl(text: string): string {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '') return text;
  throw new CliFailure(
    'server_invalid',
    `--server is ${JSON.stringify(text)}; expected an address such as https://gatehouse.example.`,
    2,
  );
}
