import type { Clock } from '../clock.ts';
import type { Directories } from '../identity/index.ts';
import type { Personnel } from '../personnel/index.ts';
import type { Tenants } from '../tenants/index.ts';

/** What the set-up stands on. Keys are written to `dataDir/profiles/EMAIL/key.json`; `deployment` is the root log's key. */
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
 * Makes the 13 sample people: records, keys, directories, and the customers `acme` (approval ON) and `globex` (OFF). A second
 * run changes nothing; one that was cut short is completed. Only ever for `--sample`: real keys are made by their owners.
 */
export declare function setUpSamplePeople(options: SamplePeopleOptions): Promise<void>;
