import { instant } from '@gatehouse/terms';
import { draftStatement, encodeBase64Url, keyAt, type Statement } from '@gatehouse/verifier';
import type { Clock } from '../clock.ts';
import {
  type Directories,
  type DirectoryId,
  directoryOfTenant,
  IdentityError,
  type LoadedDirectory,
  tenantOf,
} from '../identity/index.ts';
import type { Personnel } from '../personnel/index.ts';
import type { Tenants } from '../tenants/index.ts';
import { firstOfficer, type SampleCustomer, sampleCustomers, samplePersonnel } from './people.ts';
import { genesisOf, openProfile, type Profile } from './profile.ts';

/** What the set-up stands on. Keys are written to `dataDir/profiles/EMAIL/key.json`; `deployment` is the root log's verifier key. */
export type SamplePeopleOptions = {
  readonly dataDir: string;
  readonly deployment: string;
  readonly clock: Clock;
  readonly random: (size: number) => Uint8Array;
  readonly personnel: Personnel;
  readonly tenants: Tenants;
  readonly directories: Directories;
};

/**
 * Makes the 13 sample people: records, keys, directories, and the customers `acme` (approval ON) and `globex` (OFF). A
 * second run changes nothing; one that was cut short is completed. Only ever for `--sample`: real keys are made by
 * their owners, on their own machines.
 */
export async function setUpSamplePeople(options: SamplePeopleOptions): Promise<{ readonly changes: number }> {
  const { dataDir, deployment, clock, random, personnel, tenants, directories } = options;
  const by = { kind: 'setup' } as const;
  let changes = 0;

  const officer = await openProfile(dataDir, firstOfficer);
  for (const person of samplePersonnel(instant(clock.now()))) {
    if ((await personnel.factsAbout(person.id, instant(clock.now()))) === null)
      done(await personnel.add({ person, by }));
    const profile = await openProfile(dataDir, person.id);
    await enrol('operator', 'operator', { signer: officer, profile, roles: person.roles, employer: person.employer });
  }
  for (const customer of sampleCustomers) await setUpCustomer(customer);
  return { changes };

  async function setUpCustomer({ tenant: id, policy, users }: SampleCustomer): Promise<void> {
    const found = await tenants.find(id);
    if (found === null) done(await tenants.open({ id, policy, by }));
    // A source that was added before the people has opened its tenants with the default policy.
    else if (policy.customerApproval && found.policy.version === 1 && !found.policy.customerApproval) {
      done(await tenants.changePolicy({ id, policy, by, statement: null }));
    }
    const { logId } = (await tenants.find(id)) ?? missing(id);
    const signer = await openProfile(dataDir, users[0].person);
    for (const { person, name, roles } of users) {
      if ((await tenants.user(id, person, instant(clock.now()))) === null) {
        done(await tenants.addUser({ tenant: id, person, name, roles, by }));
      }
      const profile = await openProfile(dataDir, person);
      await enrol(directoryOfTenant(id), logId, { signer, profile, roles, employer: id });
    }
  }

  /** Enrols the key of a profile unless it is or was enrolled; the signer's own begins the directory. */
  async function enrol(directory: DirectoryId, logId: string, key: EnrolledKey): Promise<void> {
    const { signer, profile } = key;
    const loaded = await existing(directory);
    if (loaded === null) {
      const signed = await genesisOf(signer, () => statementFor(key, { directory, position: null }));
      return done(await directories.genesis({ directory, logId, signed }));
    }
    if (loaded.directory.keys.some(({ keyId }) => keyId === profile.keyId)) return;
    if (keyAt(loaded.directory, signer.keyId) === null) return;
    const signed = signer.sign(statementFor(key, { directory, position: loaded.directory.position }));
    done(await directories.enrol({ directory, signed }));
  }

  async function existing(directory: DirectoryId): Promise<LoadedDirectory | null> {
    try {
      return await directories.load(directory);
    } catch (error) {
      if (error instanceof IdentityError && error.code === 'DIRECTORY_UNKNOWN') return null;
      // Pinned by a first start that was cut short before its commit: the kept genesis completes it.
      if (
        error instanceof IdentityError &&
        error.code === 'DIRECTORY_STATEMENTS_CUT' &&
        (await directories.statements(directory)).length === 0
      )
        return null;
      throw error;
    }
  }

  function statementFor(
    { signer, profile, roles, employer }: EnrolledKey,
    at: { directory: DirectoryId; position: number | null },
  ): Statement {
    const begins = at.position === null;
    return draftStatement({
      type: begins ? 'directory.genesis' : 'directory.enrolment',
      decision: 'enrol',
      keyId: signer.keyId,
      deployment,
      tenant: tenantOf(at.directory),
      who: profile.person,
      employer,
      scope: {
        jwk: profile.jwk,
        person: profile.person,
        roles: begins || profile.keyId === signer.keyId ? [...roles, 'directory'] : [...roles],
      },
      directoryPosition: at.position,
      quorum: begins ? 1 : null,
      nonce: encodeBase64Url(random(16)),
    });
  }

  /** A sample that is refused is a mistake in the sample: nothing must start with half of it. */
  function done(
    result:
      | { readonly ok: true }
      | { readonly ok: false; readonly refusal: { readonly code: string; readonly message: string } },
  ): void {
    if (!result.ok)
      throw new Error(`the sample people were refused (${result.refusal.code}): ${result.refusal.message}`);
    changes += 1;
  }
}

type EnrolledKey = {
  readonly signer: Profile;
  readonly profile: Profile;
  readonly roles: readonly string[];
  readonly employer: string;
};

function missing(id: string): never {
  throw new Error(`the sample tenant ${id} is missing after it was opened`);
}
